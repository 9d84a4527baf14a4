internal import ConnectedAccounts
internal import DaemonConfiguration
internal import JSON
internal import JSONRPC
internal import OAuth
internal import ProviderCatalog
internal import SecretBytes

/// A connection that is to be deleted: it gives nothing out from the moment this exists.
struct Deletion: Sendable {
    let slot: Int
    let connectionID: String
    let revokes: Bool
    let reply: RPCReply
}

/// What became of one token at its provider.
struct TokenEnd: Sendable {
    let token: RevocationRequest.TokenKind
    /// A stable name.
    let outcome: String
}

/// `connectedAccounts.delete`
extension BrokerState {
    mutating func connectedAccountsDelete(
        _ call: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter,
        finished: inout [FinishedCall]
    ) throws(RPCError) -> RPCAnswer {
        let parameters = try call.parameters(["id", "revoke"])
        let reference = try parameters.requiredString("id")
        let revokes = try parameters.optionalBool("revoke") ?? true
        let scope = try scope(of: caller, sessionID: nil, for: .accountsManage, now: now)
        let slot = try connection(reference, in: scope, for: .accountsManage, now: now)
        guard let known = directory[slot] else { throw .forbidden }
        guard !beingDeleted.contains(known.id) else {
            throw .rateLimited(retryAfter: .seconds(1), "this connection is being deleted already")
        }
        if let index = soleAccount(reference, of: slot) {
            return try removeAccount(index, of: slot, revokes: revokes, call, now: now, into: &result)
        }
        return try begin(slot, known.id, revokes: revokes, call, now: now, into: &result, finished: &finished)
    }

    private mutating func begin(
        _ slot: Int, _ id: String, revokes: Bool, _ call: borrowing RPCCall, now: BootInstant,
        into result: inout JSONWriter, finished: inout [FinishedCall]
    ) throws(RPCError) -> RPCAnswer {
        // What has no tokens at a provider needs no answer from one.
        let mustAsk = revokes && secrets[slot] != nil && directory[slot]?.authScheme.usesTokenEndpoint == true
        guard mustAsk || scheduler.isInFlight(slot) else {
            beingDeleted.insert(id)
            let waiters = waiting.take(slot: slot)
            erase(slot, id)
            writeDeletion([], into: &result)
            finished = retry(waiters, now: now)
            return .written
        }
        let deletion = Deletion(slot: slot, connectionID: id, revokes: revokes, reply: try call.later())
        if !scheduler.isInFlight(slot) { try begin(.delete(deletion)) }
        beingDeleted.insert(id)
        directory.update(slot) { $0.standing.isEnding = true }
        scheduler.suspend(slot)
        // A refresh under way brings tokens that must die as well.
        if scheduler.isInFlight(slot) { deletions[slot] = deletion }
        finished = retry(waiting.take(slot: slot), now: now)
        return .later
    }

    /// The refresh that a deletion waited for is over.
    mutating func continueDeletion(of slot: Int) {
        guard let deletion = deletions.removeValue(forKey: slot) else { return }
        jobs.append(.delete(deletion))
        needsRefresher = true
    }

    /// The requests that end the connection's tokens, or why there are none.
    borrowing func revocations(
        of deletion: Deletion, in authConfig: AuthConfig, now: BootInstant
    ) -> [PreparedRevocation] {
        guard let connection = directory[deletion.slot], connection.id == deletion.connectionID,
            connection.authScheme.usesTokenEndpoint
        else { return [] }
        let tokens = tokensToRevoke(deletion.slot, authConfig)
        guard let endpoint = authConfig.revocationEndpoint else {
            return tokens.map { PreparedRevocation($0.kind, outcome: "not_supported") }
        }
        if authConfig.endpoints.revocation?.rules.endsOtherConnections == true,
            sharesGrant(connection, deletion.slot, authConfig, now: now)
        {
            return tokens.map { PreparedRevocation($0.kind, outcome: "kept_for_other_connection") }
        }
        return tokens.map { kind, token in
            let request = try? RevocationRequest.make(
                to: endpoint, token: token.bytes, kind: kind, clientID: authConfig.definition.clientID ?? "",
                clientSecret: clientSecret(of: authConfig))
            return PreparedRevocation(kind, request, endpoint.method)
        }
    }

    /// The refresh token first: with it, by the standard, its access tokens die too.
    private borrowing func tokensToRevoke(
        _ slot: Int, _ authConfig: AuthConfig
    ) -> [(kind: RevocationRequest.TokenKind, token: SecretBox)] {
        var tokens: [(kind: RevocationRequest.TokenKind, token: SecretBox)] = []
        let takesRefreshToken = authConfig.endpoints.revocation?.rules.token != .access
        if takesRefreshToken, let token = withSecret(.refreshToken, of: slot, { SecretBox(SecretBytes(copying: $0)) }) {
            tokens.append((.refresh, token))
        }
        if let token = withSecret(.accessToken, of: slot, { SecretBox(SecretBytes(copying: $0)) }) {
            tokens.append((.access, token))
        }
        return tokens
    }

