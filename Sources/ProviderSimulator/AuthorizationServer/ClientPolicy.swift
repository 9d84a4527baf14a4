/// How a provider treats one client's tokens: each property is something that real providers do differently.
package struct ClientPolicy: Sendable, Equatable {
    /// Nil: access tokens live until they are revoked.
    package var accessTokenLifetime: Duration? = .seconds(3600)
    package var accessTokenForm: AccessTokenForm = .opaque
    package var refreshTokens: RefreshTokenPolicy = .rotating(.revokeFamily)
    /// Which consents bring a refresh token.
    package var refreshTokenCondition: RefreshTokenCondition = .always
    /// How long a refresh token lives when it is not used. Nil: for ever.
    package var refreshTokenIdleLifetime: Duration?
    /// Whether that is told as `refresh_token_expires_in`.
    package var tellsRefreshTokenLifetime = true
    /// Tokens of a grant without this scope have no end and no refresh token, as with GitHub's OAuth apps.
    package var scopeOfExpiry: String?
    /// Whether a refresh ends the access tokens issued before it, as GitHub Apps do.
    package var endsOldAccessTokens = false
    package var expiresIn: ExpiresInForm = .number
    package var unchangedRefreshToken: UnchangedRefreshToken = .omitted
    package var scopeSeparator = " "
    package var scopeForm: ScopeForm = .granted
    /// More members of each token answer, such as Salesforce's `instance_url`.
    package var answerMembers: [AuthorizationServer.Field] = []
    /// Whether whoever holds a token may revoke it, as at Google and Salesforce.
    package var revokesWithoutAuthentication = false

    package init() {}

    /// The policy with some of it changed.
    package func with(_ change: (inout ClientPolicy) -> Void) -> ClientPolicy {
        var changed = self
        change(&changed)
        return changed
    }

    /// What holds for a grant of these scopes.
    func applied(to scopes: [String]) -> ClientPolicy {
        guard let scopeOfExpiry, !scopes.contains(scopeOfExpiry) else { return self }
        return with {
            $0.accessTokenLifetime = nil
            $0.refreshTokens = .none
        }
    }
}

/// Which consents bring a refresh token, where there are refresh tokens at all.
package enum RefreshTokenCondition: Sendable, Equatable {
    case always
    /// Those for one of these scopes.
    case scopes(Set<String>)
    /// Those with `access_type=offline` whose page is really shown: the first of a user, and any with `prompt=consent`.
    case offlineAccess
}

/// What a token answer says of scopes.
package enum ScopeForm: Sendable, Equatable {
    case granted
    /// `"scope": ""`: GitHub Apps.
    case empty
    /// Nothing: Notion.
    case omitted
}

/// What an access token looks like.
package enum AccessTokenForm: Sendable, Equatable {
    case opaque
    /// A JSON Web Token with `exp` in it and a signature that signs nothing.
    case jsonWebToken
}

/// Whether there are refresh tokens, and what becomes of one that is used.
package enum RefreshTokenPolicy: Sendable, Equatable {
    case none
    /// The same one stays valid.
    case lasting
    /// Each is good for one use and gives way to another.
    case rotating(ReusePolicy)
}

/// What happens when a spent refresh token is presented again.
package enum ReusePolicy: Sendable, Equatable {
    /// `invalid_grant`, and nothing else: GitHub Apps.
    case refuse
    /// `invalid_grant`, and the whole grant ends: glewlwyd, Auth0, Salesforce.
    case revokeFamily
    /// Accepted, as if it were not spent, for this long after its first use; then refused, or the whole grant ends.
    case grace(Duration, thenRevokeFamily: Bool)
    /// Accepted at any time: Microsoft.
    case accept
}

/// How the lifetime is told in a token answer.
package enum ExpiresInForm: Sendable, Equatable {
    case number
    /// A string of digits: MYOB.
    case numericString
    case milliseconds
    /// Not at all: Notion, Salesforce.
    case missing
}

/// What a token answer says of a refresh token when there is no new one.
package enum UnchangedRefreshToken: Sendable, Equatable {
    /// Nothing: Google.
    case omitted
    case repeated
    /// `"refresh_token": null`: Notion.
    case null
}
