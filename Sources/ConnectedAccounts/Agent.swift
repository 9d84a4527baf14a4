/// The caller as the kernel, and where it is asked systemd, described it when its connection was accepted.
package struct Peer: Sendable, Equatable {
    package var uid: UInt32
    package var gid: UInt32
    /// Supplementary groups.
    package var groups: [UInt32]
    /// To show and to audit; nothing is decided by a pid.
    package var pid: Int32

    package init(uid: UInt32, gid: UInt32, groups: [UInt32] = [], pid: Int32) {
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.pid = pid
    }
}

/// What a peer must be, with names already resolved to numbers: all that is given must hold, and nothing given matches
/// nobody.
package struct PeerMatch: Sendable, Equatable {
    package var uid: UInt32?
    /// The peer's group or one of its supplementary groups.
    package var gid: UInt32?
    /// A name in the rule that this machine does not know: the rule matches nobody until a reload finds it.
    package var unresolvedName: String?

    package init(uid: UInt32? = nil, gid: UInt32? = nil, unresolvedName: String? = nil) {
        self.uid = uid
        self.gid = gid
        self.unresolvedName = unresolvedName
    }

    package func matches(_ peer: Peer) -> Bool {
        guard unresolvedName == nil, uid != nil || gid != nil else { return false }
        if let uid, uid != peer.uid { return false }
        if let gid, gid != peer.gid, !peer.groups.contains(gid) { return false }
        return true
    }
}

/// Every name, or these.
package enum NameSet: Sendable, Equatable {
    case all
    case only(Set<String>)

    /// `"*"` among the names stands for all.
    package init(_ names: [String]) {
        self = names.contains("*") ? .all : .only(Set(names))
    }

    package func contains(_ name: String) -> Bool {
        switch self {
        case .all: true
        case .only(let names): names.contains(name)
        }
    }
}

/// What an agent may do with which connections of which users and toolkits.
package struct Grant: Sendable, Equatable {
    package var users: NameSet
    package var toolkits: NameSet
    package var connections: NameSet
    package var operations: OperationSet

    package init(users: NameSet, toolkits: NameSet, connections: NameSet, operations: OperationSet) {
        self.users = users
        self.toolkits = toolkits
        self.connections = connections
        self.operations = operations
    }

    /// Whether it covers every connection there is or will be, so that saying "no such connection" tells nothing new.
    package var coversEverything: Bool { users == .all && toolkits == .all && connections == .all }

    package func covers(userID: String, toolkit: String, connectionID: String) -> Bool {
        connections.contains(connectionID) && users.contains(userID) && toolkits.contains(toolkit)
    }
}

/// A named set of rules that match a peer process, and what it may do.
package struct Agent: Sendable, Equatable {
    package var name: String
    package var match: PeerMatch
    package var grants: [Grant]

    package init(name: String, match: PeerMatch, grants: [Grant]) {
        self.name = name
        self.match = match
        self.grants = grants
    }

    /// The operations that the grants together allow on one connection.
    package func operations(userID: String, toolkit: String, connectionID: String) -> OperationSet {
        grants.reduce(into: OperationSet()) { result, grant in
            guard grant.covers(userID: userID, toolkit: toolkit, connectionID: connectionID) else { return }
            result.formUnion(grant.operations)
        }
    }

    /// Whether it may have the accounts exported: all of them are in an export, so whoever may see only a part may not.
    package var mayExport: Bool {
        grants.contains { $0.coversEverything && $0.operations.contains(.daemonExport) }
    }

    /// Whether some grant allows the operation on anything at all.
    package func allowsSomewhere(_ operation: Operation) -> Bool {
        grants.contains { $0.operations.contains(operation) }
    }
}

extension Sequence<Agent> {
    /// The first agent that matches: the order of the configuration decides.
    package func first(matching peer: Peer) -> Agent? {
        first { $0.match.matches(peer) }
    }
}
