internal import JSON
internal import OAuth
internal import SecretBytes

/// The parts of a signed token in compact form (RFC 7515 section 7.1), decoded but not verified.
struct CompactToken: ~Copyable {
    let algorithm: SignatureAlgorithm
    let keyID: String?
    let claims: JSONValue
    let signature: SecretBytes
    /// How many bytes of the token are signed: header, dot and payload.
    let signedLength: Int

    init(_ token: Span<UInt8>) throws(IDTokenError) {
        guard token.count <= IDToken.maximumLength else { throw .tooLarge }
        guard let first = token.indices.first(where: { token[$0] == UInt8(ascii: ".") }),
            let last = token.indices.last(where: { token[$0] == UInt8(ascii: ".") }),
            let header = Self.object(token.extracting(..<first)), let claims = JWTLifetime.claims(token)
        else { throw .malformed }
        // An extension that must be understood, and none is (RFC 7515 section 4.1.11).
        guard !header.hasMember("crit") else { throw .malformed }
        guard let name = header["alg"]?.string else { throw .malformed }
        guard let algorithm = SignatureAlgorithm(rawValue: name) else { throw .algorithmRefused }
        // All that can throw comes before the first noncopyable member is set.
        let keyID = try Self.keyID(header)
        let signature = try Self.decoded(token.extracting((last + 1)...))
        self.algorithm = algorithm
        self.keyID = keyID
        self.claims = claims
        self.signature = signature
        self.signedLength = last
    }

    private static func keyID(_ header: JSONValue) throws(IDTokenError) -> String? {
        guard let member = header["kid"] else { return nil }
        guard let length = member.utf8Count, length <= 512 else { throw .malformed }
        return member.string
    }

    private static func object(_ text: Span<UInt8>) -> JSONValue? {
        var bytes = SecretBuffer(minimumCapacity: text.count)
        let document = JSONDocument()
        let limits = JSONLimits(maxBytes: 16_384, maxDepth: 8, maxNodes: 512)
        guard Base64.decodeURLSafe(text, into: &bytes),
            (try? bytes.withBytes { try document.parse($0, limits: limits) }) != nil, document.root.kind == .object
        else { return nil }
        return document.root
    }

    private static func decoded(_ text: Span<UInt8>) throws(IDTokenError) -> SecretBytes {
        var bytes = SecretBuffer(minimumCapacity: text.count)
        guard Base64.decodeURLSafe(text, into: &bytes) else { throw .malformed }
        return bytes.bytes()
    }
}

extension JSONValue {
    fileprivate func hasMember(_ name: StaticString) -> Bool { self[name] != nil }
}
