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
    /// The client secret in the vault, for those that have one.
    var clientSecret: RecordHandle?

    var id: String { definition.id }

    /// How to talk to the token endpoint; nil until the issuer's metadata has been read, or where the scheme needs none.
    var tokenEndpoint: TokenEndpointDescription? {
        endpoints.needsDiscovery ? nil : endpoints.tokenEndpoint
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
