package import SecretBytes

/// The request that exchanges a refresh token for new tokens (RFC 6749 section 6).
package enum RefreshRequest {
    /// The refresh of `refreshToken`. The client secret is not used where the endpoint takes public clients
    /// (``ClientAuthentication/none``); scopes are sent, joined by spaces, where the endpoint wants them repeated.
    package static func make(
        to endpoint: TokenEndpointDescription, clientID: String, clientSecret: borrowing SecretBytes?,
        refreshToken: borrowing SecretBytes, scopes: [String] = []
    ) throws(TokenRequestError) -> ProviderRequest {
        guard !refreshToken.isEmpty else { throw .emptyRefreshToken }
        var draft = try begin(to: endpoint)
        draft.add("refresh_token", secret: refreshToken)
        if endpoint.sendsScopeOnRefresh, !scopes.isEmpty { draft.add("scope", scopes.joined(separator: " ")) }
        try draft.authenticate(endpoint.clientAuthentication, clientID: clientID, clientSecret: clientSecret)
        return draft.finish()
    }

    /// The same without a refresh token, to learn whether the endpoint works. One that does refuses it (`invalid_request`,
    /// section 5.2), and has nothing to take away.
    package static func withoutToken(
        to endpoint: TokenEndpointDescription, clientID: String, clientSecret: borrowing SecretBytes?
    ) throws(TokenRequestError) -> ProviderRequest {
        var draft = try begin(to: endpoint)
        try draft.authenticate(endpoint.clientAuthentication, clientID: clientID, clientSecret: clientSecret)
        return draft.finish()
    }

    private static func begin(to endpoint: TokenEndpointDescription) throws(TokenRequestError) -> TokenRequestDraft {
        var endpoint = endpoint
        endpoint.url = endpoint.refreshURL ?? endpoint.url
        var draft = try TokenRequestDraft(endpoint, extra: endpoint.refreshParameters)
        draft.add("grant_type", "refresh_token")
        return draft
    }
}

/// The request that exchanges an authorization code for tokens (RFC 6749 section 4.1.3, RFC 7636 section 4.5).
package enum AuthorizationCodeRequest {
    /// The exchange of `code`, which is good for one try: never send it twice. `redirectURI` is byte for byte the one of
    /// the ``AuthorizationRequest``; `verifier` is nil only where that had no challenge. Scopes are sent where the endpoint
    /// wants them here as well.
    package static func make(
        to endpoint: TokenEndpointDescription, clientID: String, clientSecret: borrowing SecretBytes?,
        code: borrowing SecretBytes, redirectURI: String, verifier: borrowing SecretBytes?, scopes: [String] = []
    ) throws(TokenRequestError) -> ProviderRequest {
        guard !code.isEmpty else { throw .nothingToPresent("code") }
        var draft = try TokenRequestDraft(endpoint, extra: endpoint.codeParameters)
        draft.add("grant_type", "authorization_code")
        draft.add("code", secret: code)
        draft.add("redirect_uri", redirectURI)
        if endpoint.sendsScopeWithCode, !scopes.isEmpty { draft.add("scope", scopes.joined(separator: " ")) }
        switch verifier {
        case .some(let verifier): draft.add("code_verifier", secret: verifier)
        case .none: break
        }
        try draft.authenticate(endpoint.clientAuthentication, clientID: clientID, clientSecret: clientSecret)
        return draft.finish()
    }
}

/// The request for a token in the client's own name (RFC 6749 section 4.4).
package enum ClientCredentialsRequest {
    /// The request for a token with `scopes`, or with the client's default ones if there are none.
    package static func make(
        to endpoint: TokenEndpointDescription, clientID: String, clientSecret: borrowing SecretBytes?,
        scopes: [String] = []
    ) throws(TokenRequestError) -> ProviderRequest {
        var draft = try TokenRequestDraft(endpoint, extra: endpoint.clientCredentialsParameters)
        draft.add("grant_type", "client_credentials")
        if !scopes.isEmpty { draft.add("scope", scopes.joined(separator: " ")) }
        try draft.authenticate(endpoint.clientAuthentication, clientID: clientID, clientSecret: clientSecret)
        return draft.finish()
    }
}

/// The request for a token in the name of whoever signed an assertion (RFC 7523 section 2.1).
package enum JWTBearerRequest {
    /// The exchange of `assertion`, with the scopes only where the assertion itself does not carry them. Without a
    /// client id the client does not authenticate: the assertion's signature says enough.
    package static func make(
        to endpoint: TokenEndpointDescription, clientID: String? = nil, clientSecret: borrowing SecretBytes?,
        assertion: borrowing SecretBytes, scopes: [String] = []
    ) throws(TokenRequestError) -> ProviderRequest {
        guard !assertion.isEmpty else { throw .nothingToPresent("assertion") }
        var draft = try TokenRequestDraft(endpoint, extra: [])
        draft.add("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
        draft.add("assertion", secret: assertion)
        if !scopes.isEmpty { draft.add("scope", scopes.joined(separator: " ")) }
        if let clientID {
            try draft.authenticate(endpoint.clientAuthentication, clientID: clientID, clientSecret: clientSecret)
        }
        return draft.finish()
    }
}
