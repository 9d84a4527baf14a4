/// The providers of the daemon's catalogue that can be simulated, by their slugs.
package enum SimulatedProvider: String, Sendable, CaseIterable {
    case github
    case githubAppUser = "github-app-user"
    case google
    case xero
    case notion
    case atlassian
    case myob
    case salesforce
    case microsoft

    /// The catalogue's slug, and the name under which a ``ProviderServer`` serves it.
    package var slug: String { rawValue }

    package var dialect: AuthorizationServer.Dialect {
        switch self {
        case .github, .githubAppUser: .github
        case .google: .google
        case .xero: .xero
        case .notion: .notion
        case .atlassian: .atlassian
        case .myob: .myob
        case .salesforce: .salesforce
        case .microsoft: .microsoft
        }
    }

    /// How it treats a client's tokens.
    package var policy: ClientPolicy {
        switch self {
        case .github: .githubOAuthApp
        case .githubAppUser: .githubApp
        case .google: .google
        case .xero: .xero
        case .notion: .notion
        case .atlassian: .atlassian
        case .myob: .myob
        case .salesforce: .salesforce
        case .microsoft: .microsoft
        }
    }

    /// How its clients prove themselves: only as the catalogue says, so that a daemon that does otherwise is refused.
    package var authentication: AuthorizationServer.AuthenticationMethod {
        switch self {
        case .xero, .notion: .basic
        case .github, .githubAppUser, .google, .atlassian, .myob, .salesforce, .microsoft: .post
        }
    }

    /// The provider with one client and these users, and nobody connected. Its ``AuthorizationServer/consent`` is a page.
    package func server(
        clientID: String, clientSecret: String, redirectURIs: [String],
        users: [AuthorizationServer.User] = [], policy: ClientPolicy? = nil
    ) -> AuthorizationServer {
        var server = AuthorizationServer()
        server.dialect = dialect
        server.add(
            AuthorizationServer.Client(
                id: clientID, secret: clientSecret, authentication: [authentication], redirectURIs: redirectURIs,
                policy: policy ?? self.policy))
        for user in users { server.add(user) }
        switch self {
        case .notion: server.requestFormats = [.json]
        case .atlassian:
            server.requestFormats = [.form, .json]
            server.refusedScopes = ["openid"]
        case .github, .githubAppUser: server.requestFormats = [.form, .json]
        case .xero: server.refusedScopes = ["accounting.transactions", "accounting.reports.read"]
        case .myob: server.codeLifetime = .seconds(300)
        case .google, .salesforce, .microsoft: break
        }
        // Only those whose id tokens a client can check have an issuer to name.
        if !dialect.signsIdentities { server.issuerParameter = .missing }
        return server
    }
}
