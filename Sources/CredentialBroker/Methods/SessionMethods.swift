internal import ConnectedAccounts
internal import JSON
internal import JSONRPC

/// `session.*`: a user's view with pinned accounts.
extension BrokerState {
    mutating func sessionCreate(
        _ call: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) {
        let parameters = try call.parameters([
            "userId", "connectedAccounts", "toolkits", "expiresInSeconds", "requireExplicitSelection",
        ])
        let scope = try scope(of: caller, sessionID: nil, for: .sessionsCreate, now: now)
        let userID = try parameters.requiredString("userId")
        let filter = try ToolkitFilter(parameters)
        let seconds = try parameters.optionalInt("expiresInSeconds", in: 60...604_800) ?? 86_400
        let explicit = try parameters.optionalBool("requireExplicitSelection") ?? false
        let pinned = try pins(parameters, userID: userID, filter: filter, scope: scope, now: now)
        let session = Session(
            id: newID(prefix: "ses_"), agent: scope.agent.name, userID: userID, pinned: pinned,
            requiresExplicitSelection: explicit, createdAt: wall(now), expiresAt: now.advanced(by: .seconds(seconds)))
        guard hasRoomForMore else { throw .vaultFull }
        guard sessions.insert(session, now: now) else {
            throw .rateLimited(
                retryAfter: .seconds(60),
                "this agent has \(SessionRegister.limitPerAgent) open sessions; close some with `session.close`")
        }
        write(session, withDetails: false, into: &result)
    }

    mutating func sessionGet(
        _ call: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) {
        let id = try call.parameters(["sessionId"]).requiredString("sessionId")
        let scope = try scope(of: caller, sessionID: id, for: .sessionsCreate, now: now)
        guard let session = scope.session else { throw .forbidden }
        write(session, withDetails: true, into: &result)
    }

    mutating func sessionClose(
        _ call: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) {
        let id = try call.parameters(["sessionId"]).requiredString("sessionId")
        _ = try scope(of: caller, sessionID: id, for: .sessionsCreate, now: now)
        sessions.close(id)
        result.object { $0.member("success", true) }
    }

    /// Exactly the accounts named; or, where none are named, all of the user's that the caller may see at this moment.
    private mutating func pins(
        _ parameters: RPCParameters, userID: String, filter: ToolkitFilter, scope: Scope, now: BootInstant
    ) throws(RPCError) -> [String: [String]] {
        guard let named = try parameters.optionalObject("connectedAccounts") else {
            return allPins(userID: userID, filter: filter, scope: scope)
        }
        var pinned: [String: [String]] = [:]
        for (key, value) in named.members {
            let toolkit = key.string ?? ""
            guard filter.admits(toolkit) else {
                throw .invalidParams(
                    "`connectedAccounts` names a toolkit that `toolkits` leaves out",
                    data: ["toolkit": .string(toolkit)])
            }
            for reference in try references(value, toolkit: toolkit) {
                let slot = try pin(reference, userID: userID, toolkit: toolkit, scope: scope, now: now)
                guard let id = directory[slot]?.id, pinned[toolkit]?.contains(id) != true else { continue }
                pinned[toolkit, default: []].append(id)
            }
        }
        return pinned
    }

    private func references(_ value: JSONValue, toolkit: String) throws(RPCError) -> [String] {
        var names: [String] = []
        guard value.kind == .array, (1...1000).contains(value.count) else { throw .unreadablePins(toolkit) }
        for element in value.elements {
            guard let name = element.string else { throw .unreadablePins(toolkit) }
            names.append(name)
        }
        return names
    }

    private mutating func pin(
        _ reference: String, userID: String, toolkit: String, scope: Scope, now: BootInstant
    ) throws(RPCError) -> Int {
        let choice = AccountChoice(reference: reference, toolkit: toolkit)
        let slots = Set(
            accounts(fitting: choice, in: scope, for: [.sessionsCreate]).map(\.slot).filter {
                directory[$0]?.userID == userID
            })
        guard let slot = slots.first else { throw scope.absence(for: .sessionsCreate) }
        guard slots.count == 1 else {
            _ = try account(fitting: choice, in: scope, for: [.sessionsCreate], now: now)
            throw .forbidden
        }
        return slot
    }

    private mutating func allPins(userID: String, filter: ToolkitFilter, scope: Scope) -> [String: [String]] {
        directory.orderedSlots().reduce(into: [:]) { pinned, slot in
            guard let connection = directory[slot], connection.userID == userID, filter.admits(connection.toolkit),
                scope.allows(.sessionsCreate, connection)
            else { return }
            pinned[connection.toolkit, default: []].append(connection.id)
        }
    }

    private func write(_ session: Session, withDetails: Bool, into result: inout JSONWriter) {
        result.beginObject()
        result.member("sessionId", session.id)
        result.member("userId", session.userID)
        result.key("connectedAccounts")
        result.beginObject()
        for (toolkit, ids) in session.pinned.sorted(by: { $0.key < $1.key }) {
            result.key(toolkit)
            result.beginArray()
            for id in ids { result.value(id) }
            result.endArray()
        }
        result.endObject()
        result.member("expiresAt", shown(wall(session.expiresAt)))
        if withDetails {
            result.member("createdAt", shown(session.createdAt))
            result.member("requireExplicitSelection", session.requiresExplicitSelection)
        }
        result.endObject()
    }

    /// 128 unpredictable bits.
    func newID(prefix: String) -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567")
        return prefix + String(settings.randomBytes(26).map { alphabet[Int($0 & 31)] })
    }
}

extension RPCError {
    fileprivate static func unreadablePins(_ toolkit: String) -> RPCError {
        .invalidParams(
            "`connectedAccounts` must give each toolkit an array of 1 to 1000 connection ids, aliases or selectors",
            data: ["parameter": "connectedAccounts", "toolkit": .string(toolkit)])
    }
}

/// `toolkits: {enable: […]}` or `{disable: […]}`.
private struct ToolkitFilter {
    private let enabled: Set<String>?
    private let disabled: Set<String>

    init(_ parameters: RPCParameters) throws(RPCError) {
        guard let toolkits = try parameters.optionalObject("toolkits") else {
            enabled = nil
            disabled = []
            return
        }
        var lists: [String: Set<String>] = [:]
        for (key, value) in toolkits.members {
            guard let name = key.string, name == "enable" || name == "disable", value.kind == .array else {
                throw .unreadableToolkits
            }
            var slugs: Set<String> = []
            for element in value.elements {
                guard let slug = element.string else { throw .unreadableToolkits }
                slugs.insert(slug)
            }
            lists[name] = slugs
        }
        guard lists.count <= 1 else { throw .unreadableToolkits }
        enabled = lists["enable"]
        disabled = lists["disable"] ?? []
    }

    func admits(_ toolkit: String) -> Bool {
        enabled?.contains(toolkit) ?? !disabled.contains(toolkit)
    }
}

extension RPCError {
    fileprivate static let unreadableToolkits = RPCError.invalidParams(
        "`toolkits` must be {\"enable\": [toolkit, …]} or {\"disable\": [toolkit, …]}", data: ["parameter": "toolkits"])
}
