internal import ConnectedAccounts

extension AuthorizationServer {
    /// The live grant that the request's access token is of.
    func bearerGrant(_ incoming: IncomingRequest, at now: Moment) throws(RequestError) -> SimulatedGrant {
        guard let token = incoming.bearerToken, isLive(accessToken: token, at: now),
            let grantID = store.accessTokens[token]?.grantID
        else { throw .invalidToken }
        return store.grants[grantID]
    }

    /// The same with the person behind it; a client's own token has none.
    func bearer(
        _ incoming: IncomingRequest, at now: Moment
    ) throws(RequestError) -> (grant: SimulatedGrant, user: User) {
        let grant = try bearerGrant(incoming, at: now)
        guard let user = grant.userID.flatMap({ users[$0] }) else { throw .invalidToken }
        return (grant, user)
    }

    /// Who the token belongs to.
    func userinfoAnswer(to incoming: IncomingRequest, at now: Moment) throws(RequestError) -> Answer {
        if let refusal = headerRefusal(incoming) { return refusal }
        let (grant, user) = try bearer(incoming, at: now)
        return .json(.object(try identityMembers(of: user, grant)))
    }

    /// What the token reaches.
    mutating func connectionsAnswer(
        to incoming: IncomingRequest, _ route: Route, at now: Moment
    ) throws(RequestError) -> Answer {
        guard dialect == .atlassian else { return try xeroConnectionsAnswer(to: incoming, route, at: now) }
        let (grant, user) = try bearer(incoming, at: now)
        let sites = user.organisations.filter { grant.organisationIDs.contains($0.id) }
        return .json(
            .array(
                sites.map { site in
                    .object([
                        .init("id", .string(site.id)), .init("url", .string("https://simulated.atlassian.net")),
                        .init("name", .string(site.name)),
                        .init("scopes", .array(grant.scopes.map(JSONValue.string))),
                        .init("avatarUrl", .string("https://simulated.atlassian.net/avatar.png")),
                    ])
                }))
    }

    /// Any other call of the API: 200 with what was asked and by whom.
    func apiAnswer(to incoming: IncomingRequest, _ route: Route, at now: Moment) throws(RequestError) -> Answer {
        if let refusal = headerRefusal(incoming) { return refusal }
        let grant = try bearerGrant(incoming, at: now)
        if let refusal = tenantRefusal(incoming, route, grant) { return refusal }
        return .json(
            .object([
                .init("method", .string(incoming.request.method)), .init("path", .string("/" + route.argument)),
                .init("query", .string(incoming.request.query)),
                .init("account", .string(grant.userID.map(login) ?? grant.clientID)),
                .init("bodyBytes", .number(Int64(incoming.request.body.count))),
            ]))
    }
}
