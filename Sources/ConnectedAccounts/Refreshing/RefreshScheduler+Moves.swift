import HeapModule

/// How a connection gets from one phase to another: each move gives it a new turn, so that what is late finds nobody.
extension RefreshScheduler {
    func isWaiting(_ place: Place) -> Bool { entries[place.slot]?.turn == place.turn }

    mutating func move(_ slot: Slot, to phase: RefreshPhase) {
        lastTurn += 1
        entries[slot]?.move(to: phase, turn: lastTurn)
    }

    /// Idle until the token is due.
    mutating func settle(_ slot: Slot) {
        move(slot, to: .idle)
        if let due = entries[slot]?.due { wake(slot, at: due) }
    }

    mutating func tryAgain(_ slot: Slot, after wait: Duration, now: BootInstant, jitter: Double) {
        let failures = (entries[slot]?.failures ?? 0) + 1
        entries[slot]?.failures = failures
        let pause = max(Backoff.fullJitter(failures: failures, jitter: jitter), wait)
        backOff(slot, until: now.advanced(by: pause))
    }

    mutating func backOff(_ slot: Slot, until: BootInstant) {
        move(slot, to: .backingOff(until: until))
        guard let entry = entries[slot] else { return }
        guard entry.isSuspended else { return wake(slot, at: until) }
        if let due = entry.due { wake(slot, at: max(due, until)) }
    }

    /// The registration was rejected: waits with the others, unless it was changed since.
    mutating func awaitApp(_ slot: Slot) {
        guard let entry = entries[slot] else { return }
        guard !entry.isSuspended else { return settle(slot) }
        guard apps[entry.app]?.isBroken == true else { return enqueue(slot, urgent: false) }
        move(slot, to: .queued)
        park(Place(slot: slot, turn: lastTurn), in: entry.app)
    }

    mutating func wake(_ slot: Slot, at instant: BootInstant) {
        guard let entry = entries[slot] else { return }
        move(slot, to: entry.phase)
        entries[slot]?.wakeAt = instant
        if wakes.count >= sweepWakesAt {
            wakes = Heap(wakes.unordered.filter { isWaiting($0.place) })
            sweepWakesAt = 2 * wakes.count + 64
        }
        wakes.insert(Wake(at: instant, place: Place(slot: slot, turn: lastTurn)))
    }

    mutating func enqueue(_ slot: Slot, urgent: Bool) {
        move(slot, to: .queued)
        guard let endpoint = entries[slot]?.endpoint else { return }
        entries[slot]?.isUrgent = urgent
        endpoints[endpoint]?.enqueue(Place(slot: slot, turn: lastTurn), urgent: urgent)
        guard endpoints[endpoint]?.isCrowded == true else { return }
        let entries = entries
        endpoints[endpoint]?.sweep { entries[$0.slot]?.turn == $0.turn }
    }

    mutating func park(_ place: Place, in app: String) {
        apps[app]?.park(place)
        guard apps[app]?.isCrowded == true else { return }
        let entries = entries
        apps[app]?.sweep { entries[$0.slot]?.turn == $0.turn }
    }

    /// Those who waited for their app stand in line again, the awaited ones in front.
    mutating func readmit(_ places: [Place]) {
        for place in places where isWaiting(place) {
            enqueue(place.slot, urgent: entries[place.slot]?.isUrgent ?? false)
        }
    }

    // MARK: Gates

    /// One more connection, or refresh under way, has to do with these gates.
    mutating func use(endpoint: String, app: String) {
        endpoints[endpoint, default: EndpointGate()].users += 1
        apps[app, default: AppGate()].users += 1
    }

    /// One less. A gate that nobody uses is gone with all that was known of it: a mended address leaves no failing one
    /// behind.
    mutating func leave(endpoint: String, app: String) {
        endpoints[endpoint]?.users -= 1
        if endpoints[endpoint]?.users == 0 { endpoints[endpoint] = nil }
        apps[app]?.users -= 1
        if apps[app]?.users == 0 { apps[app] = nil }
    }
}
