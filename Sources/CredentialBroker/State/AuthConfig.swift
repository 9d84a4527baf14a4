internal import ConnectedAccounts
internal import DaemonConfiguration
internal import OAuth
internal import ProviderCatalog
internal import SecretVault

/// One auth config in use: what was configured, what the catalogue knows of its provider, and where its secret is.
struct AuthConfig: Sendable {
    let definition: AuthConfigDefinition
    let provider: ProviderDescription
    var endpoints: ProviderEndpoints
    /// What the issuer has published, once it was read; what the configuration says of an address stands.
    var metadata: ServerMetadata?
    /// The client secret in the vault, for those that have one.
    var clientSecret: RecordHandle?

    var id: String { definition.id }

    /// Whether a connection was made with it, and not with another provider's that had its id before.
    func serves(_ connection: Connection) -> Bool {
        provider.slug == connection.provider && definition.authScheme == connection.authScheme
    }

    /// How to talk to the token endpoint; nil until the issuer's metadata has been read, or where the scheme needs none.
    var tokenEndpoint: TokenEndpointDescription? {
        endpoints.needsDiscovery ? nil : endpoints.tokenEndpoint
    }

    /// Whether all is known that the issuer could say.
    var isDiscovered: Bool { endpoints.issuer == nil || metadata != nil }
    var authorizationURL: String? { endpoints.authorizationURL ?? metadata?.authorizationEndpoint }
    var deviceAuthorizationURL: String? { endpoints.deviceAuthorizationURL ?? metadata?.deviceAuthorizationEndpoint }
    var userinfoURL: String? { endpoints.userinfoURL ?? metadata?.userinfoEndpoint }

    /// Who signs its id tokens; nil where nobody says.
    var idTokenSigner: IDTokenSigner? {
        if let stated = endpoints.idToken { return stated }
        guard let metadata, let keysURL = metadata.jwksURI else { return nil }
        return IDTokenSigner(issuer: metadata.issuer, keysURL: keysURL)
    }

    /// What is asked for: the provider's own scopes first.
    var scopes: [String] {
        (provider.authorization.defaultScopes + definition.scopes).reduce(into: []) { scopes, scope in
            if !scopes.contains(scope) { scopes.append(scope) }
        }
    }

    /// Under which the scheduler counts what this token endpoint can take: as configured, so that it is the same one
    /// before and after the issuer has said where the endpoint is.
    var endpointKey: String {
        if let url = definition.endpoints.tokenEndpoint?.url, !url.isEmpty { return url }
        return definition.endpoints.issuer ?? provider.slug
    }

    var timing: RefreshTiming {
        RefreshTiming(margin: provider.refresh.margin, idleLimit: provider.refresh.refreshTokenIdleLifetime)
    }
}
