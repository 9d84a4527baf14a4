/// How a provider treats one client's tokens: each property is something that real providers do differently.
package struct ClientPolicy: Sendable, Equatable {
    /// Nil: access tokens live until they are revoked.
    package var accessTokenLifetime: Duration? = .seconds(3600)
    package var accessTokenForm: AccessTokenForm = .opaque
    package var refreshTokens: RefreshTokenPolicy = .rotating(.revokeFamily)
    /// How long a refresh token lives when it is not used; told as `refresh_token_expires_in`. Nil: for ever.
    package var refreshTokenIdleLifetime: Duration?
    /// Whether a refresh ends the access tokens issued before it, as GitHub Apps do.
    package var endsOldAccessTokens = false
    package var expiresIn: ExpiresInForm = .number
    package var unchangedRefreshToken: UnchangedRefreshToken = .omitted
    package var scopeSeparator = " "
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

extension ClientPolicy {
    /// A GitHub OAuth app: one access token without end and no refresh token.
    package static let githubOAuthApp = ClientPolicy().with {
        $0.accessTokenLifetime = nil
        $0.refreshTokens = .none
        $0.expiresIn = .missing
        $0.scopeSeparator = ","
    }

    /// A GitHub App's user token: a refresh ends both old tokens; the old refresh token is refused without further harm.
    package static let githubApp = ClientPolicy().with {
        $0.accessTokenLifetime = .seconds(28_800)
        $0.refreshTokens = .rotating(.refuse)
        $0.refreshTokenIdleLifetime = .seconds(15_897_600)
        $0.endsOldAccessTokens = true
        $0.scopeSeparator = ","
    }

    /// Google: the refresh token stays and is not repeated.
    package static let google = ClientPolicy().with {
        $0.refreshTokens = .lasting
        $0.revokesWithoutAuthentication = true
    }

    /// Xero: single use, with 30 minutes in which a lost answer can be asked for again, and 60 days idle.
    package static let xero = ClientPolicy().with {
        $0.accessTokenLifetime = .seconds(1800)
        $0.accessTokenForm = .jsonWebToken
        $0.refreshTokens = .rotating(.grace(.seconds(1800), thenRevokeFamily: false))
        $0.refreshTokenIdleLifetime = .seconds(60 * 86_400)
    }

    /// Notion: no lifetime is told.
    package static let notion = ClientPolicy().with {
        $0.accessTokenLifetime = nil
        $0.refreshTokens = .rotating(.refuse)
        $0.expiresIn = .missing
    }

    /// Atlassian: single use, ten minutes of grace, then reuse ends the family.
    package static let atlassian = ClientPolicy().with {
        $0.refreshTokens = .rotating(.grace(.seconds(600), thenRevokeFamily: true))
        $0.refreshTokenIdleLifetime = .seconds(90 * 86_400)
    }

    /// MYOB: 20 minutes, told as a string.
    package static let myob = ClientPolicy().with {
        $0.accessTokenLifetime = .seconds(1200)
        $0.refreshTokens = .rotating(.refuse)
        $0.expiresIn = .numericString
    }

    /// Salesforce with rotation on: no lifetime is told, and reuse ends the grant.
    package static let salesforce = ClientPolicy().with {
        $0.accessTokenLifetime = .seconds(7200)
        $0.refreshTokens = .rotating(.revokeFamily)
        $0.expiresIn = .missing
        $0.answerMembers = [.init("instance_url", "https://simulated.my.salesforce.com")]
        $0.revokesWithoutAuthentication = true
    }

    /// Microsoft: each refresh brings another refresh token, and the old ones stay valid.
    package static let microsoft = ClientPolicy().with {
        $0.accessTokenLifetime = .seconds(3599)
        $0.refreshTokens = .rotating(.accept)
        $0.refreshTokenIdleLifetime = .seconds(90 * 86_400)
    }
}
