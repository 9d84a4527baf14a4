package import OAuth

/// How a provider is asked to end a grant, with addresses and parameters still to be filled.
package struct RevocationTemplate: Sendable, Equatable {
    package var url: Template
    package var rules = RevocationRules()

    package init(url: Template) {
        self.url = url
    }
}

/// How a provider is asked to end one account of several that a grant reaches: a request with the access token.
package struct AccountRevocation: Sendable, Equatable {
    package var url: Template
    package var method: ProviderRequest.Method
}

/// How a provider is asked to end a grant.
package struct RevocationDescription: Sendable, Equatable {
    package var url: String
    package var rules: RevocationRules

    package init(url: String, rules: RevocationRules) {
        self.url = url
        self.rules = rules
    }
}

/// What a revocation request looks like, and what it does. The defaults are those of RFC 7009.
package struct RevocationRules: Sendable, Equatable {
    package enum Token: String, Sendable, CaseIterable {
        /// The refresh token, or the access token where there is none.
        case refresh
        case access
    }

    /// Where the request carries the token.
    package enum TokenPlace: String, Sendable, CaseIterable {
        /// A parameter, ``RevocationRules/tokenParameter``.
        case body
        /// `Authorization: Bearer` (RFC 6750 section 2.1), which leaves no room for the client's own credentials.
        case authorization
    }

    package var method: ProviderRequest.Method = .post
    /// How the client proves itself; nil: as at the token endpoint.
    package var clientAuthentication: ClientAuthentication?
    package var requestFormat: RequestFormat = .form
    package var headers: [NamedValue] = []
    package var tokenPlace: TokenPlace = .body
    /// The name of the parameter that holds the token, where that is its place.
    package var tokenParameter = "token"
    package var token: Token = .refresh
    /// Whether the same user's other connections of the same auth config lose their grant too.
    package var endsOtherConnections = false

    package init() {}
}
