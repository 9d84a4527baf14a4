internal import FoundationEssentials
internal import JSON
internal import JWTKit
package import SecretBytes

/// Who may have issued an id token.
package enum ExpectedIssuer: Sendable, Equatable {
    /// This one, byte for byte.
    case exactly(String)
    /// Microsoft's many: an issuer with `{tenantid}` in it, which the token's own `tid` fills. A key that is marked with
    /// an issuer then signs for that one alone.
    case perTenant(String)
}

/// Verifies id tokens (OpenID Connect Core section 3.1.3.7).
package enum IDToken {
    /// The longest token that is looked at, in bytes.
    package static let maximumLength = 65_536
    /// How far two clocks may be apart, in seconds.
    package static let leeway: Int64 = 60

    /// The claims of `token` if one of `keys` signed it and it was made by `issuer` for `clientID` in answer to the
    /// request with `nonce` (nil where there was none, as in the device flow), and has not expired at `now`, in seconds
    /// since 1970, by the server's clock where that is known.
    ///
    /// With ``IDTokenError/unknownKey`` the server may have new keys: fetch them once, then try once more.
    package static func verify(
        _ token: borrowing SecretBytes, keys: JWKSet, issuer: ExpectedIssuer, clientID: String, nonce: String?,
        now: Int64
    ) async throws(IDTokenError) -> IDTokenClaims {
        let compact = try token.withBytes { (text) throws(IDTokenError) -> CompactToken in try CompactToken(text) }
        let key = try await signer(of: compact, token, keys)
        let claims = try IDTokenClaims(compact.claims)
        try claims.check(issuer: issuer, key: key)
        try claims.check(clientID: clientID)
        if let nonce { try claims.check(nonce: nonce) }
        try claims.check(now: now)
        return claims
    }

    private static func signer(
        of compact: borrowing CompactToken, _ token: borrowing SecretBytes, _ keys: JWKSet
    ) async throws(IDTokenError) -> VerificationKey {
        let candidates = keys.candidates(for: compact.algorithm, keyID: compact.keyID)
        guard !candidates.isEmpty else { throw .unknownKey }
        for key in candidates {
            guard let verifier = await key.verifier(compact.algorithm) else { continue }
            if isSigned(token, compact.signedLength, compact.signature, verifier) { return key }
        }
        throw .badSignature
    }

    /// Lends the token's own bytes to jwt-kit; it only hashes them.
    private static func isSigned(
        _ token: borrowing SecretBytes, _ signedLength: Int, _ signature: borrowing SecretBytes,
        _ verifier: any JWTAlgorithm
    ) -> Bool {
        token.withBytes { text in
            signature.withBytes { signature in
                unsafe text.extracting(..<signedLength).withUnsafeBytes { text in
                    unsafe signature.withUnsafeBytes { signature in
                        // What is no signature at all throws, and is none.
                        (try? unsafe verifier.verify(signature, signs: text)) ?? false
                    }
                }
            }
        }
    }
}
