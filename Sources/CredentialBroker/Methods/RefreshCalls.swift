internal import ConnectedAccounts
internal import JSON
internal import JSONRPC

/// `refreshAccount` and its kin.
struct RefreshCall: Sendable {
    enum Answer: Sendable { case account, token }

    var method: Method
    var choice: AccountChoice
    var answer: Answer
    /// The generation that is to be replaced; nil until the call has found its account.
    var replacing: UInt64?
}

extension BrokerState {
    /// A token younger than this is not refreshed again.
    private static var youth: Duration { .seconds(10) }

    /// Decides whether a refresh is wanted at all, before the call waits for one.
    mutating func beginRefresh(
        _ call: RefreshCall, ifGeneration: UInt64?, from caller: Caller, timeout: Duration, rpc: borrowing RPCCall,
        now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) -> RPCAnswer {
        let scope = try scope(of: caller, sessionID: nil, for: .accountsRefresh, now: now)
        let place = try account(fitting: call.choice, in: scope, for: [.accountsRefresh, .credentialsRead], now: now)
        guard let connection = directory[place.slot] else { throw .forbidden }
        var call = call
        call.replacing = ifGeneration ?? connection.generation
        let isReplaced = connection.generation != call.replacing && connection.standing.servesToken(at: now)
        if !isReplaced { try checkRefreshable(connection, now: now) }
        if let youngFor = youth(of: connection, now: now), connection.generation == call.replacing {
            guard ifGeneration == nil else {
                throw .rateLimited(
                    retryAfter: youngFor,
                    "this token was refreshed a moment ago; if the provider refuses it, it is not for its age")
            }
            // Whoever asks without saying which token failed is served by the one that has just come.
            call.replacing = connection.generation &- 1
        }
        return try begin(.refresh(call), from: caller, timeout: timeout, rpc: rpc, now: now, into: &result)
    }

    private func checkRefreshable(_ connection: Connection, now: BootInstant) throws(RPCError) {
        let (status, reason) = connection.standing.status(at: now)
        switch status {
        case .inactive: throw .accountInactive(connectionID: connection.id)
        case .failed, .revoked:
            throw .reauthorizationRequired(reason ?? .credentialsMissing, connectionID: connection.id)
        case .active, .expired, .initiated: break
        }
        guard connection.standing.life?.isRefreshable == true else {
            throw .notRefreshable(connectionID: connection.id)
        }
    }

    /// How long the token still counts as young; nil if it does not.
    func youth(of connection: Connection, now: BootInstant) -> Duration? {
        guard connection.lastRefreshedAt != nil, let life = connection.standing.life else { return nil }
        let youth = min(Self.youth, (life.lifetime ?? Self.youth) / 4)
        let age = life.obtainedAt.duration(to: now)
        return age < youth ? youth - age : nil
    }

    mutating func attempt(
        _ call: RefreshCall, from caller: Caller, _ moment: Moment, into result: inout JSONWriter
    ) throws(RPCError) -> Progress {
        let scope = try scope(of: caller, sessionID: nil, for: .accountsRefresh, now: moment.now)
        let place = try account(
            fitting: call.choice, in: scope, for: [.accountsRefresh, .credentialsRead], now: moment.now)
        guard let connection = directory[place.slot], let replacing = call.replacing else { throw .forbidden }
        guard connection.generation == replacing || !connection.standing.servesToken(at: moment.now) else {
            write(call.answer, place, scope: scope, now: moment.now, into: &result)
            noteIssue(place.slot, to: caller, agent: scope.agent, method: call.method, now: moment.now)
            return .done
        }
        try checkRefreshable(connection, now: moment.now)
        if let error = demand(place.slot, connection, moment) { throw error }
        return .wait([place.slot])
    }

    private mutating func write(
        _ answer: RefreshCall.Answer, _ place: AccountPlace, scope: Scope, now: BootInstant,
        into result: inout JSONWriter
    ) {
        result.beginObject()
        switch answer {
        case .account: writeAccount(place, scope: scope, now: now, into: &result)
        case .token: writeToken(place.slot, into: &result)
        }
        result.endObject()
    }
}
