internal import ConnectedAccounts
internal import JSON
internal import JSONRPC

/// Which events a subscriber asked for; nil is all that it may see.
struct EventFilter: Sendable {
    /// Names of one kind that a filter may hold, and bytes of one.
    private static let mostNames = 100
    private static let longestName = 256

    private let userIDs: Set<String>?
    private let toolkits: Set<String>?
    private let ids: Set<String>?
    private let kinds: Set<ConnectionEvent.Kind>?

    static let parameters: [StaticString] = ["userIds", "toolkitSlugs", "connectedAccountIds", "types"]

    init(_ parameters: RPCParameters) throws(RPCError) {
        func names(_ name: StaticString) throws(RPCError) -> Set<String>? {
            try parameters.optionalStringArray(name, maxCount: Self.mostNames, maxBytes: Self.longestName)
                .map { Set($0) }
        }
        userIDs = try names("userIds")
        toolkits = try names("toolkitSlugs")
        ids = try names("connectedAccountIds")
        guard let wanted = try names("types") else {
            kinds = nil
            return
        }
        let known = Set(wanted.compactMap(ConnectionEvent.Kind.init(rawValue:)))
        guard known.count == wanted.count else {
            let all = ConnectionEvent.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw .invalidParams("`types` may hold \(all)", data: ["parameter": "types"])
        }
        kinds = known
    }

    func admits(_ event: ConnectionEvent) -> Bool {
        userIDs?.contains(event.userID) ?? true
            && toolkits?.contains(event.toolkit) ?? true
            && ids?.contains(event.connectionID) ?? true
            && kinds?.contains(event.kind) ?? true
    }
}
