import HeapModule

/// Decides when which connection's tokens are refreshed: one refresh per connection at a time, proactive, bounded per
/// endpoint.
///
/// A value without clock, randomness or I/O: instants and jitter come in, tickets to send come out, the same calls give
/// the same tickets. Whoever sends one reports its end with ``succeeded(_:life:now:jitter:)``,
/// ``failed(_:failure:now:jitter:)`` or ``abandoned(_:now:jitter:)``, exactly once; a second report changes nothing.
package struct RefreshScheduler: Sendable {
    struct Wake: Comparable {
        var at: BootInstant
        var place: Place

        static func < (left: Wake, right: Wake) -> Bool { left.at < right.at }
    }

    var entries: [Slot: RefreshEntry] = [:]
    var wakes = Heap<Wake>()
    var sweepWakesAt = 64
    var endpoints: [String: EndpointGate] = [:]
    var apps: [String: AppGate] = [:]
    /// Turns of the tickets whose end was not reported yet.
    var flights: Set<UInt64> = []
    var lastTurn: UInt64 = 0
    /// Set at shutdown: what is under way may finish, nothing new starts.
    var isDraining = false

    /// Between a success and the next refresh of the same connection, however short its tokens live.
    static let rest: Duration = .seconds(1)

    package init() {}

    // MARK: Connections

    /// Takes a connection in, or its new token set after a login: earlier failures and a suspension count no more.
    ///
    /// A refresh that still presents the tokens before is waited for. With the generation that is known already only
    /// the endpoint, the app and the timing are taken over: what is known of these tokens, and a refresh under way,
    /// stands.
    package mutating func put(
        _ slot: Slot, endpoint: String, app: String, timing: RefreshTiming, life: TokenLife, now: BootInstant,
        jitter: Double
    ) {
        use(endpoint: endpoint, app: app)
        let known = entries[slot]
        defer { if let known { leave(endpoint: known.endpoint, app: known.app) } }
        guard var entry = known, entry.life.generation == life.generation else {
            entries[slot] = RefreshEntry(
                endpoint: endpoint, app: app, timing: timing, life: life, jitter: jitter, flight: known?.flight)
            return settle(slot)
        }
        (entry.endpoint, entry.app, entry.timing, entry.life) = (endpoint, app, timing, life)
        entries[slot] = entry
        switch entry.phase {
        case .idle: settle(slot)
        case .queued: enqueue(slot, urgent: entry.isUrgent)
        case .backingOff, .inFlight, .halted: break
        }
    }

    /// What was known of a connection before the process was restarted, after it was put: its failures in a row, and what
    /// halts it. One that had failed begins again with the shortest back-off of its count.
    package mutating func restore(
        _ slot: Slot, failures: Int, halted: StatusReason?, resendAfter: Duration?, now: BootInstant, jitter: Double
    ) {
        guard entries[slot] != nil else { return }
        if let halted { return move(slot, to: .halted(halted)) }
        guard failures > 0 || resendAfter != nil else { return }
        entries[slot]?.failures = max(0, failures - 1)
        tryAgain(slot, after: resendAfter ?? .zero, now: now, jitter: jitter)
    }

    /// The connection's refresh was sent before the process was restarted, and its answer is still to come: after it was
    /// put. Gives its ticket, whose end is to be reported like any other's; nil if there is no such connection.
    package mutating func takeOver(_ slot: Slot, failures: Int, sentAt: BootInstant) -> Ticket? {
        guard entries[slot]?.flight == nil else { return nil }
        move(slot, to: .inFlight)
        guard let entry = entries[slot] else { return nil }
        flights.insert(lastTurn)
        use(endpoint: entry.endpoint, app: entry.app)
        entries[slot]?.flight = lastTurn
        entries[slot]?.failures = failures
        endpoints[entry.endpoint]?.tookOver()
        return Ticket(
            slot: slot, generation: entry.life.generation, sentAt: sentAt, asksFirst: false, isTakenOver: true,
            turn: lastTurn, endpoint: entry.endpoint, app: entry.app, appEdition: apps[entry.app]?.edition ?? 0)
    }

    /// The connection's endpoint failed before the process was restarted: it is asked before anything is presented to it.
    package mutating func endpointWasFailing(of slot: Slot) {
        guard let endpoint = entries[slot]?.endpoint else { return }
        endpoints[endpoint]?.wasFailing()
    }

    /// What held the connection back was a mistake in the configuration, nothing of the provider's: it is due as before.
    package mutating func mended(_ slot: Slot, failures: Int) {
        guard let entry = entries[slot], case .backingOff = entry.phase else { return }
        settle(slot)
        entries[slot]?.failures = failures
    }

    package mutating func remove(_ slot: Slot) {
        guard let entry = entries.removeValue(forKey: slot) else { return }
        leave(endpoint: entry.endpoint, app: entry.app)
    }

    /// Stops proactive refreshes but those that keep the grant alive; one under way may finish.
    package mutating func suspend(_ slot: Slot) {
        guard let entry = entries[slot], !entry.isSuspended else { return }
        entries[slot]?.isSuspended = true
        switch entry.phase {
        case .idle, .queued: settle(slot)
        case .backingOff(let until): backOff(slot, until: until)
        case .inFlight, .halted: break
        }
    }

    /// Ends the suspension; a back-off that was running still holds.
    package mutating func resume(_ slot: Slot, jitter: Double) {
        guard let entry = entries[slot], entry.isSuspended else { return }
        entries[slot]?.isSuspended = false
        entries[slot]?.jitter = jitter
        switch entry.phase {
        case .idle: settle(slot)
        case .backingOff(let until): backOff(slot, until: until)
        case .queued, .inFlight, .halted: break
        }
    }

    /// The auth config was changed: a registration that was rejected gets another chance at once.
    package mutating func appChanged(_ app: String) {
        readmit(apps[app]?.changed() ?? [])
    }

    /// From now on nothing new is sent.
    package mutating func drain() {
        isDraining = true
    }

    /// Goes on after ``drain()``.
    package mutating func resume() {
        isDraining = false
    }

    // MARK: Demand

    /// A caller needs a newer token than there is: starts a refresh, or joins the one under way.
    package mutating func demand(_ slot: Slot, now: BootInstant) -> Demand {
        guard let entry = entries[slot] else { return .impossible(.credentialsMissing) }
        guard entry.life.isRefreshable else { return .impossible(.noRefreshToken) }
        guard !entry.isSuspended else { return .impossible(.disabledByCaller) }
        switch entry.phase {
        case .halted(let reason): return .impossible(reason)
        case .inFlight: return .underway
        case .backingOff(let until) where until > now: return .notBefore(until, .upstreamUnavailable)
        case .idle where entry.restsUntil > now:
            if entry.wakeAt != entry.restsUntil { wake(slot, at: entry.restsUntil) }
        case .idle, .backingOff: enqueue(slot, urgent: true)
        // Overtakes those for whom nobody waits; its place in their line is found empty.
        case .queued: if !entry.isUrgent { enqueue(slot, urgent: true) }
        }
        return obstacle(entry, now: now)
    }

    /// What holds up a queued refresh, as far as is known.
    private func obstacle(_ entry: RefreshEntry, now: BootInstant) -> Demand {
        if let app = apps[entry.app], let reason = app.reason, let retryAt = app.retryAt, retryAt > now {
            return .notBefore(retryAt, reason)
        }
        if let retryAt = endpoints[entry.endpoint]?.retryAt, retryAt > now {
            return .notBefore(retryAt, .upstreamUnavailable)
        }
        return .underway
    }

    // MARK: To show

    /// When the connection's next refresh is planned, or nil if none is.
    package func nextRefresh(_ slot: Slot) -> BootInstant? {
        entries[slot]?.wakeAt
    }

    /// Failures in a row since the last success.
    package func failures(_ slot: Slot) -> Int {
        entries[slot]?.failures ?? 0
    }

    package func isInFlight(_ slot: Slot) -> Bool {
        entries[slot]?.phase == .inFlight
    }

    /// Tickets whose end was not reported yet.
    package var inFlight: Int { flights.count }

    /// Connections that wait for their endpoint or their app.
    package var queued: Int { entries.values.reduce(0) { $0 + ($1.phase == .queued ? 1 : 0) } }

    /// Under way by the gates' own count.
    var gatesUnderWay: Int { endpoints.values.reduce(0) { $0 + $1.inFlight + $1.takenOver } }

    /// Places held in all lines and the timetable, those given up included.
    var placesHeld: Int {
        wakes.count + endpoints.values.reduce(0) { $0 + $1.waiting } + apps.values.reduce(0) { $0 + $1.waiting }
    }

    /// Of each endpoint that a connection has, or a refresh under way, in order of their keys.
    package func endpointHealth(now: BootInstant) -> [EndpointHealth] {
        endpoints.sorted { $0.key < $1.key }.map { key, gate in
            // Whether it has recovered since is not known before somebody needs it.
            let isCurrent =
                gate.waiting > 0 || gate.inFlight + gate.takenOver > 0 || gate.retryAt.map { $0 > now } ?? false
            return EndpointHealth(
                key: key, consecutiveFailures: isCurrent ? gate.consecutiveFailures : 0,
                retryAt: isCurrent ? gate.retryAt : nil)
        }
    }
}
