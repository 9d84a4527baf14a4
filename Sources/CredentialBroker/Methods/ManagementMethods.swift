internal import ConnectedAccounts
internal import JSON
internal import JSONRPC

/// `connectedAccounts.*`, as far as nothing waits for a provider.
extension BrokerState {
    mutating func connectedAccountsList(
        _ call: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) {
        let parameters = try call.parameters([
            "userIds", "toolkitSlugs", "statuses", "authConfigIds", "connectedAccountIds", "limit", "cursor", "orderBy",
        ])
        let scope = try scope(of: caller, sessionID: nil, for: .accountsRead, now: now)
        let filter = try ConnectionFilter(parameters)
        let limit = try parameters.optionalInt("limit", in: 1...1000) ?? 100
        let order = try ListOrder(parameters)
        let cursor = try ListCursor(parameters, order: order)
        var page = directory.used.filter { slot in
            guard let connection = directory[slot], scope.allows(.accountsRead, connection) else { return false }
            return filter.admits(connection, now: now) && cursor.precedes(connection)
        }
        page.sort { directory[$0].map(order.key) ?? (0, "") < directory[$1].map(order.key) ?? (0, "") }
        let hasMore = page.count > limit
        let shown = page.prefix(limit)
        result.beginObject()
        result.key("items")
        result.beginArray()
        for slot in shown {
            writeConnectedAccount(slot, scope: scope, now: now, into: &result)
            noteShown(slot, to: caller, scope, method: .connectedAccountsList, now: now)
        }
        result.endArray()
        let last = hasMore ? shown.last.flatMap { directory[$0] } : nil
        result.member("nextCursor", last.map { ListCursor.text(after: $0, order: order) })
        result.endObject()
    }

    mutating func connectedAccountsGet(
        _ call: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) {
        let reference = try call.parameters(["id"]).requiredString("id")
        let scope = try scope(of: caller, sessionID: nil, for: .accountsRead, now: now)
        let slot = try connection(reference, in: scope, for: .accountsRead, now: now)
        writeConnectedAccount(slot, scope: scope, now: now, into: &result)
        noteShown(slot, to: caller, scope, method: .connectedAccountsGet, now: now)
    }

    private mutating func noteShown(_ slot: Int, to caller: Caller, _ scope: Scope, method: Method, now: BootInstant) {
        guard let connection = directory[slot], showsLive(connection, scope, now) else { return }
        noteIssue(slot, to: caller, agent: scope.agent, method: method, now: now)
    }

    mutating func setDisabled(
        _ isDisabled: Bool, _ call: borrowing RPCCall, from caller: Caller, now: BootInstant,
        into result: inout JSONWriter
    ) throws(RPCError) -> [FinishedCall] {
        let reference = try call.parameters(["id"]).requiredString("id")
        let scope = try scope(of: caller, sessionID: nil, for: .accountsManage, now: now)
        let slot = try connection(reference, in: scope, for: .accountsManage, now: now)
        guard let known = directory[slot] else { throw .forbidden }
        try checkEnabling(known, isDisabled: isDisabled, now: now)
        if known.standing.isDisabled != isDisabled {
            let shown = wall(now)
            directory.update(slot) { connection in
                connection.standing.isDisabled = isDisabled
                connection.updatedAt = shown
            }
            if isDisabled { scheduler.suspend(slot) } else { scheduler.resume(slot, jitter: jitter()) }
            needsRefresher = true
        }
        result.object { $0.member("success", true) }
        return retry(waiting.take(slot: slot), now: now)
    }

    /// What the provider has ended cannot be enabled by us.
    private func checkEnabling(_ connection: Connection, isDisabled: Bool, now: BootInstant) throws(RPCError) {
        guard !isDisabled, !connection.standing.isDisabled else { return }
        let (status, reason) = connection.standing.status(at: now)
        guard status == .failed || status == .revoked, let reason else { return }
        throw .reauthorizationRequired(reason, connectionID: connection.id)
    }
}

/// Which connections a list shows.
private struct ConnectionFilter {
    let userIDs: Set<String>?
    let toolkits: Set<String>?
    let statuses: Set<ConnectionStatus>?
    let authConfigIDs: Set<String>?
    let ids: Set<String>?

    init(_ parameters: RPCParameters) throws(RPCError) {
        func names(_ name: StaticString) throws(RPCError) -> Set<String>? {
            try parameters.optionalStringArray(name, maxCount: 1000).map { Set($0) }
        }
        userIDs = try names("userIds")
        toolkits = try names("toolkitSlugs")
        authConfigIDs = try names("authConfigIds")
        ids = try names("connectedAccountIds")
        guard let wanted = try names("statuses") else {
            statuses = nil
            return
        }
        let known = Set(wanted.compactMap(ConnectionStatus.init(rawValue:)))
        guard known.count == wanted.count else {
            let all = ConnectionStatus.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalidParams("`statuses` may hold \(all)", data: ["parameter": "statuses"])
        }
        statuses = known
    }

    func admits(_ connection: Connection, now: BootInstant) -> Bool {
        userIDs?.contains(connection.userID) ?? true
            && toolkits?.contains(connection.toolkit) ?? true
            && authConfigIDs?.contains(connection.authConfigID) ?? true
            && ids?.contains(connection.id) ?? true
            && statuses?.contains(connection.standing.status(at: now).status) ?? true
    }
}

/// By which time a list is ordered; ids break ties. By `createdAt` pages neither overlap nor skip. By `updatedAt` what
/// changes between two pages may come twice, or be missed if it changes within the second of the page's last.
private enum ListOrder: String {
    case createdAt
    case updatedAt

    init(_ parameters: RPCParameters) throws(RPCError) {
        let name = try parameters.optionalString("orderBy") ?? Self.createdAt.rawValue
        guard let order = Self(rawValue: name) else {
            throw .invalidParams("`orderBy` must be \"createdAt\" or \"updatedAt\"", data: ["parameter": "orderBy"])
        }
        self = order
    }

    func key(_ connection: Connection) -> (Int64, String) {
        switch self {
        case .createdAt: (connection.createdAt.seconds, connection.id)
        case .updatedAt: (connection.updatedAt.seconds, connection.id)
        }
    }
}

/// Where a page ended: the order's name, the time and the id of its last item.
private struct ListCursor {
    private let order: ListOrder
    private let last: (Int64, String)?

    init(_ parameters: RPCParameters, order: ListOrder) throws(RPCError) {
        self.order = order
        guard let text = try parameters.optionalString("cursor") else {
            last = nil
            return
        }
        let parts = text.split(separator: ".", maxSplits: 2)
        guard parts.count == 3, parts[0] == order.rawValue, let seconds = Int64(parts[1]) else {
            throw .invalidParams(
                "`cursor` must be the nextCursor of a list with the same orderBy", data: ["parameter": "cursor"])
        }
        last = (seconds, String(parts[2]))
    }

    static func text(after connection: Connection, order: ListOrder) -> String {
        let (seconds, id) = order.key(connection)
        return "\(order.rawValue).\(seconds).\(id)"
    }

    /// Whether the connection comes after the page that ended here.
    func precedes(_ connection: Connection) -> Bool {
        last.map { $0 < order.key(connection) } ?? true
    }
}
