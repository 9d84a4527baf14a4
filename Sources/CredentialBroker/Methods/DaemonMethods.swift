internal import ConnectedAccounts
internal import DaemonConfiguration
internal import JSON
internal import JSONRPC
internal import OAuth
internal import ProviderCatalog
internal import SecretVault

/// `listIntegrations` and `daemon.*`.
extension BrokerState {
    mutating func listIntegrations(
        _ call: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) {
        _ = try call.parameters([])
        let scope = try scope(of: caller, sessionID: nil, for: .accountsRead, now: now)
        var visible: [String: [Int]] = [:]
        for slot in directory.orderedSlots() {
            guard let connection = directory[slot], scope.allows(.accountsRead, connection) else { continue }
            visible[connection.authConfigID, default: []].append(slot)
        }
        // Those at which there is nothing yet, but could be.
        for authConfig in authConfigs.values where visible[authConfig.id] == nil {
            if scope.mayConnectSomewhere(toolkit: authConfig.definition.toolkit) { visible[authConfig.id] = [] }
        }
        result.beginObject()
        result.key("integrations")
        result.beginArray()
        for (id, slots) in visible.sorted(by: { $0.key < $1.key }) {
            guard let authConfig = authConfigs[id] else { continue }
            writeIntegration(authConfig, slots, now: now, into: &result)
        }
        result.endArray()
        result.endObject()
    }

    private func writeIntegration(
        _ authConfig: AuthConfig, _ slots: [Int], now: BootInstant, into result: inout JSONWriter
    ) {
        let toolkit = authConfig.definition.toolkit
        result.beginObject()
        result.member("provider", authConfig.provider.slug)
        result.member("toolkit", toolkit)
        result.member(
            "displayName", authConfig.provider.toolkit(toolkit)?.displayName ?? authConfig.provider.displayName)
        result.member("authConfigId", authConfig.id)
        result.key("connections")
        result.beginArray()
        for slot in slots {
            guard let connection = directory[slot] else { continue }
            let (status, reason) = shownStatus(connection, at: now)
            result.beginObject()
            result.member("connectionId", connection.id)
            result.member("userId", connection.userID)
            result.member("alias", connection.alias)
            result.member("accountIdentifier", connection.accounts.first?.identifier)
            result.member("displayName", connection.accounts.first?.displayName)
            result.member("status", status.rawValue)
            result.member("statusReason", reason?.slug)
            result.endObject()
        }
        result.endArray()
        result.endObject()
    }

    // MARK: daemon.status

    mutating func daemonStatus(
        _ call: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) {
        _ = try call.parameters([])
        _ = try scope(of: caller, sessionID: nil, for: .daemonRead, now: now)
        let statistics = vault.statistics
        let endpoints = scheduler.endpointHealth(now: now)
        let isVaultKeptWell = settings.vaultsSetAside == 0 && settings.vaultWarnings.isEmpty
        let isVaultFine = statistics.dropped == 0 && isVaultKeptWell && !hasUnsavedChanges && !isHandedOver
        let isDegraded = endpoints.contains { $0.retryAt != nil } || !isVaultFine || !rejectedApps.isEmpty
        result.beginObject()
        result.member("version", settings.version)
        result.member("pid", Int(settings.pid))
        result.member("startedAt", shown(wall(startedAt)))
        result.member("uptimeSeconds", Int(startedAt.duration(to: now).components.seconds))
        writeAccountCounts(now: now, into: &result)
        result.member("nextRefreshAt", scheduler.nextWake(now: now).flatMap { shown(wall($0)) })
        result.memberObject("refreshes") { result in
            result.member("inFlight", scheduler.inFlight)
            result.member("queued", scheduler.queued)
            result.member("succeeded", counters.succeeded)
            result.member("failed", counters.failed)
        }
        result.memberObject("vault") { result in
            result.member("protection", statistics.protection.description)
            result.member("records", statistics.records)
            result.member("bytes", statistics.liveBytes)
            result.member("droppedRecords", statistics.dropped)
            result.member("isKept", settings.vaultIsKept)
            result.member("setAside", settings.vaultsSetAside)
            result.member("exportedAt", handover.flatMap { $0.isFinal ? $0.export : nil }.flatMap { shown($0.at) })
        }
        writeConfiguration(into: &result)
        writeEndpoints(endpoints, into: &result)
        result.member("health", isDegraded ? "degraded" as String : "ok")
        result.memberObject("audit") { result in
            result.member("written", audit.written)
            result.member("dropped", audit.dropped)
        }
        result.endObject()
    }

    private func writeAccountCounts(now: BootInstant, into result: inout JSONWriter) {
        let counts = statusCounts(now: now)
        result.key("accounts")
        result.beginObject()
        for status in ConnectionStatus.allCases {
            result.key(status.rawValue)
            result.value(counts[status, default: 0])
        }
        result.endObject()
    }

