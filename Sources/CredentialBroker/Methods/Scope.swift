internal import ConnectedAccounts
internal import JSON
internal import JSONRPC

/// What one caller may see in one call: the grants of its agent, narrowed by a session.
struct Scope {
    let agent: Agent
    let session: Session?

    func allows(_ operation: Operation, _ connection: Connection) -> Bool {
        if let session {
            let isPinned = session.pins(connectionID: connection.id, toolkit: connection.toolkit)
            guard isPinned, session.userID == connection.userID else { return false }
        }
        return agent.operations(
            userID: connection.userID, toolkit: connection.toolkit, connectionID: connection.id
        ).contains(operation)
    }

    /// What a caller is told of something that it may not use, or that does not exist.
    func absence(for operation: Operation) -> RPCError {
        let seesEverything = agent.grants.contains { $0.coversEverything && $0.operations.contains(operation) }
        return seesEverything && session == nil ? .notFound : .forbidden
    }
}

/// Which account a call is about.
struct AccountChoice: Sendable {
    /// A connection's id, an alias, or a selector.
    var reference: String?
    var provider: String?
    var toolkit: String?

    /// Two slugs for the two kinds of app that GitHub has: who asks for GitHub's accounts means both.
    private static let otherSlugs = ["github": "github-app-user"]

    func fits(_ connection: Connection) -> Bool {
        (provider.map { $0 == connection.provider || Self.otherSlugs[$0] == connection.provider } ?? true)
            && (toolkit.map { $0 == connection.toolkit } ?? true)
    }
}

extension BrokerState {
    /// The caller's agent. Who matches none is told nothing but that.
    func agent(of caller: Caller) throws(RPCError) -> Agent {
        guard let index = caller.agentIndex(in: configuration.agents, epoch: epoch) else { throw .forbidden }
        return configuration.agents[index]
    }

    /// The caller's scope, if one of its grants allows the operation at all.
    func scope(
        of caller: Caller, sessionID: String?, for operation: Operation, now: BootInstant
    ) throws(RPCError) -> Scope {
        let agent = try agent(of: caller)
        guard agent.allowsSomewhere(operation) else { throw .forbidden }
        return Scope(
            agent: agent,
            session: try sessionID.map { id throws(RPCError) in
                try session(id, of: agent, for: operation, now: now)
            })
    }

    private func session(
        _ id: String, of agent: Agent, for operation: Operation, now: BootInstant
    ) throws(RPCError) -> Session {
        switch sessions.lookUp(id, agent: agent.name, now: now) {
        case .open(let session): return session
        case .expired: throw .sessionExpired
        case .unknown: throw Scope(agent: agent, session: nil).absence(for: operation)
        }
    }

    /// Every account that fits the choice and that the caller may use for all these operations.
    mutating func accounts(
        fitting choice: AccountChoice, in scope: Scope, for operations: [Operation]
    ) -> [AccountPlace] {
        let places: [AccountPlace]
        if let reference = choice.reference {
            places = directory.find(reference)
        } else if let session = scope.session {
            let pinned = Set(session.pinned.values.joined().compactMap { directory.slot(id: $0) })
            places = directory.inOrder(pinned).flatMap { directory.places(of: $0) }
        } else {
            places = directory.orderedSlots().flatMap { directory.places(of: $0) }
        }
        return places.filter { isUsable($0, choice, in: scope, for: operations) }
    }

    private func isUsable(
        _ place: AccountPlace, _ choice: AccountChoice, in scope: Scope, for operations: [Operation]
    ) -> Bool {
        guard let connection = directory[place.slot], choice.fits(connection) else { return false }
        return operations.allSatisfy { scope.allows($0, connection) }
    }

    /// The one account that fits; several are an error that lists them, for nothing is ever chosen silently.
    mutating func account(
        fitting choice: AccountChoice, in scope: Scope, for operations: [Operation], now: BootInstant
    ) throws(RPCError) -> AccountPlace {
        if let reference = choice.reference, let place = directory.onlyAccount(id: reference) {
            guard isUsable(place, choice, in: scope, for: operations) else { throw scope.absence(for: operations[0]) }
            return place
        }
        let places = accounts(fitting: choice, in: scope, for: operations)
        guard let first = places.first else { throw scope.absence(for: operations[0]) }
        let mustChoose = scope.session?.requiresExplicitSelection == true && choice.reference == nil
        guard places.count == 1, !mustChoose else { throw .ambiguousAccount(candidates(places, now: now)) }
        return first
    }

    /// The one connection that fits, whichever of its accounts was named.
    mutating func connection(
        _ reference: String, in scope: Scope, for operation: Operation, now: BootInstant
    ) throws(RPCError) -> Int {
        let places = accounts(fitting: AccountChoice(reference: reference), in: scope, for: [operation])
        guard let first = places.first else { throw scope.absence(for: operation) }
        guard places.allSatisfy({ $0.slot == first.slot }) else {
            throw .ambiguousAccount(candidates(places, now: now))
        }
        return first.slot
    }

    func candidates(_ places: [AccountPlace], now: BootInstant) -> [JSONTree] {
        places.map { candidate($0, now: now) }
    }

    private func candidate(_ place: AccountPlace, now: BootInstant) -> JSONTree {
        guard let connection = directory[place.slot] else { return nil }
        let account = connection.accounts.indices.contains(place.index) ? connection.accounts[place.index] : nil
        return [
            "connectionId": .string(connection.id),
            "alias": connection.alias.map { .string($0) } ?? nil,
            "accountIdentifier": account.map { .string($0.identifier) } ?? nil,
            "displayName": account.map { .string($0.displayName) } ?? nil,
            "provider": .string(connection.provider),
            "toolkit": .string(connection.toolkit),
            "userId": .string(connection.userID),
            "status": .string(connection.standing.status(at: now).status.rawValue),
        ]
    }
}

extension ConnectionDirectory {
    /// These slots in the order of creation: time, then id.
    fileprivate func inOrder(_ slots: Set<Int>) -> [Int] {
        slots.compactMap { slot in self[slot].map { (slot, $0.createdAt, $0.id) } }
            .sorted { ($0.1, $0.2) < ($1.1, $1.2) }
            .map(\.0)
    }
}
