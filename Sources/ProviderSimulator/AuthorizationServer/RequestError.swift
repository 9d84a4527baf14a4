extension AuthorizationServer {
    /// Why a request is refused (RFC 6749 section 5.2, RFC 6750 section 3.1).
    struct RequestError: Error, Equatable {
        var code: String
        var description: String
        var status = 400
        /// The challenge of a 401 (RFC 9110 section 11.6.1).
        var challenge: String?

        static func invalidRequest(_ description: String) -> RequestError {
            RequestError(code: "invalid_request", description: description)
        }

        static func invalidGrant(_ description: String) -> RequestError {
            RequestError(code: "invalid_grant", description: description)
        }

        static func invalidScope(_ description: String) -> RequestError {
            RequestError(code: "invalid_scope", description: description)
        }

        /// RFC 6749 wants a challenge where the client used the `Authorization` field.
        static func invalidClient(challenged: Bool) -> RequestError {
            RequestError(
                code: "invalid_client", description: "the client is unknown, or did not prove itself",
                status: 401, challenge: challenged ? "Basic realm=\"simulator\"" : nil)
        }

        static let unsupportedGrantType = RequestError(
            code: "unsupported_grant_type", description: "only refresh_token and client_credentials are simulated")

        static let invalidToken = RequestError(
            code: "invalid_token", description: "the access token is unknown, over or revoked", status: 401,
            challenge: "Bearer realm=\"simulator\", error=\"invalid_token\"")
    }
}

extension AuthorizationServer.RequestError {
    func answer(in style: AuthorizationServer.ErrorStyle) -> AuthorizationServer.Answer {
        switch style {
        case .standard:
            Self.answer(
                code, description, status: status,
                headers: challenge.map { [AuthorizationServer.Field("WWW-Authenticate", $0)] } ?? [])
        case .github:
            Self.answer(githubCode, description, status: 200)
        }
    }

    static func answer(
        _ code: String, _ description: String, status: Int, headers: [AuthorizationServer.Field] = []
    ) -> AuthorizationServer.Answer {
        let members: [JSONValue.Member] = [
            .init("error", .string(code)), .init("error_description", .string(description)),
        ]
        return .json(.object(members), status: status, headers: headers)
    }

    private var githubCode: String {
        switch code {
        case "invalid_grant": "bad_refresh_token"
        case "invalid_client": "incorrect_client_credentials"
        default: code
        }
    }
}
