internal import ConnectedAccounts

extension AuthorizationServer {
    /// The revocation endpoint (RFC 7009). A refresh token takes the whole grant with it, an access token only itself.
    mutating func revocationAnswer(to incoming: IncomingRequest) throws(RequestError) -> Answer {
        if let malformed = incoming.malformed { throw malformed }
        guard let token = incoming["token"] else { throw .invalidRequest("token is missing") }
        let clientID = try revokingClientID(of: incoming, token)
        // A token that is not known is revoked already (RFC 7009 section 2.2).
        guard let grantID = grantID(ofToken: token) else { return .empty(status: 200) }
        guard store.grants[grantID].clientID == clientID else {
            throw .invalidRequest("the token belongs to another client")
        }
        if store.accessTokens[token] != nil {
            store.endAccessToken(token)
        } else if !store.grants[grantID].isRevoked {
            store.revoke(grantID)
            events.append(.revoked(account: account(ofGrant: grantID)))
        }
        return .empty(status: 200)
    }

    private func revokingClientID(of incoming: IncomingRequest, _ token: String) throws(RequestError) -> String {
        if incoming.request.authorization == nil, incoming["client_id"] == nil, let grantID = grantID(ofToken: token),
            let client = clients[store.grants[grantID].clientID], client.policy.revokesWithoutAuthentication
        {
            return client.id
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
        return .json(.object(introspection(of: token, store.grants[grantID])))
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
