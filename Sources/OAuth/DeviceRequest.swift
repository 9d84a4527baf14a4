package import SecretBytes

/// The request for a device code and the code that a person types in elsewhere (RFC 8628 section 3.1).
package enum DeviceAuthorizationRequest {
    /// The request to `url`, the device authorization endpoint, always as a form. The client proves itself as at the
    /// token endpoint unless `authentication` says otherwise. `extra` are the provider's own parameters.
    package static func make(
        to url: String, tokenEndpoint: TokenEndpointDescription, authentication: ClientAuthentication? = nil,
        clientID: String, clientSecret: borrowing SecretBytes?, scopes: [String] = [], scopeSeparator: String = " ",
        extra: [NamedValue] = []
    ) throws(TokenRequestError) -> ProviderRequest {
        var endpoint = TokenEndpointDescription(url: url)
        endpoint.headers = tokenEndpoint.headers
        var draft = try TokenRequestDraft(endpoint, extra: extra)
        if !scopes.isEmpty { draft.add("scope", scopes.joined(separator: scopeSeparator)) }
        try draft.authenticate(
            authentication ?? tokenEndpoint.clientAuthentication, clientID: clientID, clientSecret: clientSecret)
        return draft.finish()
    }
}

/// The request that asks whether the person has consented, and for the tokens if so (RFC 8628 section 3.4).
package enum DeviceTokenRequest {
    /// One poll. ``DevicePolling`` says when.
    package static func make(
        to endpoint: TokenEndpointDescription, clientID: String, clientSecret: borrowing SecretBytes?,
        deviceCode: borrowing SecretBytes
    ) throws(TokenRequestError) -> ProviderRequest {
        guard !deviceCode.isEmpty else { throw .nothingToPresent("device_code") }
        var draft = try TokenRequestDraft(endpoint, extra: endpoint.deviceParameters)
        draft.add("grant_type", "urn:ietf:params:oauth:grant-type:device_code")
        draft.add("device_code", secret: deviceCode)
        try draft.authenticate(endpoint.clientAuthentication, clientID: clientID, clientSecret: clientSecret)
        return draft.finish()
    }
}
