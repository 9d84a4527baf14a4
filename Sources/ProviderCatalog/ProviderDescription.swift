package import ConnectedAccounts
import OAuth

/// Everything that is known of one provider.
///
/// Addresses are templates: `endpoints(values:)` fills and checks those of the authorization server, `api…` those of
/// calls.
package struct ProviderDescription: Sendable, Equatable {
    package var slug: String
    package var displayName: String
    /// How its connections are authorized, unless an auth config says otherwise.
    package var authScheme: AuthScheme
    package var docsURL: String?
    /// At least one, in the order to show.
    package var toolkits: [Toolkit]
    /// What auth configs have to say for it, such as the tenant.
    package var variables: [TemplateVariable] = []

    package var authorization = AuthorizationRules()
    package var refresh = RefreshRules()
    var addresses = EndpointTemplates()

    /// Where calls go; nil where each toolkit, or nobody, says it.
    package var apiBaseURL: Template?
    /// Sent with each call, besides the credential.
    package var apiHeaders: [TemplateHeader] = []
    package var credentialPlacement: CredentialPlacement = .bearer

    /// The name of an account's selector, such as `login`; nil where it is `accountIdentifier` alone.
    package var selector: String?
    package var identity: IdentityDescription?
    package var accountFields: [AccountField] = []
    package var accountRevocation: AccountRevocation?

    init(slug: String, displayName: String, authScheme: AuthScheme, toolkits: [Toolkit]) {
        self.slug = slug
        self.displayName = displayName
        self.authScheme = authScheme
        self.toolkits = toolkits
    }

    package func toolkit(_ slug: String) -> Toolkit? {
        toolkits.first { $0.slug == slug }
    }

    /// Query parameters of the redirect that must be kept.
    package var callbackFields: [String] {
        let identity = identity.flatMap { $0.source == .callback ? $0.selector + $0.stableID + $0.displayName : nil }
        return distinctNames((identity ?? []) + accountFields.filter { $0.source == .callback }.map(\.member))
    }

    /// Members of the token answer that must be kept; one inside of another as a path with dots, `team.id`.
    package var tokenAnswerFields: [String] {
        let identity = identity.flatMap { $0.source == .tokenAnswer ? $0.selector + $0.stableID + $0.displayName : nil }
        return distinctNames((identity ?? []) + accountFields.filter { $0.source == .tokenAnswer }.map(\.member))
    }

    private func distinctNames(_ pointers: [JSONPointer]) -> [String] {
        var names: [String] = []
        for pointer in pointers where !pointer.tokens.isEmpty && !names.contains(pointer.dottedPath) {
            names.append(pointer.dottedPath)
        }
        return names
    }
}

/// What is particular in sending a user to the provider.
package struct AuthorizationRules: Sendable, Equatable {
    /// Asked for in addition to those of the auth config.
    package var defaultScopes: [String] = []
    package var scopeSeparator = " "
    /// Whether a code challenge (RFC 7636, S256) is sent.
    package var usesPKCE = true

    package init() {}
}

/// How a provider's tokens live and die, where its answers do not say it.
package struct RefreshRules: Sendable, Equatable {
    package enum Rotation: String, Sendable, CaseIterable {
        /// The refresh token stays.
        case never
        /// Each refresh brings a new refresh token.
        case always
        /// It depends on settings of the app or of the user's organisation.
        case configurable
    }

    /// The life of an access token whose answer has no `expires_in`.
    package var accessTokenLifetime: Duration?
    /// Whether an access token without any stated life ends by time at all.
    package var accessTokensExpire = true
    /// A refresh token ends when it was not used for so long.
    package var refreshTokenIdleLifetime: Duration?
    /// A grant ends so long after its user gave it, whatever is done.
    package var refreshTokenAbsoluteLifetime: Duration?
    package var rotation: Rotation = .configurable
    /// Whether a refresh ends the access token before it at once.
    package var endsOldAccessToken = false
    /// How long before the end of an access token it is refreshed, where the general rule does not suit.
    package var margin: Duration?

    package init() {}
}
