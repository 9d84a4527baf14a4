/// What listeners were last told of one connection, and the events by which it differs from what it is now.
///
/// Whether it is disabled and what condition it is in are kept apart: what changes while it is disabled is told when it is
/// enabled.
struct KnownConnection: Sendable {
    let id: String
    let userID: String
    let toolkit: String
    private let createdAt: WallInstant
    /// False while its first link is not completed: then nobody has heard of it.
    private(set) var isAnnounced = false
    private(set) var isDisabled = false
    /// The last status that was neither INITIATED nor INACTIVE.
    private(set) var condition = ConnectionStatus.active
    private(set) var generation: UInt64
    /// The generation whose end was announced as near.
    private var expiring: UInt64?
    /// When time alone may change something.
    var wakeAt: BootInstant?

    /// A connection of which nobody has heard.
    init(_ connection: Connection) {
        id = connection.id
        userID = connection.userID
        toolkit = connection.toolkit
        createdAt = connection.createdAt
        generation = connection.generation
    }

    /// A connection of whose state there is nothing to tell.
    init(_ connection: Connection, knownAt now: BootInstant) {
        self.init(connection)
        _ = beginning(connection, connection.standing.status(at: now).status)
    }

    /// Whether it is the same connection as far as listeners are concerned: who may see it has not changed.
    func isSame(_ connection: Connection) -> Bool {
        id == connection.id && userID == connection.userID && toolkit == connection.toolkit
            && createdAt == connection.createdAt
    }

    /// Takes over what the connection is now, and gives what is to be told of it, in order.
    mutating func compare(
        with connection: Connection, timing: RefreshTiming, now: BootInstant
    ) -> [ConnectionEvent.Kind] {
        guard !connection.standing.isEnding else {
            // Its end is told when it is over, with the state that it was in.
            wakeAt = nil
            return []
        }
        let status = connection.standing.status(at: now).status
        let kinds = isAnnounced ? changes(connection, status, now: now) : beginning(connection, status)
        guard status == .active, let life = connection.standing.life, let end = life.expiresAt else {
            wakeAt = nil
            return kinds
        }
        guard expiring != generation else {
            wakeAt = end
            return kinds
        }
        let warnAt = Self.warning(end, life, connection.standing, timing)
        wakeAt = warnAt <= now ? end : warnAt
        guard warnAt <= now else { return kinds }
        expiring = generation
        return kinds + [.expiring]
    }

    private mutating func beginning(_ connection: Connection, _ status: ConnectionStatus) -> [ConnectionEvent.Kind] {
        guard status != .initiated else { return [] }
        isAnnounced = true
        isDisabled = status == .inactive
        if !isDisabled { condition = status }
        generation = connection.generation
        return [.created]
    }

    private mutating func changes(
        _ connection: Connection, _ status: ConnectionStatus, now: BootInstant
    ) -> [ConnectionEvent.Kind] {
        var kinds: [ConnectionEvent.Kind] = []
        if generation != connection.generation {
            generation = connection.generation
            if connection.standing.life?.hasEnded(at: now) == false { kinds.append(.refreshed) }
        }
        // It is being linked again: told when that ends.
        if status == .initiated { return kinds }
        if isDisabled != (status == .inactive) {
            isDisabled.toggle()
            kinds.append(isDisabled ? .disabled : .enabled)
        }
        guard !isDisabled, condition != status else { return kinds }
        condition = status
        switch status {
        case .active: kinds.append(.recovered)
        case .expired: kinds.append(.expired)
        case .failed: kinds.append(.failed)
        case .revoked: kinds.append(.revoked)
        case .initiated, .inactive: break
        }
        return kinds
    }

    /// When the end of a living token is near enough to be told: at the time by which it should have been refreshed where
    /// no refresh can come, or the last one failed; half-way from there to the end where one is only late.
    private static func warning(
        _ end: BootInstant, _ life: TokenLife, _ standing: ConnectionStanding, _ timing: RefreshTiming
    ) -> BootInstant {
        let margin = timing.margin(for: life.lifetime ?? .zero, jitter: 0)
        let isHopeful = life.isRefreshable && standing.verdict == nil && standing.lastFailure == nil
        return end.advanced(by: isHopeful ? .zero - margin / 2 : .zero - margin)
    }
}
