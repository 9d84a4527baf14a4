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
        var endpoint = endpoint
        endpoint.url = endpoint.refreshURL ?? endpoint.url
        var draft = try TokenRequestDraft(endpoint, extra: endpoint.refreshParameters)
        draft.add("grant_type", "refresh_token")
        draft.add("refresh_token", secret: refreshToken)
        if endpoint.sendsScopeOnRefresh, !scopes.isEmpty { draft.add("scope", scopes.joined(separator: " ")) }
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
