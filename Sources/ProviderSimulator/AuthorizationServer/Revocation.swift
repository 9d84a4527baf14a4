internal import ConnectedAccounts

extension AuthorizationServer {
    /// The revocation endpoint (RFC 7009). A refresh token takes the whole grant with it, an access token only itself; but
    /// at Google either ends all that the user gave the client, and at Notion and Atlassian either ends the grant.
    mutating func revocationAnswer(
        to incoming: IncomingRequest, _ route: Route, _ fresh: FreshTokens
    ) throws(RequestError) -> Answer {
        if let malformed = incoming.malformed { throw malformed }
        if dialect == .github { return try githubRevocationAnswer(to: incoming, route) }
        guard let token = incoming["token"] ?? incoming.query?["token"] else {
            throw .invalidRequest("token is missing")
        }
        let clientID = try revokingClientID(of: incoming, token)
        guard let grantID = grantID(ofToken: token), !store.grants[grantID].isRevoked else {
            // A token that is not known is revoked already (RFC 7009 section 2.2). Google and Salesforce do not see it so.
            guard dialect == .google || dialect == .salesforce else { return revocationDone(fresh) }
            throw RequestError(code: "invalid_token", description: "Token expired or revoked")
        }
        guard store.grants[grantID].clientID == clientID else {
            throw .invalidRequest("the token belongs to another client")
        }
        let isAccessToken = store.accessTokens[token] != nil
        ledger.noteRevocation()
        switch dialect {
        case .google:
            for id in store.grantIDs(clientID: clientID, userID: store.grants[grantID].userID) { revoke(id) }
        case .notion, .atlassian: revoke(grantID)
        case .xero where isAccessToken: store.endAccessToken(token)
        case .xero:
            endTenants(of: store.grants[grantID])
            revoke(grantID)
        case _ where isAccessToken: store.endAccessToken(token)
        default: revoke(grantID)
        }
        return revocationDone(fresh)
    }

    private func revocationDone(_ fresh: FreshTokens) -> Answer {
        guard dialect == .notion else { return .empty(status: 200) }
        return .json(.object([.init("request_id", .string(fresh.event))]))
    }

    /// `DELETE /applications/CLIENT/token` or `…/grant` with `{"access_token": …}`: 204, and 404 for a token that is unknown.
    private mutating func githubRevocationAnswer(
        to incoming: IncomingRequest, _ route: Route
    ) throws(RequestError) -> Answer {
        guard let credentials = incoming.basicCredentials, credentials.id == route.argument,
            let client = clients[credentials.id], client.secret == credentials.secret
        else { return .json(.object([.init("message", .string("Bad credentials"))]), status: 401) }
        guard let token = incoming["access_token"] else {
            return .json(.object([.init("message", .string("Validation Failed"))]), status: 422)
        }
        guard let grantID = store.accessTokens[token]?.grantID, store.grants[grantID].clientID == client.id else {
            return .json(.object([.init("message", .string("Not Found"))]), status: 404)
        }
        ledger.noteRevocation()
        if route.isWholeGrant {
            for id in store.grantIDs(clientID: client.id, userID: store.grants[grantID].userID) { revoke(id) }
        } else {
            store.endAccessToken(token)
        }
        return .empty(status: 204)
    }

    /// Ends a live grant, and says so.
    mutating func revoke(_ grantID: Int) {
        guard !store.grants[grantID].isRevoked else { return }
        store.revoke(grantID)
        events.append(.revoked(account: account(ofGrant: grantID)))
    }

    private func revokingClientID(of incoming: IncomingRequest, _ token: String) throws(RequestError) -> String {
        let isAnonymous = incoming.request.authorization == nil && incoming["client_id"] == nil
        let isOpenToAll = dialect == .google || dialect == .salesforce
        if isAnonymous {
            if let grantID = grantID(ofToken: token), let client = clients[store.grants[grantID].clientID],
                isOpenToAll || client.policy.revokesWithoutAuthentication
            {
                return client.id
            }
            if isOpenToAll { return "" }
        }
        return try authenticatedClient(of: incoming).id
    }

    func grantID(ofToken token: String) -> Int? {
        store.accessTokens[token]?.grantID ?? store.refreshTokens[token]?.grantID
    }

    /// The introspection endpoint (RFC 7662). To another client's question a token is as good as unknown.
    func introspectionAnswer(to incoming: IncomingRequest, at now: Moment) throws(RequestError) -> Answer {
        if let malformed = incoming.malformed { throw malformed }
        let client = try authenticatedClient(of: incoming)
        guard let token = incoming["token"] else { throw .invalidRequest("token is missing") }
        guard let grantID = grantID(ofToken: token), store.grants[grantID].clientID == client.id,
            isLive(accessToken: token, at: now) || isUnspent(refreshToken: token)
        else { return .json(.object([.init("active", .bool(false))])) }
        if dialect == .notion { return notionIntrospection(of: token) }
        return .json(.object(introspection(of: token, store.grants[grantID])))
    }

    /// Three members and no more.
    private func notionIntrospection(of token: String) -> Answer {
        let issuedAt = store.accessTokens[token]?.issuedAt.wall.seconds ?? 0
        return .json(
            .object([
                .init("active", .bool(true)), .init("scope", .string("")), .init("iat", .number(issuedAt)),
            ]))
    }

    private func introspection(of token: String, _ grant: SimulatedGrant) -> [JSONValue.Member] {
        let access = store.accessTokens[token]
        let scopes = access?.scopes ?? grant.scopes
        var members: [JSONValue.Member] = [
            .init("active", .bool(true)), .init("client_id", .string(grant.clientID)),
            .init("token_type", .string(access == nil ? "refresh_token" : "Bearer")),
            .init("scope", .string(scopes.joined(separator: " "))),
            .init("sub", .string(grant.userID ?? grant.clientID)), .init("iss", .string(issuer)),
        ]
        if let user = grant.userID.flatMap({ users[$0] }) { members.append(.init("username", .string(user.login))) }
        if let access { members.append(.init("iat", .number(access.issuedAt.wall.seconds))) }
        if let end = access?.expiresAt { members.append(.init("exp", .number(end.wall.seconds))) }
        return members
    }
}
