internal import ConnectedAccounts
internal import JSON
internal import JSONRPC

/// `getAccounts` and its kin: every account in scope with a live token.
struct AccountsCall: Sendable {
    var method: Method
    var choice: AccountChoice
    var userID: String?
    var sessionID: String?
}

/// `getConnectionCredentials`: one account with what its provider's API needs.
struct CredentialsCall: Sendable {
    var choice: AccountChoice
    var sessionID: String?
    var minimumValidity: Duration
}

extension BrokerState {
    /// Whether a connection's credential can be handed out now.
    private enum Readiness {
        case ready
        case wait
        case unavailable(RPCError)
    }

    mutating func attempt(
        _ call: AccountsCall, from caller: Caller, _ moment: Moment, into result: inout JSONWriter
    ) throws(RPCError) -> Progress {
        let scope = try scope(of: caller, sessionID: call.sessionID, for: .credentialsRead, now: moment.now)
        let places = accounts(fitting: call.choice, in: scope, for: [.credentialsRead]).filter { place in
            call.userID == nil || directory[place.slot]?.userID == call.userID
        }
        var pending: Set<Int> = []
        for place in places {
            if case .wait = readiness(of: place.slot, minimumValidity: .zero, moment) { pending.insert(place.slot) }
        }
        guard pending.isEmpty || moment.isLast else { return .wait(pending.sorted()) }
        result.beginObject()
        result.key("accounts")
        result.beginArray()
        for place in places {
            result.beginObject()
            writeAccount(place, scope: scope, now: moment.now, into: &result)
            result.endObject()
            noteIssue(place.slot, to: caller, agent: scope.agent, method: call.method, now: moment.now)
        }
        result.endArray()
        result.endObject()
        return .done
    }

    mutating func attempt(
        _ call: CredentialsCall, from caller: Caller, _ moment: Moment, into result: inout JSONWriter
    ) throws(RPCError) -> Progress {
        let scope = try scope(of: caller, sessionID: call.sessionID, for: .credentialsRead, now: moment.now)
        let place = try account(fitting: call.choice, in: scope, for: [.credentialsRead], now: moment.now)
        switch readiness(of: place.slot, minimumValidity: call.minimumValidity, moment) {
        case .unavailable(let error): throw error
        case .wait: return .wait([place.slot])
        case .ready: break
        }
        if !writeByTemplate(place, scope: scope, now: moment.now, into: &result) {
            writeCredentials(place, scope: scope, now: moment.now, into: &result)
        }
        noteIssue(place.slot, to: caller, agent: scope.agent, method: .getConnectionCredentials, now: moment.now)
        return .done
    }

    func writeCredentials(_ place: AccountPlace, scope: Scope, now: BootInstant, into result: inout JSONWriter) {
        result.beginObject()
        writeAccount(place, scope: scope, now: now, into: &result)
        writeAccess(place, into: &result)
        result.endObject()
    }

    /// R4: a token that lives is ready, whatever the provider is doing. Otherwise starts, or joins, the refresh that can help.
    private mutating func readiness(of slot: Int, minimumValidity: Duration, _ moment: Moment) -> Readiness {
        if let life = directory.servedLife(slot, at: moment.now),
            life.remaining(at: moment.now).map({ $0 >= minimumValidity }) ?? true
        {
            return .ready
        }
        guard let connection = directory[slot] else { return .unavailable(.forbidden) }
        let (status, reason) = connection.standing.status(at: moment.now)
        switch status {
        case .inactive: return .unavailable(.accountInactive(connectionID: connection.id))
        case .initiated where reason == .identityPending:
            return .unavailable(
                .upstreamUnavailable(retryAfter: .seconds(30), reason: .identityPending, connectionID: connection.id))
        case .revoked, .initiated:
            return .unavailable(.reauthorizationRequired(reason ?? .credentialsMissing, connectionID: connection.id))
        case .active, .expired, .failed: break
        }
        let standing = connection.standing
        if standing.servesToken(at: moment.now), let rest = standing.life?.remaining(at: moment.now) {
            if let whole = standing.life?.lifetime, connection.lastRefreshedAt != nil, whole < minimumValidity {
                return .unavailable(.lifetimeTooShort(longest: whole, connectionID: connection.id))
            }
            // Another one would live no longer: whoever asks for all of its life would have it refreshed without end.
            if youth(of: connection, now: moment.now) != nil {
                return .unavailable(.lifetimeTooShort(longest: rest, connectionID: connection.id))
            }
        }
        return demand(slot, connection, moment).map { .unavailable($0) } ?? .wait
    }

    /// Starts or joins the refresh; nil if it is worth waiting for.
    mutating func demand(_ slot: Int, _ connection: Connection, _ moment: Moment) -> RPCError? {
        needsRefresher = true
        switch scheduler.demand(slot, now: moment.now) {
        case .impossible(let reason):
            return .reauthorizationRequired(reason, connectionID: connection.id)
        case .notBefore(let instant, let reason):
            guard instant >= moment.deadline || moment.isLast else { return nil }
            return unavailable(connection, reason, retryAfter: moment.now.duration(to: instant))
        case .underway:
            guard moment.isLast else { return nil }
            guard scheduler.failures(slot) > 0 else { return .timedOut(connectionID: connection.id) }
            return unavailable(connection, .upstreamUnavailable, retryAfter: .seconds(1))
        }
    }

    private func unavailable(_ connection: Connection, _ reason: StatusReason, retryAfter: Duration) -> RPCError {
        reason == .upstreamUnavailable
            ? .upstreamUnavailable(retryAfter: retryAfter, reason: reason, connectionID: connection.id)
            : .clientRejected(retryAfter: retryAfter, reason: reason, authConfigID: connection.authConfigID)
    }
}
