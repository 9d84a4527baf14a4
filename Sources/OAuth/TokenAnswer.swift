package import SecretBytes

/// The tokens that a token endpoint granted (RFC 6749 section 5.1), and what else its answer said.
package struct TokenAnswer: ~Copyable, Sendable {
    /// 1 to 65 536 bytes of printable ASCII.
    package var accessToken: SecretBytes
    /// Nil means that the refresh token presented stays in force, never that there is none (RFC 6749 section 6).
    package var refreshToken: SecretBytes?
    /// Not verified here.
    package var idToken: SecretBytes?
    /// As the provider wrote it; usually `bearer` in some case.
    package var tokenType: String?
    /// The life of the access token from when the request was sent, more than zero and at most ten years; see
    /// ``TokenLifetime``.
    package var expiresIn: Duration?
    /// The life of the refresh token, bounded likewise.
    package var refreshTokenExpiresIn: Duration?
    /// The life that the access token itself claims if it is a JWT; for where `expiresIn` is nil. See ``JWTLifetime``.
    package var accessTokenExpiry: Duration?
    /// As the provider wrote it, or an array's elements joined by spaces.
    package var scope: String?
    /// The members named by ``TokenEndpointDescription/answerFields`` that the answer has, in that order, as text.
    package var fields: [NamedValue] = []

    /// An answer with an access token and nothing else.
    package init(accessToken: consuming SecretBytes) {
        self.accessToken = accessToken
    }
}

/// What a token request came to.
package enum TokenOutcome: ~Copyable, Sendable {
    /// An access token, at least.
    case granted(TokenAnswer)
    /// No tokens.
    case failed(TokenFailure)
}