    /// Whether another connection lives on what the same person has allowed the same client, for another toolkit perhaps.
    private func sharesGrant(
        _ connection: Connection, _ slot: Int, _ authConfig: AuthConfig, now: BootInstant
    ) -> Bool {
        directory.used.contains { other in
            guard other != slot, let known = directory[other], let another = authConfigs[known.authConfigID] else {
                return false
            }
            return another.provider.slug == authConfig.provider.slug
                && another.definition.clientID == authConfig.definition.clientID
                && !known.subjects.isDisjoint(with: connection.subjects)
                && !known.standing.needsConsent(at: now)
        }
    }

    /// Wipes the connection, and tells its caller what died.
    mutating func finish(_ deletion: Deletion, _ ends: [TokenEnd], now: BootInstant) -> [FinishedCall] {
        let waiters = waiting.take(slot: deletion.slot)
        if directory.slot(id: deletion.connectionID) == deletion.slot { erase(deletion.slot, deletion.connectionID) }
        beingDeleted.remove(deletion.connectionID)
        var writer = JSONWriter()
        writeDeletion(ends, into: &writer)
        return [FinishedCall(deletion.reply, answer: writer.finish())] + retry(waiters, now: now)
    }

    /// Deleted for good: a reload does not bring it back with the credential that it came with.
    private mutating func erase(_ slot: Int, _ id: String) {
        beingDeleted.remove(id)
        if configuredConnections.remove(id) != nil { noteDeleted(id, seed: secrets[slot]?.seed) }
        remove(slot)
        needsRefresher = true
    }

    mutating func noteDeleted(_ id: String, seed: String?) {
        deletedSeeds[id] = seed ?? ""
        _ = put(.deletedSeed, key: id, payload: (seed ?? "").utf8.span)
    }

    private func writeDeletion(_ ends: [TokenEnd], into result: inout JSONWriter) {
        result.object { result in
            result.member("success", true)
            result.memberArray("tokens") { result in
                for end in ends {
                    result.object { result in
                        result.member("token", end.token.rawValue)
                        result.member("outcome", end.outcome)
                    }
                }
            }
        }
    }
}

/// One token's revocation on its way to the provider.
struct PreparedRevocation: Sendable {
    let kind: RevocationRequest.TokenKind
    let method: ProviderRequest.Method
    /// What is said where there is nothing to send.
    let outcome: String
    private let request: Handover<ProviderRequest>

    init(_ kind: RevocationRequest.TokenKind, outcome: String) {
        self.kind = kind
        self.outcome = outcome
        method = .post
        request = Handover(nil)
    }

    init(
        _ kind: RevocationRequest.TokenKind, _ request: consuming ProviderRequest?, _ method: ProviderRequest.Method
    ) {
        self.kind = kind
        self.method = method
        self.request = Handover(request)
        outcome = "unreachable"
    }

    func take() -> ProviderRequest? { request.take() }
}

extension Broker {
    /// Ends the tokens at their provider, then wipes them here, whatever the provider said.
    func delete(_ deletion: Deletion) async {
        var ends: [TokenEnd] = []
        for prepared in deletion.revokes ? await revocations(of: deletion) : [] {
            guard let request = prepared.take() else {
                ends.append(TokenEnd(token: prepared.kind, outcome: prepared.outcome))
                continue
            }
            let outcome = RevocationOutcome.read(
                await transport.send(request, timeout: .seconds(20)), method: prepared.method, receivedAt: wallSeconds)
            ends.append(TokenEnd(token: prepared.kind, outcome: outcome.slug))
        }
        let all = ends
        conclude { state, now in state.finish(deletion, all, now: now) }
    }

    private func revocations(of deletion: Deletion) async -> [PreparedRevocation] {
        let authConfigID = withState { state, _ in state.directory[deletion.slot]?.authConfigID }
        guard let authConfigID, let authConfig = await discovered(authConfigID) else { return [] }
        return withState { state, now in state.revocations(of: deletion, in: authConfig, now: now) }
    }
}

extension AuthConfig {
    /// How a token is ended; nil where the provider has no way.
    var revocationEndpoint: RevocationEndpoint? {
        guard let revocation = endpoints.revocation else {
            guard let url = metadata?.revocationEndpoint else { return nil }
            var endpoint = RevocationEndpoint(url: url)
            endpoint.authentication = .client(tokenEndpoint?.clientAuthentication ?? .clientSecretBasic)
            endpoint.sendsTypeHint = true
            return endpoint
        }
        let rules = revocation.rules
        var endpoint = RevocationEndpoint(url: revocation.url)
        endpoint.method = rules.method
        let method = rules.clientAuthentication ?? tokenEndpoint?.clientAuthentication ?? .clientSecretBasic
        endpoint.authentication = method == .none ? .tokenAlone : .client(method)
        if rules.tokenPlace == .authorization { endpoint.authentication = .bearer }
        endpoint.placement = rules.method == .get ? .query : .body(rules.requestFormat)
        endpoint.headers = rules.headers
        endpoint.tokenParameter = rules.tokenParameter
        return endpoint
    }
}
