/// How a connection's credentials are used (Composio's names).
package enum AuthScheme: String, Sendable, CaseIterable {
    case oauth2 = "OAUTH2"
    case clientCredentials = "OAUTH2_CLIENT_CREDENTIALS"
    /// Assertions that the connection's own key signs are exchanged for access tokens (RFC 7523).
    case jwtBearer = "JWT_BEARER"
    /// The same with the key file of a Google service account.
    case serviceAccount = "GOOGLE_SERVICE_ACCOUNT"
    case apiKey = "API_KEY"
    case bearerToken = "BEARER_TOKEN"
    case basic = "BASIC"

    /// Whether a token endpoint gives the tokens that are handed out.
    package var usesTokenEndpoint: Bool {
        switch self {
        case .oauth2, .clientCredentials, .jwtBearer, .serviceAccount: true
        case .apiKey, .bearerToken, .basic: false
        }
    }

    /// Whether new tokens are got with a key that lasts, and not with a refresh token.
    package var hasLastingKey: Bool { usesTokenEndpoint && self != .oauth2 }

    package var signsAssertions: Bool { self == .jwtBearer || self == .serviceAccount }
}