    /// How many connections there are of each status.
    func statusCounts(now: BootInstant) -> [ConnectionStatus: Int] {
        directory.used.reduce(into: [:]) { counts, slot in
            guard let status = directory[slot]?.standing.status(at: now).status else { return }
            counts[status, default: 0] += 1
        }
    }

    private func writeConfiguration(into result: inout JSONWriter) {
        result.memberObject("configuration") { result in
            result.member("path", settings.configurationPath)
            result.member("loadedAt", shown(configuration.loadedAt))
            result.memberArray("warnings") { result in
                for warning in settings.vaultWarnings + configuration.warnings { result.value(warning) }
            }
        }
    }

    /// The token endpoint's address, if it is known by now; else what it is to be found by.
    private func tokenURL(_ endpoint: RefreshScheduler.EndpointHealth) -> String {
        let users = authConfigs.values.filter { $0.endpointKey == endpoint.key }
        return users.lazy.compactMap { $0.tokenEndpoint?.url }.min() ?? endpoint.key
    }

    private func writeEndpoints(_ endpoints: [RefreshScheduler.EndpointHealth], into result: inout JSONWriter) {
        result.memberArray("endpoints") { result in
            for endpoint in endpoints {
                result.object { result in
                    result.member("tokenURL", tokenURL(endpoint))
                    result.member("state", endpoint.retryAt == nil ? "healthy" as String : "failing")
                    result.member("consecutiveFailures", endpoint.consecutiveFailures)
                    result.member("retryAt", endpoint.retryAt.flatMap { shown(wall($0)) })
                }
            }
        }
    }

    // MARK: daemon.explain

    /// Shows callers themselves, and nothing else that they could not see otherwise: also those that match no agent.
    mutating func daemonExplain(
        _ call: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) {
        let parameters = try call.parameters(["operation", "connectionId"])
        let operation = try parameters.optionalString("operation").map { name throws(RPCError) in
            guard let operation = Operation(rawValue: name) else { throw .unknownOperation }
            return operation
        }
        let reference = try parameters.optionalString("connectionId")
        let index = caller.agentIndex(in: configuration.agents, epoch: epoch)
        let agent = index.map { configuration.agents[$0] }
        result.beginObject()
        writePeer(caller.peer, into: &result)
        result.member("agent", agent?.name)
        writeMatch(agent?.match, into: &result)
        result.key("operations")
        result.beginArray()
        for operation in Operation.allCases where agent?.allowsSomewhere(operation) == true {
            result.value(operation.rawValue)
        }
        result.endArray()
        writeDecision(operation, reference, agent, into: &result)
        result.endObject()
    }

    private func writePeer(_ peer: Peer, into result: inout JSONWriter) {
        result.memberObject("peer") { result in
            result.member("uid", Int(peer.uid))
            result.member("gid", Int(peer.gid))
            result.memberArray("groups") { result in
                for group in peer.groups { result.value(Int(group)) }
            }
            result.member("pid", Int(peer.pid))
        }
    }

    private func writeMatch(_ match: PeerMatch?, into result: inout JSONWriter) {
        guard let match else { return result.memberNull("matchedBy") }
        result.memberObject("matchedBy") { result in
            if let uid = match.uid { result.member("uid", Int(uid)) }
            if let gid = match.gid { result.member("gid", Int(gid)) }
        }
    }

    private mutating func writeDecision(
        _ operation: Operation?, _ reference: String?, _ agent: Agent?, into result: inout JSONWriter
    ) {
        guard let operation else { return result.memberNull("decision") }
        let decision = decide(operation, reference, agent)
        result.memberObject("decision") { result in
            result.member("operation", operation.rawValue)
            result.member("connectionId", reference)
            result.member("allowed", decision.grant != nil)
            result.member("grant", decision.grant)
            result.member("reason", decision.reason)
        }
    }

    private mutating func decide(
        _ operation: Operation, _ reference: String?, _ agent: Agent?
    ) -> (grant: Int?, reason: String) {
        guard let agent else { return (nil, "no agent of the configuration matches this caller") }
        let granting = agent.grants.indices.filter { agent.grants[$0].operations.contains(operation) }
        guard let first = granting.first else { return (nil, "no grant of agent \(agent.name) holds the operation") }
        guard let reference else { return (first, "the grant holds the operation") }
        let connections = directory.find(reference).compactMap { directory[$0.slot] }
        let covering = granting.first { index in
            connections.contains {
                agent.grants[index].covers(userID: $0.userID, toolkit: $0.toolkit, connectionID: $0.id)
            }
        }
        guard let covering else { return (nil, "no grant of agent \(agent.name) with the operation covers it") }
        return (covering, "the grant holds the operation and covers the connection")
    }
}

extension RPCError {
    fileprivate static let unknownOperation = RPCError.invalidParams(
        "`operation` must be one of \(Operation.allCases.map(\.rawValue).joined(separator: ", "))",
        data: ["parameter": "operation"])
}
