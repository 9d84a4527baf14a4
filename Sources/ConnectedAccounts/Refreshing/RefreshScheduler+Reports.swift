/// How a ticket ends, and what its end means for its connection, its endpoint and its app.
extension RefreshScheduler {
    /// The provider gave new tokens. Returns false if they came too late: the connection is gone or was connected anew
    /// since.
    package mutating func succeeded(_ ticket: Ticket, life: TokenLife, now: BootInstant, jitter: Double) -> Bool {
        guard land(ticket) else { return false }
        defer { leave(endpoint: ticket.endpoint, app: ticket.app) }
        endpoints[ticket.endpoint]?.answered(now: now)
        appWorks(ticket)
        guard isCurrent(ticket) else { return false }
        entries[ticket.slot]?.life = life
        entries[ticket.slot]?.jitter = jitter
        entries[ticket.slot]?.failures = 0
        entries[ticket.slot]?.restsUntil = now.advanced(by: Self.rest)
        settle(ticket.slot)
        return true
    }

    /// The refresh failed. Returns false if the failure concerns nobody any more: it counts only against the generation
    /// presented. What was not sent, since there was nothing to send, says nothing of the endpoint.
    package mutating func failed(
        _ ticket: Ticket, failure: Failure, wasSent: Bool = true, now: BootInstant, jitter: Double
    ) -> Bool {
        guard land(ticket) else { return false }
        defer { leave(endpoint: ticket.endpoint, app: ticket.app) }
        report(failure, of: ticket, wasSent: wasSent, now: now, jitter: jitter)
        guard isCurrent(ticket) else { return false }
        switch failure {
        case .dead(let reason): move(ticket.slot, to: .halted(reason))
        case .uncertain: move(ticket.slot, to: .halted(.uncertain))
        case .brokenApp: awaitApp(ticket.slot)
        case .stillFailing(_, let retryAfter):
            tryAgain(ticket.slot, after: Backoff.bounded(retryAfter: retryAfter) ?? .zero, now: now, jitter: jitter)
        case .transient(_, let retryAfter, let resendAfter):
            let asked = Backoff.bounded(retryAfter: retryAfter) ?? .zero
            tryAgain(ticket.slot, after: max(asked, resendAfter ?? .zero), now: now, jitter: jitter)
        }
        return true
    }

    /// Nothing was sent for the ticket after all: the connection backs off, and the endpoint's health is what it was.
    package mutating func abandoned(_ ticket: Ticket, now: BootInstant, jitter: Double) -> Bool {
        guard land(ticket) else { return false }
        defer { leave(endpoint: ticket.endpoint, app: ticket.app) }
        endpoints[ticket.endpoint]?.unsent()
        apps[ticket.app]?.probeEnded(turn: ticket.turn, now: now, jitter: jitter)
        guard isCurrent(ticket) else { return false }
        tryAgain(ticket.slot, after: .zero, now: now, jitter: jitter)
        return true
    }

    /// Tells the gates, which are concerned even if the connection is not.
    private mutating func report(
        _ failure: Failure, of ticket: Ticket, wasSent: Bool, now: BootInstant, jitter: Double
    ) {
        switch failure {
        case .dead where !wasSent: endpoints[ticket.endpoint]?.unsent()
        case .dead:
            endpoints[ticket.endpoint]?.answered(now: now)
            appWorks(ticket)
            return
        case .brokenApp(let reason):
            if wasSent { endpoints[ticket.endpoint]?.answered(now: now) } else { endpoints[ticket.endpoint]?.unsent() }
            guard apps[ticket.app]?.edition == ticket.appEdition else { return }
            apps[ticket.app]?.broke(reason, turn: ticket.turn, now: now, jitter: jitter)
            return
        case .transient(endpointWide: false, _, _):
            endpoints[ticket.endpoint]?.answered(now: now)
        case .transient(endpointWide: true, let retryAfter, _):
            let asked = Backoff.bounded(retryAfter: retryAfter)
            endpoints[ticket.endpoint]?.failed(retryAfter: asked, now: now, jitter: jitter)
        case .stillFailing(let seen, let retryAfter):
            let asked = Backoff.bounded(retryAfter: retryAfter)
            endpoints[ticket.endpoint]?.stillFailing(seen, retryAfter: asked, now: now, jitter: jitter)
        case .uncertain(.failing(let retryAfter)):
            let asked = Backoff.bounded(retryAfter: retryAfter)
            endpoints[ticket.endpoint]?.lostAnswer(retryAfter: asked, now: now, jitter: jitter)
        case .uncertain(.answering): endpoints[ticket.endpoint]?.answered(now: now)
        case .uncertain(.notAsked): endpoints[ticket.endpoint]?.unsent()
        }
        apps[ticket.app]?.probeEnded(turn: ticket.turn, now: now, jitter: jitter)
    }

    /// The provider looked at the grant, so it accepted the registration.
    private mutating func appWorks(_ ticket: Ticket) {
        guard apps[ticket.app]?.edition == ticket.appEdition else { return }
        readmit(apps[ticket.app]?.mended() ?? [])
    }

    /// Ends the ticket's flight; false if it was ended before. What waited for its end goes on.
    private mutating func land(_ ticket: Ticket) -> Bool {
        guard flights.remove(ticket.turn) != nil else { return false }
        if ticket.isTakenOver { endpoints[ticket.endpoint]?.landsTakenOver() }
        guard let entry = entries[ticket.slot], entry.flight == ticket.turn else { return true }
        entries[ticket.slot]?.flight = nil
        if entry.phase == .queued { enqueue(ticket.slot, urgent: entry.isUrgent) }
        return true
    }

    /// Whether the ticket's end still concerns its connection.
    package func awaits(_ ticket: Ticket) -> Bool { flights.contains(ticket.turn) && isCurrent(ticket) }

    private func isCurrent(_ ticket: Ticket) -> Bool { entries[ticket.slot]?.turn == ticket.turn }
}
