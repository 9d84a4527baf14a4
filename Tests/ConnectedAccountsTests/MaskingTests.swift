import Testing

@testable import ConnectedAccounts

@Suite("Masking")
struct MaskingTests {
    @Test(
        "Secrets of up to four bytes are never shown in part, longer ones by their first four",
        arguments: [
            (0, nil), (1, nil), (3, nil), (4, nil), (5, 4), (40, 4), (100_000, 4),
        ] as [(Int, Int?)])
    func lengths(length: Int, visible: Int?) {
        #expect(Masking.prefix.visiblePrefix(ofLength: length) == visible)
        #expect(Masking.full.visiblePrefix(ofLength: length) == nil)
        // Refresh tokens and client secrets stay masked where access tokens do not.
        #expect(Masking.off.visiblePrefix(ofLength: length) == visible)
    }

    @Test("The configuration's words are the cases")
    func words() {
        #expect(Masking.allCases.map(\.rawValue) == ["prefix", "full", "off"])
        #expect(Masking(rawValue: "none") == nil)
    }
}
