internal import ConnectedAccounts

extension AuthorizationServer {
    /// Who the token belongs to: the members of OpenID's userinfo and of GitHub's user together.
    func userinfoAnswer(to incoming: IncomingRequest, at now: Moment) throws(RequestError) -> Answer {
        let user = try user(ofBearerIn: incoming, at: now)
        return .json(
            .object([
                .init("sub", .string(user.id)), .init("id", .number(Int64(user.number))),
                .init("login", .string(user.login)), .init("name", .string(user.name)),
                .init("email", .string(user.email)), .init("email_verified", .bool(true)),
            ]))
    }

    /// The user's organisations, in the form of Xero's `/connections`.
    func connectionsAnswer(to incoming: IncomingRequest, at now: Moment) throws(RequestError) -> Answer {
        let user = try user(ofBearerIn: incoming, at: now)
        return .json(
            .array(
                user.organisations.map { organisation in
                    .object([
                        .init("id", .string("sim_connection_\(organisation.id)")),
                        .init("tenantId", .string(organisation.id)), .init("tenantType", .string("ORGANISATION")),
                        .init("tenantName", .string(organisation.name)),
                    ])
                }))
    }

    private func user(ofBearerIn incoming: IncomingRequest, at now: Moment) throws(RequestError) -> User {
        guard let token = incoming.bearerToken, isLive(accessToken: token, at: now),
            let grantID = store.accessTokens[token]?.grantID,
            let user = store.grants[grantID].userID.flatMap({ users[$0] })
        else { throw .invalidToken }
        return user
    }

    /// Discovery, with the members that a client needs who only refreshes: as there is no authorization endpoint, no
    /// response types, and no signed token, their members are missing.
    func discoveryAnswer() -> Answer {
        var members: [JSONValue.Member] = [
            .init("issuer", .string(issuer)), .init("token_endpoint", .string(issuer + "/token")),
            .init("revocation_endpoint", .string(issuer + "/revoke")),
            .init("introspection_endpoint", .string(issuer + "/introspect")),
            .init("userinfo_endpoint", .string(issuer + "/userinfo")),
            .init("grant_types_supported", .array([.string("refresh_token"), .string("client_credentials")])),
        ]
        let methods = clients.values.reduce(into: Set<AuthenticationMethod>()) { $0.formUnion($1.authentication) }
        if announcesAuthenticationMethods {
            let names = methods.map(\.rawValue).sorted().map(JSONValue.string)
            members.append(.init("token_endpoint_auth_methods_supported", .array(names)))
        }
        return .json(.object(members))
    }
}
