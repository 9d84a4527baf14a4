// What each provider's API answers to a dead token, a missing scope or a missing header field.
extension AuthorizationServer.Dialect {
    func apiRefusal(_ error: RequestError, at now: Moment) -> Answer {
        guard let body = body(of: error, at: now) else { return error.standardAnswer }
        // Atlassian says 401 of a missing scope too.
        let status = self == .atlassian ? 401 : error.status
        return .json(body, status: status, headers: error.challengeFields)
    }

    private func body(of error: RequestError, at now: Moment) -> JSONValue? {
        let isDead = error == .invalidToken
        switch self {
        case .standard: return nil
        case .github:
            return Self.object(("message", isDead ? "Bad credentials" : "Resource not accessible by integration"))
        case .google: return googleBody(isDead)
        case .xero:
            return .object([
                .init("Type", .null), .init("Title", .string("Unauthorized")),
                .init("Status", .number(Int64(error.status))),
                .init("Detail", .string("TokenExpired: token expired at \(httpDate(now.wall))")),
            ])
        case .notion:
            return .object([
                .init("object", .string("error")), .init("status", .number(Int64(error.status))),
                .init("code", .string(isDead ? "unauthorized" : "restricted_resource")),
                .init("message", .string("API token is invalid.")),
            ])
        case .atlassian:
            let message = isDead ? "Unauthorized" : "Unauthorized; scope does not match"
            return .object([.init("code", .number(401)), .init("message", .string(message))])
        case .myob: return Self.myobErrors("OAuthTokenIsInvalid", "The access token is unknown or over.")
        case .salesforce:
            return .array([
                Self.object(("message", "Session expired or invalid"), ("errorCode", "INVALID_SESSION_ID"))
            ])
        case .microsoft:
            let code = isDead ? "InvalidAuthenticationToken" : "Authorization_RequestDenied"
            return .object([.init("error", Self.object(("code", code), ("message", error.description)))])
        }
    }

    private func googleBody(_ isDead: Bool) -> JSONValue {
        let message = isDead ? "Request had invalid authentication credentials." : "Insufficient Permission"
        return .object([
            .init(
                "error",
                .object([
                    .init("code", .number(isDead ? 401 : 403)), .init("message", .string(message)),
                    .init("status", .string(isDead ? "UNAUTHENTICATED" : "PERMISSION_DENIED")),
                ]))
        ])
    }

    static func myobErrors(_ name: String, _ message: String) -> JSONValue {
        .object([.init("Errors", .array([object(("Name", name), ("Message", message))]))])
    }

    static func object(_ members: (String, String)...) -> JSONValue {
        .object(members.map { .init($0.0, .string($0.1)) })
    }
}

extension AuthorizationServer {
    /// The refusal of a request that lacks a header field that the provider insists on.
    func headerRefusal(_ incoming: IncomingRequest) -> Answer? {
        switch dialect {
        case .github where incoming.request.header("User-Agent") == nil:
            return .html("Request forbidden by administrative rules: a User-Agent is missing", status: 403)
        case .notion where incoming.request.header("Notion-Version") == nil:
            return .json(
                .object([
                    .init("object", .string("error")), .init("status", .number(400)),
                    .init("code", .string("missing_version")),
                    .init("message", .string("Notion-Version header should be defined")),
                ]), status: 400)
        default: return nil
        }
    }

    /// The refusal of a call that does not say which of the grant's organisations it is for, or names another one.
    func tenantRefusal(_ incoming: IncomingRequest, _ route: Route, _ grant: SimulatedGrant) -> Answer? {
        switch dialect {
        case .xero:
            let named = incoming.request.header("xero-tenant-id")
            if tenants(of: grant).contains(where: { $0.organisationID == named }) { return nil }
            return .json(
                .object([
                    .init("Type", .null), .init("Title", .string("Forbidden")), .init("Status", .number(403)),
                    .init("Detail", .string("AuthenticationUnsuccessful")),
                ]), status: 403)
        case .myob:
            let key = incoming.request.header("x-myobapi-key")
            let path = "accountright/\(organisation(of: grant).id)"
            let isOwn = route.argument == path || route.argument.hasPrefix(path + "/")
            if key == grant.clientID, isOwn { return nil }
            let name = key == grant.clientID ? "AccessDenied" : "ApiKeyIsInvalid"
            return .json(Dialect.myobErrors(name, "The call is not for the company file of the grant."), status: 403)
        default: return nil
        }
    }
}
