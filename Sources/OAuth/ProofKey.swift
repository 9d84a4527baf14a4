import Crypto
package import SecretBytes

/// The proof key that binds an authorization code to whoever asked for it (PKCE, RFC 7636), with the S256 method.
package struct ProofKey: ~Copyable, Sendable {
    /// 43 to 128 unreserved characters (section 4.1): what the token request proves with. Secret until then.
    package let verifier: SecretBytes
    /// base64url(SHA-256(verifier)): what the authorization request promises (section 4.2).
    package let challenge: String

    /// The name of the method that made ``challenge``.
    package static let method = "S256"
    /// How many random bytes make a verifier of allowed length; 32 are what section 4.1 recommends.
    package static let randomLengths = 32...96

    /// A key from `random`, fresh bytes from the system's source; nil unless there are 32 to 96.
    package init?(random: Span<UInt8>) {
        guard Self.randomLengths.contains(random.count) else { return nil }
        var buffer = SecretBuffer(minimumCapacity: 128)
        Base64.encodeURLSafe(random, into: &buffer)
        self.init(unchecked: buffer.bytes())
    }

    /// The key of a verifier that was kept; nil if it is none that section 4.1 allows.
    package init?(verifier: consuming SecretBytes) {
        guard verifier.withBytes({ Self.isVerifier($0) }) else { return nil }
        self.init(unchecked: verifier)
    }

    private init(unchecked verifier: consuming SecretBytes) {
        self.challenge = verifier.withBytes { Self.challenge($0) }
        self.verifier = verifier
    }

    private static func isVerifier(_ text: Span<UInt8>) -> Bool {
        (43...128).contains(text.count)
            && text.indices.allSatisfy { ASCII.isAlphanumeric(text[$0]) || "-._~".utf8.contains(text[$0]) }
    }

    private static func challenge(_ verifier: Span<UInt8>) -> String {
        var hash = SHA256()
        unsafe verifier.withUnsafeBytes { unsafe hash.update(bufferPointer: $0) }
        let digest = Array(hash.finalize())
        var buffer = SecretBuffer()
        Base64.encodeURLSafe(digest.span, into: &buffer)
        return buffer.bytes().publicText()
    }
}
