internal import ConnectedAccounts
internal import DaemonConfiguration
internal import JSON
internal import JSONRPC
internal import OAuth
internal import ProviderCatalog
internal import SecretBytes

/// `connectedAccounts.completeLink`, `waitForConnection`, `refresh` and `update`.
extension BrokerState {
    mutating func connectedAccountsCompleteLink(
        _ call: borrowing RPCCall, from caller: Caller, now: BootInstant, finished: inout [FinishedCall]
    ) throws(RPCError) -> RPCAnswer {
        let parameters = try call.parameters(["redirectUrl"])
        let scope = try scope(of: caller, sessionID: nil, for: .accountsConnect, now: now)
        guard let address = parameters.value("redirectUrl"), let pasted = address.secret() else {
            throw .invalidParams("`redirectUrl` must be a string", data: ["parameter": "redirectUrl"])
        }
        let response = try read(pasted)
        // Whose link it is decides, before it is claimed, whether this caller may complete it.
        guard let link = links.find(stateHash: hash(ofState: response.state)),
            let toolkit = authConfigs[link.authConfigID]?.definition.toolkit,
            link.agent == scope.agent.name || scope.allowsConnecting(link.userID, toolkit: toolkit, as: nil)
        else { throw .unknownLink }
        // A claim is for once: it must not be in vain.
        try checkRoomForJob()
        let (claim, ended) = claim(response, now: now)
        finished = ended
        switch claim {
        case .unknown: throw .unknownLink
        case .over(let link, _, _):
            finished.append(linkAnswer(link.connectionID, try call.later(), now: now))
        case .exchange(let claimed): try begin(.exchange(claimed, try call.later()))
        }
        return .later
    }

    /// An address is only known to be a redirect by the path that was registered.
    private func read(_ pasted: borrowing SecretBytes) throws(RPCError) -> AuthorizationResponse {
        let registered = Set(authConfigs.values.map { redirectURI(of: $0) }).union([configuration.redirectURI])
        var problem = AuthorizationResponseError.notTheRedirect
        for redirectURI in registered.sorted() {
            do throws(AuthorizationResponseError) {
                return try pasted.withBytes { (bytes) throws(AuthorizationResponseError) -> AuthorizationResponse in
                    try AuthorizationResponse.read(
                        pasted: bytes, redirectURI: redirectURI, keeping: keptCallbackFields)
                }
            } catch {
                if error != .notTheRedirect { problem = error }
            }
        }
        throw .invalidParams("`redirectUrl`: \(problem)", data: ["parameter": "redirectUrl"])
    }

    mutating func connectedAccountsWait(
        _ call: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) -> RPCAnswer {
        let parameters = try call.parameters(["id", "timeoutMs"])
        let wait = ConnectionWait(reference: try parameters.requiredString("id"))
        let timeout = Duration.milliseconds(try parameters.optionalInt("timeoutMs", in: 0...600_000) ?? 60_000)
        return try begin(.connection(wait), from: caller, timeout: timeout, rpc: call, now: now, into: &result)
    }

    mutating func connectedAccountsRefresh(
        _ call: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) -> RPCAnswer {
        let parameters = try call.parameters(["id", "timeoutMs"])
        let reference = try parameters.requiredString("id")
        let timeout = Duration.milliseconds(try parameters.optionalInt("timeoutMs", in: 0...60_000) ?? 30_000)
        let scope = try scope(of: caller, sessionID: nil, for: .accountsRefresh, now: now)
        let slot = try connection(reference, in: scope, for: .accountsRefresh, now: now)
        guard let known = directory[slot] else { throw .forbidden }
        if known.standing.isDisabled { throw .accountInactive(connectionID: known.id) }
        if known.standing.needsConsent(at: now), known.authScheme == .oauth2 {
            let link = LinkCall(
                userID: known.userID, authConfigID: known.authConfigID, alias: known.alias, callbackURL: nil,
                allowsMultiple: false, flow: nil, connectionID: known.id)
            return try begin(link, from: caller, rpc: call, now: now, into: &result)
        }
        guard known.standing.life?.isRefreshable == true else { throw .notRefreshable(connectionID: known.id) }
        if known.authScheme.hasLastingKey { forgive(slot, now: now) }
        let refresh = ManagedRefresh(slot: slot, connectionID: known.id, replacing: known.generation)
        return try begin(.managedRefresh(refresh), from: caller, timeout: timeout, rpc: call, now: now, into: &result)
    }

