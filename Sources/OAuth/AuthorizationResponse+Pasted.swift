extension AuthorizationResponse {
    /// The longest pasted text that is looked at, in bytes: a query, an address before it, and a fragment behind.
    package static let maximumPastedLength = 2 * maximumLength

    /// Reads the address that a browser ended at, as a person pasted it (RFC 8252 leaves this way to those without a
    /// listener).
    ///
    /// Only its query counts. Its path must be that of `redirectURI`, so that a stray address is told apart; scheme,
    /// host and port may have been rewritten on the way and prove nothing. Space around it is dropped.
    package static func read(
        pasted: Span<UInt8>, redirectURI: String, keeping kept: [String] = []
    ) throws(AuthorizationResponseError) -> AuthorizationResponse {
        guard pasted.count <= maximumPastedLength else { throw .tooLarge }
        let text = pasted.extracting(trimmed(pasted))
        let end = text.indices.first { text[$0] == UInt8(ascii: "#") } ?? text.count
        let address = text.extracting(..<end)
        guard let mark = address.indices.first(where: { address[$0] == UInt8(ascii: "?") }),
            let path = path(address.extracting(..<mark)), let expected = try? EndpointAddress.validate(redirectURI),
            path == String(expected.target.prefix { $0 != "?" })
        else { throw .notTheRedirect }
        return try read(query: address.extracting((mark + 1)...), keeping: kept)
    }

    /// The path of an absolute http or https address, without query; at least `/`.
    private static func path(_ address: Span<UInt8>) -> String? {
        guard address.count <= EndpointAddress.maximumLength else { return nil }
        let text = String(copying: address)
        for scheme in ["http://", "https://"] where ASCII.lowercased(text).hasPrefix(scheme) {
            let rest = text.dropFirst(scheme.count)
            guard let first = rest.first, first != "/" else { return nil }
            return rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? "/"
        }
        return nil
    }

    private static func trimmed(_ text: Span<UInt8>) -> Range<Int> {
        let first = text.indices.first { !ASCII.isWhitespace(text[$0]) } ?? text.count
        let last = text.indices.last { !ASCII.isWhitespace(text[$0]) } ?? text.count
        return first..<min(last + 1, text.count)
    }
}
