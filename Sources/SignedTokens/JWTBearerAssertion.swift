internal import Crypto
internal import CryptoExtras
internal import FoundationEssentials
internal import JSON
internal import OAuth
package import SecretBytes

/// An assertion that a client signs itself to be given tokens (RFC 7523 section 3), with RS256.
package struct JWTBearerAssertion: Sendable, Equatable {
    /// `iss`: who signs.
    package var issuer: String
    /// `aud`: the authorization server, usually its token endpoint.
    package var audience: String
    /// `sub`: in whose name, if not the issuer's own.
    package var subject: String?
    /// Google's `scope`; other servers take scopes beside the assertion.
    package var scopes: [String] = []
    /// `kid`: which key signs.
    package var keyID: String?
    /// `jti`, for servers that take each assertion only once.
    package var tokenID: String?
    /// How long it is good for, in seconds; Google takes at most an hour.
    package var lifetime: Int64 = 3600

    /// An assertion in the issuer's own name, good for an hour.
    package init(issuer: String, audience: String) {
        self.issuer = issuer
        self.audience = audience
    }

    /// Whether `privateKey` can sign; to be asked when a key is given, not when it is needed.
    package static func check(privateKey: borrowing SecretBytes) throws(AssertionError) {
        try privateKey.withBytes { (pem) throws(AssertionError) in _ = try key(pem) }
    }

    /// The signed assertion as of `now`, in seconds since 1970. `privateKey` is an RSA key of 2048 bits or more as PEM,
    /// PKCS #8 or PKCS #1, not encrypted.
    package func sign(privateKey: borrowing SecretBytes, now: Int64) throws(AssertionError) -> SecretBytes {
        try privateKey.withBytes { (pem) throws(AssertionError) -> SecretBytes in try sign(pem: pem, now: now) }
    }

    func sign(pem: Span<UInt8>, now: Int64) throws(AssertionError) -> SecretBytes {
        guard !issuer.isEmpty, !audience.isEmpty else { throw .missing(issuer.isEmpty ? "iss" : "aud") }
        let key = try Self.key(pem)
        var token = SecretBuffer(minimumCapacity: 1024)
        header().withBytes { Base64.encodeURLSafe($0, into: &token) }
        token.append(UInt8(ascii: "."))
        claims(now).withBytes { Base64.encodeURLSafe($0, into: &token) }
        let signature = try token.withBytes { (text) throws(AssertionError) -> [UInt8] in try Self.sign(text, key) }
        token.append(UInt8(ascii: "."))
        Base64.encodeURLSafe(signature.span, into: &token)
        return token.bytes()
    }

    private func header() -> SecretBuffer {
        var json = JSONWriter()
        json.object { json in
            json.member("alg", "RS256")
            json.member("typ", "JWT")
            if let keyID { json.member("kid", keyID) }
        }
        return json.finish()
    }

    private func claims(_ now: Int64) -> SecretBuffer {
        var json = JSONWriter()
        json.object { json in
            json.member("iss", issuer)
            if let subject { json.member("sub", subject) }
            json.member("aud", audience)
            if !scopes.isEmpty { json.member("scope", scopes.joined(separator: " ")) }
            json.member("iat", now)
            json.member("exp", now + lifetime)
            if let tokenID { json.member("jti", tokenID) }
        }
        return json.finish()
    }

    /// The key goes to BoringSSL as DER, without ever being a `String`, and BoringSSL wipes what it frees.
    private static func key(_ pem: Span<UInt8>) throws(AssertionError) -> _RSA.Signing.PrivateKey {
        let der = try PrivateKeyPEM.der(pem)
        do {
            return try der.withBytes { bytes in
                try unsafe bytes.withUnsafeBytes { try unsafe _RSA.Signing.PrivateKey(derRepresentation: $0) }
            }
        } catch {
            throw .privateKey
        }
    }

    private static func sign(
        _ text: Span<UInt8>, _ key: _RSA.Signing.PrivateKey
    ) throws(AssertionError) -> [UInt8] {
        var hash = SHA256()
        unsafe text.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
        do {
            return Array(try key.signature(for: hash.finalize(), padding: .insecurePKCS1v1_5).rawRepresentation)
        } catch {
            throw .privateKey
        }
    }
}

/// Why no assertion can be made. All of these are mended where the key was given.
package enum AssertionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The named claim is missing.
    case missing(String)
    /// The private key is no RSA key of at least 2048 bits in PEM, or is encrypted.
    case privateKey

    /// One sentence for whoever gave the key.
    package var description: String {
        switch self {
        case .missing(let claim):
            "the assertion needs “\(claim)”; give it with the key"
        case .privateKey:
            "the private key is not an unencrypted RSA key of at least 2048 bits as PEM; create a new key"
        }
    }
}
