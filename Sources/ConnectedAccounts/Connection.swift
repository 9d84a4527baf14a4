/// What a connection gives access to: usually one; a Xero grant has one for each organisation.
package struct Account: Sendable, Equatable {
    /// The provider's stable identifier, by which an account is chosen deliberately.
    package var identifier: String
    package var displayName: String
    /// The provider's own members, in the order to show, each value as JSON text.
    package var fields: [Field]

    package struct Field: Sendable, Equatable {
        package var name: String
        package var json: String
        /// The value if it is a plain string, for templates such as `{instanceUrl}`.
        package var text: String?

        package init(name: String, json: String, text: String?) {
            self.name = name
            self.json = json
            self.text = text
        }
    }

    /// Names that the wire contract gives to other members of an account: no field may have them.
    package static let reservedNames: Set<String> = [
        "connectionId", "accountIdentifier", "provider", "toolkit", "accessToken", "accessTokenExpiresAt", "apiKey",
        "username", "password", "token", "scopes", "connectedAt", "status", "statusReason", "generation", "authScheme",
        "apiBaseURL", "headers", "query", "clientId", "clientSecret",
    ]

    package init(identifier: String, displayName: String, fields: [Field] = []) {
        self.identifier = identifier
        self.displayName = displayName
        self.fields = fields
    }
}

/// One user's grant at one provider, without its secrets.
package struct Connection: Sendable, Equatable {
    package let id: String
    package let userID: String
    package let authConfigID: String
    package let provider: String
    package let toolkit: String
    package let authScheme: AuthScheme
    package var alias: String?
    package var accounts: [Account]
    package var scopes: String
    package var standing = ConnectionStanding()
    package let createdAt: WallInstant
    package var updatedAt: WallInstant
    package var connectedAt: WallInstant
    package var lastRefreshedAt: WallInstant?
    /// The provider's identifiers of the accounts that outlive a renaming; empty until they were read.
    package var subjects: Set<String> = []

    package init(
        id: String, userID: String, authConfigID: String, provider: String, toolkit: String, authScheme: AuthScheme,
        alias: String?, accounts: [Account], scopes: String, createdAt: WallInstant
    ) {
        self.id = id
        self.userID = userID
        self.authConfigID = authConfigID
        self.provider = provider
        self.toolkit = toolkit
        self.authScheme = authScheme
        self.alias = alias
        self.accounts = accounts
        self.scopes = scopes
        self.createdAt = createdAt
        self.updatedAt = createdAt
        self.connectedAt = createdAt
    }

    package var generation: UInt64 { standing.life?.generation ?? 0 }

    /// Who shares what the provider thinks of the client: all of an auth config, but each by itself where each signs with
    /// a key of its own.
    package var registration: String { authScheme.signsAssertions ? id : authConfigID }
}

/// One account of one connection: what a caller chooses.
package struct AccountPlace: Sendable, Hashable {
    /// The connection's slot in the directory.
    package var slot: Int
    /// The account's index in the connection.
    package var index: Int

    package init(slot: Int, index: Int) {
        self.slot = slot
        self.index = index
    }
}

