import HeapModule

/// What may go now, and when to look again.
extension RefreshScheduler {
    /// Everything that may be sent now. Call again at ``nextWake(now:)``, and after each report.
    package mutating func due(now: BootInstant) -> [Ticket] {
        guard !isDraining else { return [] }
        // What is not waited for any more goes as well, so that ``nextWake(now:)`` after this is a real one.
        while let wake = wakes.min {
            let isWaited = isWaiting(wake.place)
            guard wake.at <= now || !isWaited else { break }
            wakes.removeMin()
            if isWaited { enqueue(wake.place.slot, urgent: false) }
        }
        var tickets: [Ticket] = []
        for endpoint in openEndpoints(now) { admit(endpoint, now: now, into: &tickets) }
        for app in appsToProbe() {
            guard let endpoint = probe(app, now: now) else { continue }
            admit(endpoint, now: now, into: &tickets)
        }
        return tickets
    }

    /// When ``due(now:)`` will have something to do, if nothing else happens before.
    package func nextWake(now: BootInstant) -> BootInstant? {
        guard !isDraining else { return nil }
        var earliest = wakes.min?.at
        func consider(_ instant: BootInstant?) {
            guard let instant else { return }
            earliest = min(earliest ?? instant, instant)
        }
        for gate in endpoints.values where gate.waiting > 0 { consider(gate.opensAt(now)) }
        for gate in apps.values where lacksProbe(gate) { consider(gate.retryAt) }
        return earliest
    }

    /// In a fixed order: the same calls give the same tickets.
    private func openEndpoints(_ now: BootInstant) -> [String] {
        var open: [String] = []
        for (endpoint, gate) in endpoints where gate.waiting > 0 && gate.opensAt(now) == now { open.append(endpoint) }
        return open.sorted()
    }

    private func appsToProbe() -> [String] {
        var broken: [String] = []
        for (app, gate) in apps where lacksProbe(gate) { broken.append(app) }
        return broken.sorted()
    }

    /// A chosen probe whose connection moved on counts no more.
    private func lacksProbe(_ gate: AppGate) -> Bool {
        guard gate.isBroken else { return false }
        return gate.lacksProbe || gate.waiting > 0 && gate.chosenProbe.map { !isWaiting($0) } ?? false
    }

    /// Puts the app's next probe in line; returns the endpoint where it stands.
    private mutating func probe(_ app: String, now: BootInstant) -> String? {
        if let chosen = apps[app]?.chosenProbe, !isWaiting(chosen) { apps[app]?.probeLost() }
        let entries = entries
        let place = apps[app]?.chooseProbe(now) { entries[$0.slot]?.turn == $0.turn }
        guard let place, let endpoint = entries[place.slot]?.endpoint else { return nil }
        endpoints[endpoint]?.enqueue(place, urgent: true)
        return endpoint
    }

    private mutating func admit(_ endpoint: String, now: BootInstant, into tickets: inout [Ticket]) {
        while let place = endpoints[endpoint]?.next(now) {
            guard isWaiting(place), let entry = entries[place.slot] else { continue }
            guard let app = apps[entry.app], app.admits(place) else {
                park(place, in: entry.app)
                continue
            }
            // A refresh of the tokens before the login is still under way: its end puts this one in line again.
            guard entry.flight == nil else { continue }
            move(place.slot, to: .inFlight)
            flights.insert(lastTurn)
            use(endpoint: endpoint, app: entry.app)
            entries[place.slot]?.flight = lastTurn
            let asksFirst = endpoints[endpoint]?.sent(now: now) ?? false
            apps[entry.app]?.sent(place, turn: lastTurn)
            tickets.append(
                Ticket(
                    slot: place.slot, generation: entry.life.generation, sentAt: now, asksFirst: asksFirst,
                    isTakenOver: false, turn: lastTurn, endpoint: endpoint, app: entry.app, appEdition: app.edition))
        }
    }
}
