/// An authorization request that may be decided (RFC 6749 section 4.1.1, RFC 7636 section 4.3).
struct AuthorizationRequest {
    typealias RequestError = AuthorizationServer.RequestError

    var client: AuthorizationServer.Client
    /// Where the browser goes with the answer.
    var redirectURI: String
    /// Whether the request named it; if so, the token request must name it again.
    var namesRedirectURI: Bool
    var state: String?
    var nonce: String?
    var scopes: [String]
    /// The S256 challenge.
    var codeChallenge: String?
    /// All parameters, for those that only some providers know.
    var parameters: [String: String]

    var prompts: [Substring] { parameters["prompt"]?.split(separator: " ") ?? [] }

    /// What makes the answer's address.
    struct Target {
        var redirectURI: String
        var state: String?
    }
}

extension AuthorizationServer {
    /// Why an authorization request goes no further.
    enum AuthorizationProblem: Error {
        /// The browser must not be sent anywhere (RFC 6749 section 4.1.2.1): a person reads this.
        case shown(String)
        /// The client is told.
        case told(RequestError, AuthorizationRequest.Target)
    }

    func authorizationRequest(_ incoming: IncomingRequest) throws(AuthorizationProblem) -> AuthorizationRequest {
        guard let parameters = incoming.query else { throw .shown("The request is malformed.") }
        guard let client = parameters["client_id"].flatMap({ clients[$0] }) else {
            throw .shown("There is no such application: client_id is missing or unknown.")
        }
        let given = parameters["redirect_uri"]
        guard let redirectURI = given ?? (client.redirectURIs.count == 1 ? client.redirectURIs.first : nil),
            client.redirectURIs.contains(where: { RedirectURI.matches(redirectURI, registered: $0) })
        else { throw .shown("The address to return to (redirect_uri) is none of those of the application.") }
        var request = AuthorizationRequest(
            client: client, redirectURI: redirectURI, namesRedirectURI: given != nil, state: parameters["state"],
            nonce: parameters["nonce"], scopes: Self.scopes(in: parameters["scope"]), parameters: parameters)
        do throws(RequestError) {
            try check(&request)
        } catch {
            throw .told(error, AuthorizationRequest.Target(redirectURI: redirectURI, state: request.state))
        }
        return request
    }

    private func check(_ request: inout AuthorizationRequest) throws(RequestError) {
        guard request.parameters["response_type"] == "code" else {
            throw RequestError(code: "unsupported_response_type", description: "response_type must be code")
        }
        if dialect.knowsCodeChallenges { request.codeChallenge = try codeChallenge(in: request) }
        if let scope = request.scopes.first(where: refusedScopes.contains) {
            let code = dialect == .xero ? "unauthorized_client" : "invalid_scope"
            throw RequestError(code: code, description: "Invalid scope for client: \(scope)")
        }
        switch dialect {
        case .atlassian where request.parameters["audience"] != "api.atlassian.com":
            throw .invalidRequest("audience must be api.atlassian.com")
        case .notion where request.parameters["owner"] != "user":
            throw .invalidRequest("owner must be user")
        default: break
        }
    }

    private func codeChallenge(in request: AuthorizationRequest) throws(RequestError) -> String? {
        guard let challenge = request.parameters["code_challenge"] else {
            guard request.client.authentication != [.none] else {
                throw .invalidRequest("a client without a secret needs code_challenge")
            }
            return nil
        }
        guard request.parameters["code_challenge_method"] == "S256" else {
            throw .invalidRequest("code_challenge_method must be S256")
        }
        // SHA-256 in base 64 for addresses, without padding.
        guard challenge.utf8.count == 43, challenge.utf8.allSatisfy(Base64.isURLCharacter) else {
            throw .invalidRequest("code_challenge is malformed")
        }
        return challenge
    }

    /// The scopes of a parameter; commas separate them too, as at GitHub.
    static func scopes(in parameter: String?) -> [String] {
        parameter?.split { $0 == " " || $0 == "," }.map(String.init) ?? []
    }
}