/// All connections, found by id, alias or selector in constant time.
package struct ConnectionDirectory: Sendable {
    private var slots: [Connection?] = []
    private var free: [Int] = []
    private var byID: [String: Int] = [:]
    /// Aliases and account identifiers; a name may stand for several.
    private var byName: [String: [Int]] = [:]
    private var order: [Int]?
    /// By slot: grows with each change of what is in it.
    private var versions: [UInt64] = []
    /// The slots that changed, while somebody wants to know.
    private var noted: Set<Int>?
    /// By id.
    package var unsaved = UnsavedKeys()

    package init() {}

    /// From now on notes which slots change, or no longer.
    package mutating func noteChanges(_ isWanted: Bool) {
        noted = isWanted ? noted ?? [] : nil
    }

    /// Something that is saved with a connection has changed outside of it.
    package mutating func noteUnsaved(_ id: String) { unsaved.note(id) }

    /// Notes every slot in use, while somebody wants to know.
    package mutating func noteAll() {
        let all = used
        noted?.formUnion(all)
    }

    package var hasNotedChanges: Bool { noted?.isEmpty == false }

    /// The slots that changed since the last time, in order; at most one entry a slot.
    package mutating func takeNotedChanges() -> [Int] {
        guard let changes = noted, !changes.isEmpty else { return [] }
        noted = []
        return changes.sorted()
    }

    /// Differs after each change of the connection in the slot, also when another one has taken its place.
    package func version(_ slot: Int) -> UInt64 {
        versions.indices.contains(slot) ? versions[slot] : 0
    }

    private mutating func changed(_ slot: Int, id: String) {
        unsaved.note(id)
        while versions.count <= slot { versions.append(0) }
        versions[slot] += 1
        noted?.insert(slot)
    }

    package var count: Int { byID.count }

    /// In the order of creation: time, then id. Sorted anew only after connections came or went.
    package mutating func orderedSlots() -> [Int] {
        if let order { return order }
        let sorted = used.sorted { left, right in
            guard let one = slots[left], let other = slots[right] else { return left < right }
            return (one.createdAt, one.id) < (other.createdAt, other.id)
        }
        order = sorted
        return sorted
    }

    /// The slots in use, in no particular order.
    package var used: [Int] { slots.indices.filter { slots[$0] != nil } }

    package subscript(slot: Int) -> Connection? {
        slots.indices.contains(slot) ? slots[slot] : nil
    }

    package func slot(id: String) -> Int? { byID[id] }

    /// The account of the connection with this id, if it has one and no more.
    package func onlyAccount(id: String) -> AccountPlace? {
        guard let slot = byID[id], slots[slot]?.accounts.count == 1 else { return nil }
        return AccountPlace(slot: slot, index: 0)
    }

    /// The life of the token that the connection may hand out now; nil where there is none. This and ``onlyAccount(id:)``
    /// are on the way of each call: they copy no connection.
    package func servedLife(_ slot: Int, at now: BootInstant) -> TokenLife? {
        guard slots.indices.contains(slot), slots[slot]?.standing.servesToken(at: now) == true else { return nil }
        return slots[slot]?.standing.life
    }

    /// Replaces the connection of the same id, or takes a new one in; returns its slot.
    package mutating func put(_ connection: Connection) -> Int {
        if let slot = byID[connection.id] {
            if slots[slot]?.createdAt != connection.createdAt { order = nil }
            forgetNames(of: slot)
            slots[slot] = connection
            learnNames(of: slot)
            changed(slot, id: connection.id)
            return slot
        }
        order = nil
        let slot = free.popLast() ?? slots.count
        if slot == slots.count { slots.append(connection) } else { slots[slot] = connection }
        byID[connection.id] = slot
        learnNames(of: slot)
        changed(slot, id: connection.id)
        return slot
    }

    /// Changes a connection in place; one that gets another alias or other accounts is found by these.
    package mutating func update(_ slot: Int, _ change: (inout Connection) -> Void) {
        guard slots.indices.contains(slot), var connection = slots[slot].take() else { return }
        let (alias, accounts) = (connection.alias, connection.accounts)
        change(&connection)
        let isRenamed =
            connection.alias != alias || !connection.accounts.elementsEqual(accounts) { $0.identifier == $1.identifier }
        if isRenamed { forget(Self.names(alias: alias, accounts: accounts), of: slot) }
        slots[slot] = connection
        if isRenamed { learnNames(of: slot) }
        changed(slot, id: connection.id)
    }

    package mutating func remove(_ slot: Int) {
        guard let connection = self[slot] else { return }
        forgetNames(of: slot)
        byID[connection.id] = nil
        slots[slot] = nil
        order = nil
        changed(slot, id: connection.id)
        free.append(slot)
    }

    /// Every account that the reference may mean: the connection of that id, else all with that alias or selector.
    ///
    /// A connection that has no account yet stands for itself, as its first one.
    package func find(_ reference: String) -> [AccountPlace] {
        if let slot = byID[reference] { return named(slot) }
        return (byName[reference] ?? []).flatMap { slot -> [AccountPlace] in
            guard let connection = slots[slot] else { return [] }
            if connection.alias == reference { return named(slot) }
            return connection.accounts.indices.filter { connection.accounts[$0].identifier == reference }
                .map { AccountPlace(slot: slot, index: $0) }
        }
    }

    private func named(_ slot: Int) -> [AccountPlace] {
        let places = places(of: slot)
        return places.isEmpty ? [AccountPlace(slot: slot, index: 0)] : places
    }

    package func places(of slot: Int) -> [AccountPlace] {
        guard let connection = self[slot] else { return [] }
        return connection.accounts.indices.map { AccountPlace(slot: slot, index: $0) }
    }

    private static func names(alias: String?, accounts: [Account]) -> Set<String> {
        Set(accounts.map(\.identifier)).union(alias.map { [$0] } ?? [])
    }

    private mutating func learnNames(of slot: Int) {
        guard let connection = slots[slot] else { return }
        for name in Self.names(alias: connection.alias, accounts: connection.accounts) {
            byName[name, default: []].append(slot)
        }
    }

    private mutating func forgetNames(of slot: Int) {
        guard let connection = slots[slot] else { return }
        forget(Self.names(alias: connection.alias, accounts: connection.accounts), of: slot)
    }

    private mutating func forget(_ names: Set<String>, of slot: Int) {
        for name in names {
            byName[name]?.removeAll { $0 == slot }
            if byName[name]?.isEmpty == true { byName[name] = nil }
        }
    }
}
