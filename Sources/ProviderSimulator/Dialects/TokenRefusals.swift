// How each provider tells the errors of its token and device endpoints: recorded statuses, codes and bodies.
extension AuthorizationServer.Dialect {
    typealias Answer = AuthorizationServer.Answer
    typealias RequestError = AuthorizationServer.RequestError

    /// `acceptsJSON`: whether the client asked for JSON.
    func tokenRefusal(_ error: RequestError, acceptsJSON: Bool, at now: Moment) -> Answer {
        switch self {
        case .standard, .notion: error.standardAnswer
        case .github: githubRefusal(error, acceptsJSON: acceptsJSON)
        case .google: googleRefusal(error)
        case .xero: xeroRefusal(error)
        case .atlassian: atlassianRefusal(error)
        case .myob: myobRefusal(error)
        case .salesforce: salesforceRefusal(error)
        case .microsoft: microsoftRefusal(error, at: now)
        }
    }

    /// Always 200; the body decides.
    private func githubRefusal(_ error: RequestError, acceptsJSON: Bool) -> Answer {
        let code =
            switch error.cause {
            case .redirectMismatch: "redirect_uri_mismatch"
            case .codeUnknown, .codeExpired, .codeReplayed, .verifierWrong: "bad_verification_code"
            case .refreshTokenUnknown, .refreshTokenSpent, .refreshTokenIdle, .grantWithdrawn: "bad_refresh_token"
            case .clientUnknown, .clientUnproven: "incorrect_client_credentials"
            case .deviceCodeUnknown: "incorrect_device_code"
            default: error.code
            }
        var members: [JSONValue.Member] = [
            .init("error", .string(code)), .init("error_description", .string(error.description)),
            .init("error_uri", .string("https://docs.github.com/apps/oauth")),
        ]
        if case .deviceTooSoon(let interval) = error.cause {
            members.append(.init("interval", .number(Int64(interval))))
        }
        return acceptsJSON ? .json(.object(members)) : .form(members)
    }

    /// Polling has statuses of its own.
    private func googleRefusal(_ error: RequestError) -> Answer {
        var told = error
        switch error.cause {
        case .refreshTokenUnknown, .refreshTokenSpent, .refreshTokenIdle, .grantWithdrawn:
            told.description = "Token has been expired or revoked."
        case .codeUnknown, .codeExpired, .codeReplayed: told.description = "Malformed auth code."
        case .redirectMismatch:
            told.code = "redirect_uri_mismatch"
            told.description = "Bad Request"
        case .deviceCodePending: told.status = 428
        case .deviceTooSoon, .deviceDenied: told.status = 403
        default: break
        }
        return told.standardAnswer
    }

    /// No description, and 400 for all.
    private func xeroRefusal(_ error: RequestError) -> Answer {
        .json(.object([.init("error", .string(error.code))]), status: 400)
    }

    /// 403 where the RFC has 400, and `access_denied` for a wrong secret.
    private func atlassianRefusal(_ error: RequestError) -> Answer {
        switch error.cause {
        case .refreshTokenUnknown:
            RequestError.answer("unauthorized_client", "refresh_token is invalid", status: 403)
        case .refreshTokenSpent, .refreshTokenIdle, .grantWithdrawn:
            RequestError.answer("invalid_grant", "Unknown or invalid refresh token.", status: 403)
        case .codeUnknown, .codeExpired, .codeReplayed, .redirectMismatch, .verifierWrong:
            RequestError.answer("invalid_grant", "Invalid authorization code", status: 403)
        case .clientUnknown, .clientUnproven:
            RequestError.answer("access_denied", "Unauthorized", status: 401)
        default: error.standardAnswer
        }
    }

    /// `invalid_request` for all that can be wrong with a code.
    private func myobRefusal(_ error: RequestError) -> Answer {
        let code =
            switch error.cause {
            case .codeUnknown, .codeExpired, .codeReplayed, .redirectMismatch: "invalid_request"
            default: error.code
            }
        return .json(.object([.init("error", .string(code))]), status: 400)
    }

    private func salesforceRefusal(_ error: RequestError) -> Answer {
        let (code, description) =
            switch error.cause {
            case .refreshTokenUnknown, .refreshTokenSpent, .refreshTokenIdle, .grantWithdrawn:
                ("invalid_grant", "expired access/refresh token")
            case .codeUnknown: ("invalid_grant", "invalid authorization code")
            case .codeExpired, .codeReplayed: ("invalid_grant", "expired authorization code")
            case .redirectMismatch: ("invalid_grant", "redirect_uri must match configuration")
            case .verifierWrong: ("invalid_grant", "invalid code verifier")
            case .clientUnknown: ("invalid_client_id", "client identifier invalid")
            case .clientUnproven: ("invalid_client", "invalid client credentials")
            default: (error.code, error.description)
            }
        return RequestError.answer(code, description, status: 400)
    }
}
