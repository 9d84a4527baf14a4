import OAuth
import SecretBytes
import Testing

@Suite("Proof keys (PKCE)")
struct ProofKeyTests {
    /// The octets of RFC 7636 appendix B.
    private static let octets: [UInt8] = [
        116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191, 240,
        91, 88, 5, 88, 83, 132, 141, 121,
    ]

    private func parts(_ key: consuming ProofKey?) -> [String]? {
        switch consume key {
        case .some(let key): [plain(key.verifier), key.challenge]
        case .none: nil
        }
    }

    @Test("The example of RFC 7636 appendix B comes out as printed there, made and kept")
    func rfcExample() {
        let expected = ["dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"]
        let made = parts(ProofKey(random: Self.octets.span))
        #expect(made == expected)
        let kept = parts(ProofKey(verifier: SecretBytes(utf8: expected[0])))
        #expect(kept == expected)
    }

    @Test(
        "A verifier has 43 to 128 characters, so it takes 32 to 96 random bytes",
        arguments: [(0, nil), (31, nil), (32, 43), (33, 44), (34, 46), (96, 128), (97, nil)])
    func lengths(count: Int, length: Int?) {
        let random = [UInt8](repeating: 0xFB, count: count)
        let made = parts(ProofKey(random: random.span))
        #expect(made?[0].utf8.count == length)
        #expect(made?[0].utf8.allSatisfy { "-_7s".utf8.contains($0) || $0 > 0x20 && !"+/=".utf8.contains($0) } != false)
    }

    @Test(
        "A kept verifier outside the grammar is none",
        arguments: [
            String(repeating: "a", count: 42), String(repeating: "a", count: 129),
            String(repeating: "a", count: 42) + "=", String(repeating: "a", count: 42) + "+",
            String(repeating: "a", count: 42) + "\n",
        ])
    func malformed(verifier: String) {
        let kept = parts(ProofKey(verifier: SecretBytes(utf8: verifier)))
        #expect(kept == nil)
    }
}
