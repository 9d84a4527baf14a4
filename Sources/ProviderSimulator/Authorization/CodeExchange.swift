internal import ConnectedAccounts
internal import Crypto

extension AuthorizationServer {
    /// The grant type `authorization_code` (RFC 6749 section 4.1.3, RFC 7636 section 4.6).
    ///
    /// A code that comes again ends all that came of it (RFC 6749 section 4.1.2). A request that fails for another reason
    /// leaves the code to its owner.
    mutating func codeAnswer(
        to incoming: IncomingRequest, from client: Client, at now: Moment, _ fresh: FreshTokens
    ) throws(RequestError) -> Answer {
        guard let name = incoming["code"] else { throw .invalidRequest("code is missing") }
        guard let code = codes[name], code.clientID == client.id else {
            throw .invalidGrant("the code is unknown", .codeUnknown)
        }
        if let grantID = code.grantID {
            ledger.noteReplayedCode()
            revoke(grantID)
            throw .invalidGrant("the code was used before", .codeReplayed)
        }
        guard code.issuedAt.duration(to: now.boot) < codeLifetime else {
            throw .invalidGrant("the code is too old", .codeExpired)
        }
        guard code.redirectURI == nil || code.redirectURI == incoming["redirect_uri"] else {
            throw .invalidGrant("redirect_uri is not that of the authorization request", .redirectMismatch)
        }
        try check(verifier: incoming["code_verifier"], against: code.codeChallenge)
        let grant = grant(of: client, code.approval, code.scopes, code.authenticationEventID)
        let grantID = open(grant, at: now, fresh)
        codes.noteRedemption(of: name, grantID: grantID)
        return firstAnswer(
            to: incoming, "authorization_code", grantID, from: client, nonce: code.nonce,
            bringsRefreshToken: code.bringsRefreshToken, at: now, fresh)
    }

    func grant(
        of client: Client, _ approval: Approval, _ scopes: [String], _ eventID: String
    ) -> SimulatedGrant {
        var grant = SimulatedGrant(clientID: client.id, userID: approval.userID, scopes: scopes)
        grant.organisationIDs = organisations(of: approval).map(\.id)
        grant.authenticationEventID = eventID
        return grant
    }

    /// The first tokens of a grant, as the answer to the request that opened it.
    mutating func firstAnswer(
        to incoming: IncomingRequest, _ grantType: String, _ grantID: Int, from client: Client, nonce: String?,
        bringsRefreshToken: Bool, at now: Moment, _ fresh: FreshTokens
    ) -> Answer {
        let scopes = store.grants[grantID].scopes
        let policy = client.policy.applied(to: scopes)
        var tokens = issueAccessToken(grantID, policy, scopes: scopes, at: now, fresh)
        let isRefreshable = bringsRefreshToken && policy.refreshTokens != .none
        if isRefreshable { tokens.refreshToken = issueRefreshToken(grantID, at: now, fresh) }
        noteIssue(grantType, grantID, client, lifetime: policy.accessTokenLifetime, rotated: false)
        return issueAnswer(tokens, policy, isNew: isRefreshable, nonce: nonce, to: incoming, at: now, fresh)
    }

    /// A verifier without a challenge is refused as well, so that nobody can talk a client out of it (RFC 9700 section
    /// 4.8.2).
    private func check(verifier: String?, against challenge: String?) throws(RequestError) {
        guard dialect.knowsCodeChallenges else { return }
        switch (verifier, challenge) {
        case (nil, nil): return
        case (let verifier?, let challenge?)
        where (43...128).contains(verifier.utf8.count) && Self.challenge(of: verifier) == challenge:
            return
        default: throw .invalidGrant("code_verifier does not fit code_challenge", .verifierWrong)
        }
    }

    /// The S256 challenge of a verifier (RFC 7636 section 4.2).
    private static func challenge(of verifier: String) -> String {
        Base64.encodeForURL(Array(SHA256.hash(data: Array(verifier.utf8))))
    }
}
