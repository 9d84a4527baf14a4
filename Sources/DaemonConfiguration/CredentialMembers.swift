import ConnectedAccounts

/// The members that imported credentials may have.
enum CredentialMember: String, CaseIterable {
    case accessToken = "access_token"
    case refreshToken = "refresh_token"
    case expiresAt = "expires_at"
    case scope
    case account
    case apiKey = "api_key"
    case token
    case username
    case password
    case privateKey = "private_key"
    case keyID = "key_id"
    case issuer
    case subject
    case audience
    case serviceAccount = "service_account"

    /// All names, for a person.
    static var list: String { allCases.map(\.rawValue).joined(separator: ", ") }

    /// Those that mean something for a scheme.
    static func members(for scheme: AuthScheme) -> [CredentialMember] {
        switch scheme {
        case .oauth2: [.accessToken, .refreshToken, .expiresAt, .scope, .account]
        case .clientCredentials: [.scope, .account]
        case .jwtBearer: [.privateKey, .keyID, .issuer, .subject, .audience, .account]
        case .serviceAccount: [.serviceAccount, .subject, .account]
        case .apiKey: [.apiKey, .account]
        case .bearerToken: [.token, .account]
        case .basic: [.username, .password, .account]
        }
    }
}
