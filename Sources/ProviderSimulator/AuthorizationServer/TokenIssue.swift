internal import ConnectedAccounts

/// The tokens of one issue, as the answer tells them.
package struct IssuedTokens: Sendable, Equatable {
    /// Names the grant to ``AuthorizationServer/revokeGrant(_:)``.
    package var grantID: Int
    package var accessToken: String
    /// Nil: the token has no end.
    package var expiresAt: Moment?
    package var refreshToken: String?
    package var scopes: [String]
}

extension AuthorizationServer {
    /// Makes a grant, as if the user had just consented, and issues its first tokens. Nil if the client or the user is
    /// unknown.
    package mutating func connect(
        clientID: String, userID: String, scopes: [String], at now: Moment, random: inout some RandomNumberGenerator
    ) -> IssuedTokens? {
        guard let client = clients[clientID], users[userID] != nil else { return nil }
        let fresh = FreshTokens(random: &random)
        let grant = grant(of: client, Approval(userID: userID), scopes, fresh.event)
        let grantID = open(grant, at: now, fresh)
        let policy = client.policy.applied(to: scopes)
        var tokens = issueAccessToken(grantID, policy, scopes: scopes, at: now, fresh)
        if policy.refreshTokens != .none { tokens.refreshToken = issueRefreshToken(grantID, at: now, fresh) }
        return tokens
    }

    /// Ends a grant from the provider's side, as when the user withdraws it. False if there is no such live grant.
    @discardableResult
    package mutating func revokeGrant(_ id: Int) -> Bool {
        guard store.grants.indices.contains(id), !store.grants[id].isRevoked else { return false }
        store.revoke(id)
        return true
    }

    /// Ends all that a user gave a client, as when the user removes the application. How many live grants that were.
    @discardableResult
    package mutating func revokeGrants(userID: String, clientID: String) -> Int {
        let live = store.grantIDs(clientID: clientID, userID: userID)
        for id in live { store.revoke(id) }
        tenants.removeAll { $0.clientID == clientID && $0.userID == userID }
        return live.count
    }

    /// Ends one access token before its time, so that the provider's API answers 401 to it.
    package mutating func endAccessToken(_ token: String) { store.endAccessToken(token) }

    /// Whether the provider's API would take the token now.
    package func isLive(accessToken: String, at now: Moment) -> Bool {
        store.accessTokens[accessToken]?.isLive(at: now.boot) ?? false
    }

    /// Whether a refresh with the token would be answered with new ones, and not as a reuse.
    package func isUnspent(refreshToken: String) -> Bool {
        guard let record = store.refreshTokens[refreshToken] else { return false }
        return record.spentAt == nil && !store.grants[record.grantID].isRevoked
    }

    mutating func issueAccessToken(
        _ grantID: Int, _ policy: ClientPolicy, scopes: [String], at now: Moment, _ fresh: FreshTokens
    ) -> IssuedTokens {
        let expiresAt = policy.accessTokenLifetime.map(now.advanced)
        let token =
            switch policy.accessTokenForm {
            case .opaque: fresh.access
            case .jsonWebToken: jsonWebToken(fresh.access, store.grants[grantID], from: now, to: expiresAt)
            }
        store.add(
            accessToken: token,
            SimulatedAccessToken(grantID: grantID, issuedAt: now, expiresAt: expiresAt, scopes: scopes))
        store.changeGrant(grantID) { $0.issues += 1 }
        return IssuedTokens(grantID: grantID, accessToken: token, expiresAt: expiresAt, scopes: scopes)
    }

    mutating func issueRefreshToken(_ grantID: Int, at now: Moment, _ fresh: FreshTokens) -> String {
        let forgotten = store.add(
            refreshToken: fresh.refresh, SimulatedRefreshToken(grantID: grantID, issuedAt: now.boot))
        ledger.forget(forgotten)
        return fresh.refresh
    }

    mutating func noteIssue(_ grantType: String, _ grantID: Int, _ client: Client, lifetime: Duration?, rotated: Bool) {
        events.append(
            .issued(
                Issue(
                    grantType: grantType, clientID: client.id, account: account(ofGrant: grantID),
                    number: store.grants[grantID].issues, lifetime: lifetime, rotated: rotated)))
    }

    /// Who a grant is for, to show: the user's login, or the client's id.
    func account(ofGrant id: Int) -> String {
        let grant = store.grants[id]
        return grant.userID.flatMap { users[$0]?.login } ?? grant.clientID
    }

    /// A token in the form of RFC 7519, `"alg": "none"`, whose third part is a word and no signature.
    private func jsonWebToken(_ name: String, _ grant: SimulatedGrant, from now: Moment, to end: Moment?) -> String {
        var claims: [JSONValue.Member] = [
            .init("iss", .string(issuer)), .init("sub", .string(grant.userID ?? grant.clientID)),
            .init("jti", .string(name)), .init("iat", .number(now.wall.seconds)),
        ]
        if !grant.authenticationEventID.isEmpty {
            claims.append(.init("authentication_event_id", .string(grant.authenticationEventID)))
        }
        if let end { claims.append(.init("exp", .number(end.wall.seconds))) }
        let header = JSONValue.object([.init("alg", .string("none")), .init("typ", .string("JWT"))])
        let parts = [header, .object(claims)].map { Base64.encodeForURL($0.utf8) }
        return parts.joined(separator: ".") + ".simulated"
    }
}

extension IssuedTokens {
    /// The members of the token answer (RFC 6749 section 5.1), with the deviations of the policy.
    func members(under policy: ClientPolicy, refreshTokenIsNew: Bool = false) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = [
            .init("access_token", .string(accessToken)), .init("token_type", .string("Bearer")),
        ]
        if let lifetime = lifetime(under: policy) { members.append(.init("expires_in", lifetime)) }
        if let token = refreshTokenMember(under: policy, isNew: refreshTokenIsNew) {
            members.append(.init("refresh_token", token))
        }
        if refreshTokenIsNew, policy.tellsRefreshTokenLifetime, let idle = policy.refreshTokenIdleLifetime {
            members.append(.init("refresh_token_expires_in", .number(idle.components.seconds)))
        }
        switch policy.scopeForm {
        case .granted: members.append(.init("scope", .string(scopes.joined(separator: policy.scopeSeparator))))
        case .empty: members.append(.init("scope", .string("")))
        case .omitted: break
        }
        return members + policy.answerMembers.map { .init($0.name, .string($0.value)) }
    }

    private func lifetime(under policy: ClientPolicy) -> JSONValue? {
        guard let seconds = policy.accessTokenLifetime?.components.seconds else { return nil }
        return switch policy.expiresIn {
        case .number: .number(seconds)
        case .numericString: .string(String(seconds))
        case .milliseconds: .number(seconds * 1000)
        case .missing: nil
        }
    }

    private func refreshTokenMember(under policy: ClientPolicy, isNew: Bool) -> JSONValue? {
        if isNew, let refreshToken { return .string(refreshToken) }
        return switch policy.unchangedRefreshToken {
        case .omitted: nil
        case .repeated: refreshToken.map(JSONValue.string)
        case .null: .null
        }
    }
}
