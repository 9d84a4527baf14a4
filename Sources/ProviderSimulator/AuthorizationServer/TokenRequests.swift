internal import ConnectedAccounts

extension AuthorizationServer {
    /// The token endpoint (RFC 6749 section 3.2).
    mutating func tokenAnswer(
        to incoming: IncomingRequest, at now: Moment, _ fresh: FreshTokens
    ) throws(RequestError) -> Answer {
        if let malformed = incoming.malformed { throw malformed }
        let isDevice = incoming["grant_type"] == Self.deviceGrantType && dialect.hasDeviceFlow
        // Google wants the secret in the device flow too.
        let client =
            try isDevice
            ? deviceClient(of: incoming, needsSecret: dialect == .google) : authenticatedClient(of: incoming)
        switch incoming["grant_type"] {
        case "authorization_code": return try codeAnswer(to: incoming, from: client, at: now, fresh)
        case Self.deviceGrantType where isDevice: return try deviceAnswer(to: incoming, from: client, at: now, fresh)
        case "refresh_token": return try refreshAnswer(to: incoming, from: client, at: now, fresh)
        case "client_credentials": return try clientCredentialsAnswer(to: incoming, from: client, at: now, fresh)
        case nil: throw .invalidRequest("grant_type is missing")
        default: throw .unsupportedGrantType
        }
    }

    /// RFC 6749 section 4.4. There is no refresh token in the answer.
    private mutating func clientCredentialsAnswer(
        to incoming: IncomingRequest, from client: Client, at now: Moment, _ fresh: FreshTokens
    ) throws(RequestError) -> Answer {
        guard !client.authentication.isSubset(of: [.none]) else {
            throw RequestError(code: "unauthorized_client", description: "a public client has no grant of its own")
        }
        let scopes = try scopes(askedBy: incoming, within: client.scopes)
        let grantID =
            store.grantID(clientID: client.id, userID: nil)
            ?? store.add(SimulatedGrant(clientID: client.id, scopes: client.scopes))
        let tokens = issueAccessToken(grantID, client.policy, scopes: scopes, at: now, fresh)
        noteIssue(
            "client_credentials", grantID, client, lifetime: client.policy.accessTokenLifetime, rotated: false)
        return issueAnswer(tokens, client.policy, isNew: false, to: incoming, at: now, fresh)
    }

    /// RFC 6749 section 6.
    private mutating func refreshAnswer(
        to incoming: IncomingRequest, from client: Client, at now: Moment, _ fresh: FreshTokens
    ) throws(RequestError) -> Answer {
        guard let token = incoming["refresh_token"] else { throw .invalidRequest("refresh_token is missing") }
        let grantID = try usableGrant(of: token, for: client, at: now)
        let scopes = try scopes(askedBy: incoming, within: store.grants[grantID].scopes)
        store.noteUse(ofRefreshToken: token, at: now.boot)
        let policy = client.policy.applied(to: store.grants[grantID].scopes)
        if policy.endsOldAccessTokens { store.endAccessTokens(ofGrant: grantID) }
        var tokens = issueAccessToken(grantID, policy, scopes: scopes, at: now, fresh)
        tokens.refreshToken = token
        var rotated = false
        if case .rotating = policy.refreshTokens {
            store.spend(token, at: now.boot)
            tokens.refreshToken = issueRefreshToken(grantID, at: now, fresh)
            rotated = true
        }
        ledger.noteRefresh()
        noteIssue("refresh_token", grantID, client, lifetime: policy.accessTokenLifetime, rotated: rotated)
        return issueAnswer(tokens, policy, isNew: rotated, to: incoming, at: now, fresh)
    }

    /// The grant that a refresh token opens for that client now. Where reuse ends the family, this ends it.
    private mutating func usableGrant(
        of token: String, for client: Client, at now: Moment
    ) throws(RequestError) -> Int {
        guard let record = store.refreshTokens[token], store.grants[record.grantID].clientID == client.id else {
            throw .invalidGrant("the refresh token is unknown", .refreshTokenUnknown)
        }
        guard !store.grants[record.grantID].isRevoked else {
            throw .invalidGrant("the grant is revoked", .grantWithdrawn)
        }
        let idle = (record.lastUsedAt ?? record.issuedAt).duration(to: now.boot)
        if let limit = client.policy.refreshTokenIdleLifetime, idle >= limit {
            throw .invalidGrant("the refresh token was not used for too long", .refreshTokenIdle)
        }
        guard let spentAt = record.spentAt else { return record.grantID }
        let reuse = outcome(ofReuse: client.policy.refreshTokens, after: spentAt.duration(to: now.boot))
        events.append(.reused(account: account(ofGrant: record.grantID), outcome: reuse))
        switch reuse {
        case .accepted: return record.grantID
        case .familyRevoked: store.revoke(record.grantID)
        case .refused: break
        }
        throw .invalidGrant("the refresh token was used before", .refreshTokenSpent)
    }

    private func outcome(ofReuse policy: RefreshTokenPolicy, after age: Duration) -> Reuse {
        // A client whose policy stopped rotating has spent tokens from before; those are refused.
        guard case .rotating(let reuse) = policy else { return .refused }
        return switch reuse {
        case .refuse: .refused
        case .revokeFamily: .familyRevoked
        case .accept: .accepted
        case .grace(let grace, _) where age < grace: .accepted
        case .grace(_, let revokesFamily): revokesFamily ? .familyRevoked : .refused
        }
    }

    /// The scopes asked for, which must be among those allowed; all of these if none are named.
    private func scopes(askedBy incoming: IncomingRequest, within allowed: [String]) throws(RequestError) -> [String] {
        guard let asked = incoming["scope"]?.split(separator: " ").map(String.init) else { return allowed }
        guard Set(asked).isSubset(of: allowed) else { throw .invalidScope("the scope is larger than the grant") }
        return asked
    }
}
