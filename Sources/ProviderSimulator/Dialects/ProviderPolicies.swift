extension ClientPolicy {
    /// A GitHub OAuth app: one access token without end and no refresh token, unless `offline_access` is asked for.
    package static let githubOAuthApp = githubExpiringOAuthApp.with { $0.scopeOfExpiry = "offline_access" }

    /// A GitHub App's user token: as with an OAuth app that expires, but no scopes are told.
    package static let githubApp = githubExpiringOAuthApp.with { $0.scopeForm = .empty }

    /// A GitHub OAuth app that switched expiry on: a refresh ends both old tokens; the old refresh token is refused without
    /// further harm.
    package static let githubExpiringOAuthApp = ClientPolicy().with {
        $0.accessTokenLifetime = .seconds(28_800)
        $0.refreshTokens = .rotating(.refuse)
        $0.refreshTokenIdleLifetime = .seconds(15_897_600)
        $0.endsOldAccessTokens = true
        $0.scopeSeparator = ","
    }

    /// Google: the refresh token stays and is not repeated.
    package static let google = ClientPolicy().with {
        $0.refreshTokens = .lasting
        $0.refreshTokenCondition = .offlineAccess
        $0.revokesWithoutAuthentication = true
    }

    /// Xero: single use, with 30 minutes in which a lost answer can be asked for again, and 60 days idle.
    package static let xero = ClientPolicy().with {
        $0.accessTokenLifetime = .seconds(1800)
        $0.accessTokenForm = .jsonWebToken
        $0.refreshTokens = .rotating(.grace(.seconds(1800), thenRevokeFamily: false))
        $0.refreshTokenCondition = .scopes(["offline_access"])
        $0.refreshTokenIdleLifetime = .seconds(60 * 86_400)
        $0.tellsRefreshTokenLifetime = false
    }

    /// Notion: no lifetime is told.
    package static let notion = ClientPolicy().with {
        $0.accessTokenLifetime = nil
        $0.refreshTokens = .rotating(.refuse)
        $0.expiresIn = .missing
        $0.scopeForm = .omitted
    }

    /// Atlassian: single use, ten minutes of grace, then reuse ends the family.
    package static let atlassian = ClientPolicy().with {
        $0.refreshTokens = .rotating(.grace(.seconds(600), thenRevokeFamily: true))
        $0.refreshTokenCondition = .scopes(["offline_access"])
        $0.refreshTokenIdleLifetime = .seconds(90 * 86_400)
        $0.tellsRefreshTokenLifetime = false
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
        $0.refreshTokenCondition = .scopes(["refresh_token", "offline_access"])
        $0.expiresIn = .missing
        $0.answerMembers = [.init("instance_url", "https://simulated.my.salesforce.com")]
        $0.revokesWithoutAuthentication = true
    }

    /// Microsoft: each refresh brings another refresh token, and the old ones stay valid.
    package static let microsoft = ClientPolicy().with {
        $0.accessTokenLifetime = .seconds(3599)
        $0.refreshTokens = .rotating(.accept)
        $0.refreshTokenCondition = .scopes(["offline_access"])
        $0.refreshTokenIdleLifetime = .seconds(90 * 86_400)
        $0.tellsRefreshTokenLifetime = false
    }
}
