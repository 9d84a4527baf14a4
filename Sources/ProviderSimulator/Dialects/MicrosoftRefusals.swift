internal import ConnectedAccounts

// Microsoft's errors: the RFC's code, an AADSTS number in the text and in a list, and identifiers for its support.
extension AuthorizationServer.Dialect {
    func microsoftRefusal(_ error: RequestError, at now: Moment) -> Answer {
        let told = microsoftCode(of: error)
        let text = "AADSTS\(told.number): \(told.text)"
        let identifier = "00000000-0000-4000-8000-00000000aad5"
        let members: [JSONValue.Member] = [
            .init("error", .string(told.code)),
            .init("error_description", .string("\(text) Trace ID: \(identifier) Correlation ID: \(identifier)")),
            .init("error_codes", .array([.number(told.number)])),
            .init("timestamp", .string(httpDate(now.wall))),
            .init("trace_id", .string(identifier)), .init("correlation_id", .string(identifier)),
            .init("error_uri", .string("https://login.microsoftonline.com/error?code=\(told.number)")),
        ]
        return .json(.object(members), status: told.code == "invalid_client" ? 401 : 400)
    }

    private func microsoftCode(of error: RequestError) -> (code: String, number: Int64, text: String) {
        switch error.cause {
        case .refreshTokenUnknown: ("invalid_grant", 9_002_313, "Invalid request. Request is malformed or invalid.")
        case .refreshTokenSpent, .refreshTokenIdle:
            ("invalid_grant", 700_082, "The refresh token has expired due to inactivity.")
        case .grantWithdrawn:
            ("invalid_grant", 50_173, "The provided grant has expired due to it being revoked.")
        case .codeUnknown: ("invalid_grant", 9_002_313, "Invalid request. Request is malformed or invalid.")
        case .codeExpired: ("invalid_grant", 70_008, "The provided authorization code has expired.")
        case .codeReplayed: ("invalid_grant", 54_005, "OAuth2 Authorization code was already redeemed.")
        case .redirectMismatch: ("invalid_grant", 500_112, "The reply address does not match the one requested.")
        case .verifierWrong: ("invalid_grant", 50_148, "The code_verifier does not match the code_challenge.")
        case .clientUnknown: ("unauthorized_client", 700_016, "The application was not found in the directory.")
        case .clientUnproven: ("invalid_client", 7_000_215, "Invalid client secret provided.")
        case .deviceCodePending: ("authorization_pending", 70_016, "The user has yet to enter the code.")
        case .deviceDenied: ("authorization_declined", 70_015, "The user declined.")
        case .deviceCodeExpired: ("expired_token", 70_020, "The device code has expired.")
        case .deviceCodeUnknown: ("bad_verification_code", 70_018, "Invalid verification code.")
        case .deviceTooSoon, nil: (error.code, 900_144, error.description)
        }
    }
}