    /// A key that the provider refused may be welcome again, unlike a refresh token: somebody has given it its rights back.
    private mutating func forgive(_ slot: Int, now: BootInstant) {
        guard let connection = directory[slot], connection.standing.verdict != nil,
            let authConfig = authConfigs[connection.authConfigID]
        else { return }
        standing(slot) { $0.verdict = nil }
        scheduler.remove(slot)
        schedule(slot, authConfig, now: now)
    }

    mutating func connectedAccountsUpdate(
        _ call: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) {
        let parameters = try call.parameters(["id", "alias"])
        let reference = try parameters.requiredString("id")
        let isGiven = try parameters.optionalString("alias") != nil
        guard isGiven else { throw .invalidParams("pass `alias`; \"\" clears it", data: ["parameter": "alias"]) }
        let alias = try parameters.alias()
        let scope = try scope(of: caller, sessionID: nil, for: .accountsManage, now: now)
        let slot = try connection(reference, in: scope, for: .accountsManage, now: now)
        guard let known = directory[slot] else { throw .forbidden }
        try checkAlias(alias, userID: known.userID, authConfigID: known.authConfigID, except: slot)
        let shown = wall(now)
        directory.update(slot) { connection in
            connection.alias = alias
            connection.updatedAt = shown
        }
        writeConnectedAccount(slot, scope: scope, now: now, into: &result)
    }
}

/// `connectedAccounts.waitForConnection`
struct ConnectionWait: Sendable {
    var reference: String
}

/// `connectedAccounts.refresh` of a connection that can be refreshed.
struct ManagedRefresh: Sendable {
    var slot: Int
    var connectionID: String
    /// The generation that is to be replaced.
    var replacing: UInt64
}

extension BrokerState {
    /// Done as soon as no link is open and the state is a final one.
    mutating func attempt(
        _ wait: ConnectionWait, from caller: Caller, _ moment: Moment, into result: inout JSONWriter
    ) throws(RPCError) -> Progress {
        let scope = try scope(of: caller, sessionID: nil, for: .accountsConnect, now: moment.now)
        let reference = mergedConnections[wait.reference] ?? wait.reference
        let slot = try connection(reference, in: scope, for: .accountsConnect, now: moment.now)
        guard let connection = directory[slot] else { throw .forbidden }
        if links[connection.id] != nil || connection.standing.status(at: moment.now).reason == .identityPending {
            guard moment.isLast else { return .wait([slot]) }
            throw .consentPending(connectionID: connection.id)
        }
        writeConnectedAccount(slot, scope: scope, now: moment.now, into: &result)
        return .done
    }

    mutating func attempt(
        _ refresh: ManagedRefresh, from caller: Caller, _ moment: Moment, into result: inout JSONWriter
    ) throws(RPCError) -> Progress {
        guard let connection = directory[refresh.slot], connection.id == refresh.connectionID else { throw .forbidden }
        let (status, reason) = connection.standing.status(at: moment.now)
        switch status {
        case .failed, .revoked:
            throw .reauthorizationRequired(reason ?? .credentialsMissing, connectionID: connection.id)
        case .inactive: throw .accountInactive(connectionID: connection.id)
        case .active, .expired, .initiated: break
        }
        let isFresh = connection.generation != refresh.replacing || youth(of: connection, now: moment.now) != nil
        if isFresh, connection.standing.servesToken(at: moment.now) {
            write(connection, redirectURL: nil, now: moment.now, into: &result)
            return .done
        }
        if let error = demand(refresh.slot, connection, moment) { throw error }
        return .wait([refresh.slot])
    }
}

extension RPCError {
    static let unknownLink = RPCError.invalidParams(
        "no link waits for this address; it may have been used, be too old, or be another daemon's: begin a new link",
        data: ["parameter": "redirectUrl"])

    static func consentPending(connectionID: String) -> RPCError {
        RPCError(
            code: -32008, name: "TIMEOUT", message: "the user has not finished; the link stays open, so wait again",
            data: ["connectionId": .string(connectionID)])
    }
}
