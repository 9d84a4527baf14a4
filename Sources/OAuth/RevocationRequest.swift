package import SecretBytes

/// Where and how one provider is asked to end a token. The defaults are those of RFC 7009.
package struct RevocationEndpoint: Sendable, Equatable {
    /// How the request proves who asks.
    package enum Authentication: Sendable, Equatable {
        /// As a client, in one of the ways of a token endpoint.
        case client(ClientAuthentication)
        /// By the token itself, in the `Authorization` header and nowhere else (RFC 6750 section 2.1).
        case bearer
        /// Not at all: whoever holds the token may end it.
        case tokenAlone
    }

    /// Where the parameters stand.
    package enum Placement: Sendable, Equatable {
        /// In the body, as at a token endpoint.
        case body(RequestFormat)
        /// In the address, for providers that want a GET: such a request is in the provider's logs with its token.
        case query
    }

    /// Absolute; `https`, or `http` to a loopback address.
    package var url: String
    package var method: ProviderRequest.Method = .post
    package var authentication: Authentication = .client(.clientSecretBasic)
    package var placement: Placement = .body(.form)
    /// Sent besides the standard ones, or in their place.
    package var headers: [NamedValue] = []
    /// The name of the parameter that holds the token.
    package var tokenParameter = "token"
    /// Whether to say in `token_type_hint` which token it is (RFC 7009 section 2.1); some servers refuse what they do
    /// not know.
    package var sendsTypeHint = false

    /// RFC 7009 at `url`.
    package init(url: String) {
        self.url = url
    }
}

/// The request that ends a token at its provider (RFC 7009 section 2.1, and the providers' own ways).
package enum RevocationRequest {
    /// Which token is presented.
    package enum TokenKind: String, Sendable { case access = "access_token", refresh = "refresh_token" }

    /// The revocation of `token`. Whether the other token of the grant dies with it is the provider's affair.
    package static func make(
        to endpoint: RevocationEndpoint, token: borrowing SecretBytes, kind: TokenKind, clientID: String,
        clientSecret: borrowing SecretBytes?
    ) throws(TokenRequestError) -> ProviderRequest {
        let isToken = token.withBytes { text in text.indices.allSatisfy { ASCII.isPrintable(text[$0]) } }
        guard !token.isEmpty, isToken else { throw .nothingToPresent("token") }
        var target = TokenEndpointDescription(url: endpoint.url)
        target.headers = endpoint.headers
        if case .body(let format) = endpoint.placement { target.requestFormat = format }
        var draft = try TokenRequestDraft(target, extra: [])
        if endpoint.authentication == .bearer {
            draft.authorize(bearer: token)
        } else {
            draft.add(endpoint.tokenParameter, secret: token)
            if endpoint.sendsTypeHint { draft.add("token_type_hint", kind.rawValue) }
        }
        if case .client(let method) = endpoint.authentication {
            try draft.authenticate(method, clientID: clientID, clientSecret: clientSecret)
        }
        return endpoint.placement == .query
            ? try draft.finishInQuery(method: endpoint.method) : draft.finish(method: endpoint.method)
    }
}
