/// A user's view with pinned accounts, bound to the agent that made it.
package struct Session: Sendable, Equatable {
    package let id: String
    /// The name of the agent that made it; nobody else learns that it exists.
    package let agent: String
    package let userID: String
    /// Connection ids by toolkit: these and no others exist in the session.
    package let pinned: [String: [String]]
    package let requiresExplicitSelection: Bool
    package let createdAt: WallInstant
    package var expiresAt: BootInstant

    package init(
        id: String, agent: String, userID: String, pinned: [String: [String]], requiresExplicitSelection: Bool,
        createdAt: WallInstant, expiresAt: BootInstant
    ) {
        self.id = id
        self.agent = agent
        self.userID = userID
        self.pinned = pinned
        self.requiresExplicitSelection = requiresExplicitSelection
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }

    package func pins(connectionID: String, toolkit: String) -> Bool {
        pinned[toolkit]?.contains(connectionID) ?? false
    }
}

/// The open sessions. Bounded per agent; those that ran out are forgotten after a while.
package struct SessionRegister: Sendable {
    /// Open sessions that one agent may have.
    package static let limitPerAgent = 1000
    /// How long a session that ran out is still known as such, so that its owner is told why.
    package static let memory: Duration = .seconds(3600)

    package enum Lookup: Sendable, Equatable {
        case open(Session)
        case expired
        /// Unknown, or another agent's: the two are not told apart.
        case unknown
    }

    private var sessions: [String: Session] = [:]
    private var countByAgent: [String: Int] = [:]
    /// By id.
    package var unsaved = UnsavedKeys()

    package init() {}

    package subscript(id: String) -> Session? { sessions[id] }

    /// False if the agent has too many open.
    package mutating func insert(_ session: Session, now: BootInstant) -> Bool {
        if countByAgent[session.agent, default: 0] >= Self.limitPerAgent {
            removeExpired(now: now, memory: .zero, agent: session.agent)
        }
        guard countByAgent[session.agent, default: 0] < Self.limitPerAgent else { return false }
        close(session.id)
        sessions[session.id] = session
        unsaved.note(session.id)
        countByAgent[session.agent, default: 0] += 1
        return true
    }

    package func lookUp(_ id: String, agent: String, now: BootInstant) -> Lookup {
        guard let session = sessions[id], session.agent == agent else { return .unknown }
        return session.expiresAt > now ? .open(session) : .expired
    }

    package mutating func close(_ id: String) {
        guard let session = sessions.removeValue(forKey: id), let count = countByAgent[session.agent] else { return }
        unsaved.note(id)
        countByAgent[session.agent] = count > 1 ? count - 1 : nil
    }

    /// Forgets those that ran out longer than `memory` ago: of one agent, or of all.
    package mutating func removeExpired(now: BootInstant, memory: Duration = memory, agent: String? = nil) {
        for session in sessions.values where session.expiresAt.advanced(by: memory) <= now {
            if agent == nil || agent == session.agent { close(session.id) }
        }
    }

    package var count: Int { sessions.count }
}
