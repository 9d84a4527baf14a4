/// The address that a person's browser is sent to (RFC 6749 section 4.1.1, OpenID Connect Core section 3.1.2.1).
package struct AuthorizationRequest: Sendable, Equatable {
    /// The server's authorization endpoint; a query of its own is kept.
    package var endpoint: String
    /// `client_id`, not empty.
    package var clientID: String
    /// Where the browser comes back to: `https`, or `http` to this machine (RFC 8252 section 7.3).
    package var redirectURI: String
    /// Unguessable, 1 to 512 printable characters.
    package var state: String
    /// What is asked for; none leaves it to the server.
    package var scopes: [String] = []
    /// What stands between scopes: a space by the standard, a comma at some providers.
    package var scopeSeparator = " "
    /// Binds an id token to this request; for where the scopes ask for one.
    package var nonce: String?
    /// See ``ProofKey/challenge``; nil where the provider does not understand PKCE.
    package var codeChallenge: String?
    /// The provider's own. One named `scope` or otherwise unprotected stands in the place of the standard one.
    package var extraParameters: [NamedValue] = []

    /// The longest address that is made, in bytes.
    package static let maximumLength = 16_384

    /// A request without scopes, nonce and challenge.
    package init(endpoint: String, clientID: String, redirectURI: String, state: String) {
        self.endpoint = endpoint
        self.clientID = clientID
        self.redirectURI = redirectURI
        self.state = state
    }

    /// What neither the endpoint's query nor extra parameters may set, for the flow's safety depends on it.
    private static let protected: Set<String> = [
        "client_id", "code_challenge", "code_challenge_method", "nonce", "redirect_uri", "response_type", "state",
    ]

    /// The whole address, percent-encoded.
    package func url() throws(AuthorizationRequestError) -> String {
        try check()
        let base = try Self.validate(endpoint) { .endpoint($0) }
        let taken = Set(extraParameters.map(\.name) + (try namesInQuery(of: base)))
        let parameters = standardParameters.filter { !taken.contains($0.name) } + extraParameters
        let query = parameters.map { PercentEncoding.encode($0.name) + "=" + PercentEncoding.encode($0.value) }
        let url = base.url + separator(base) + query.joined(separator: "&")
        guard url.utf8.count <= Self.maximumLength else { throw .tooLong }
        return url
    }

    private var standardParameters: [NamedValue] {
        var parameters = [
            NamedValue("response_type", "code"), NamedValue("client_id", clientID),
            NamedValue("redirect_uri", redirectURI),
        ]
        if !scopes.isEmpty { parameters.append(NamedValue("scope", scopes.joined(separator: scopeSeparator))) }
        parameters.append(NamedValue("state", state))
        if let nonce { parameters.append(NamedValue("nonce", nonce)) }
        if let codeChallenge {
            parameters.append(NamedValue("code_challenge", codeChallenge))
            parameters.append(NamedValue("code_challenge_method", ProofKey.method))
        }
        return parameters
    }

    private func check() throws(AuthorizationRequestError) {
        guard !clientID.isEmpty else { throw .emptyClientID }
        guard AuthorizationResponse.isState(state) else { throw .invalidState }
        _ = try Self.validate(redirectURI) { .redirectURI($0) }
        if let name = extraParameters.map(\.name).first(where: Self.protected.contains) {
            throw .protectedParameter(name)
        }
    }

    /// A parameter must not be in a request twice (RFC 6749 section 3.1), and who wins is the server's guess.
    private func namesInQuery(of base: EndpointAddress) throws(AuthorizationRequestError) -> [String] {
        guard let mark = base.target.firstIndex(of: "?") else { return [] }
        var names: [String] = []
        for field in base.target[mark...].dropFirst().split(separator: "&") {
            let name = field.prefix { $0 != "=" }
            guard let decoded = PercentEncoding.decodeQuery(name) else { throw .malformedQuery }
            guard !Self.protected.contains(decoded) else { throw .protectedParameter(decoded) }
            names.append(decoded)
        }
        return names
    }

    private func separator(_ base: EndpointAddress) -> String {
        guard base.target.contains("?") else { return "?" }
        return base.target.hasSuffix("?") || base.target.hasSuffix("&") ? "" : "&"
    }

    private static func validate(
        _ url: String, _ wrap: (EndpointAddressError) -> AuthorizationRequestError
    ) throws(AuthorizationRequestError) -> EndpointAddress {
        do {
            return try EndpointAddress.validate(url)
        } catch {
            throw wrap(error)
        }
    }
}

/// Why no address for the browser can be made. All of these are mended in the configuration.
package enum AuthorizationRequestError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The authorization endpoint is no address to send a person to.
    case endpoint(EndpointAddressError)
    /// The redirect URI is no address to take a code at.
    case redirectURI(EndpointAddressError)
    /// `client_id` is empty.
    case emptyClientID
    /// `state` is empty, too long or not printable.
    case invalidState
    /// The endpoint's own query is not percent-encoded as it must be.
    case malformedQuery
    /// The named parameter is the daemon's to set.
    case protectedParameter(String)
    /// More than ``AuthorizationRequest/maximumLength`` bytes.
    case tooLong

    /// One sentence for whoever wrote the configuration.
    package var description: String {
        switch self {
        case .endpoint(let error):
            "the authorization endpoint cannot be used: \(error)"
        case .redirectURI(let error):
            "the redirect URI cannot be used: \(error)"
        case .emptyClientID:
            "the client id is empty; set clientId in the auth config"
        case .invalidState:
            "the state is not 1 to 512 printable characters; start the link again"
        case .malformedQuery:
            "the query of the authorization endpoint is malformed; mend it in the provider's description"
        case .protectedParameter(let name):
            "the parameter “\(name)” is filled in by the daemon; remove it from the provider's description"
        case .tooLong:
            "the address for the browser is longer than \(AuthorizationRequest.maximumLength) bytes; ask for fewer scopes"
        }
    }
}
