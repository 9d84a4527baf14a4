extension AuthorizationServer {
    /// Why a request is refused (RFC 6749 section 5.2, RFC 6750 section 3.1, RFC 8628 section 3.5).
    struct RequestError: Error, Equatable {
        var code: String
        var description: String
        var status = 400
        /// The challenge of a 401 (RFC 9110 section 11.6.1).
        var challenge: String?
        /// What lies behind it, where a provider says more, or something else, than the RFC's code.
        var cause: Cause?

        /// What lies behind an error.
        enum Cause: Equatable {
            case refreshTokenUnknown
            case refreshTokenSpent
            case refreshTokenIdle
            case grantWithdrawn
            case codeUnknown
            case codeExpired
            case codeReplayed
            case redirectMismatch
            case verifierWrong
            case clientUnknown
            case clientUnproven
            case deviceCodePending
            /// The client must wait this many seconds between requests from now on.
            case deviceTooSoon(interval: Int)
            case deviceCodeExpired
            case deviceDenied
            case deviceCodeUnknown
        }

        static func invalidRequest(_ description: String, _ cause: Cause? = nil) -> RequestError {
            RequestError(code: "invalid_request", description: description, cause: cause)
        }

        static func invalidGrant(_ description: String, _ cause: Cause) -> RequestError {
            RequestError(code: "invalid_grant", description: description, cause: cause)
        }

        static func invalidScope(_ description: String) -> RequestError {
            RequestError(code: "invalid_scope", description: description)
        }

        /// RFC 6749 wants a challenge where the client used the `Authorization` field.
        static func invalidClient(challenged: Bool, _ cause: Cause = .clientUnproven) -> RequestError {
            RequestError(
                code: "invalid_client", description: "the client is unknown, or did not prove itself",
                status: 401, challenge: challenged ? "Basic realm=\"simulator\"" : nil, cause: cause)
        }

        static func device(_ code: String, _ description: String, _ cause: Cause) -> RequestError {
            RequestError(code: code, description: description, cause: cause)
        }

        static let unsupportedGrantType = RequestError(
            code: "unsupported_grant_type", description: "this grant type is not simulated")

        static let invalidToken = RequestError(
            code: "invalid_token", description: "the access token is unknown, over or revoked", status: 401,
            challenge: "Bearer realm=\"simulator\", error=\"invalid_token\"")

        static let insufficientScope = RequestError(
            code: "insufficient_scope", description: "the access token lacks a scope", status: 403,
            challenge: "Bearer realm=\"simulator\", error=\"insufficient_scope\"")
    }
}

extension AuthorizationServer.RequestError {
    /// As RFC 6749 section 5.2 has it.
    var standardAnswer: AuthorizationServer.Answer {
        Self.answer(code, description, status: status, headers: challengeFields)
    }

    var challengeFields: [AuthorizationServer.Field] {
        challenge.map { [AuthorizationServer.Field("WWW-Authenticate", $0)] } ?? []
    }

    static func answer(
        _ code: String, _ description: String, status: Int, headers: [AuthorizationServer.Field] = []
    ) -> AuthorizationServer.Answer {
        let members: [JSONValue.Member] = [
            .init("error", .string(code)), .init("error_description", .string(description)),
        ]
        return .json(.object(members), status: status, headers: headers)
    }
}
