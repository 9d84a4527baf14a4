@testable import ConnectedAccounts

/// The broker's part: reports the answers, commits the tokens.
extension RefreshSimulation {
    mutating func answer(_ flight: Flight) {
        let slot = flight.ticket.slot
        provider.settle(token: flight.token, flight.fate)
        let isSame = seats[slot].isPresent && seats[slot].connection == flight.connection
        if isSame { seats[slot].underWay -= 1 }
        let counts = isSame && seats[slot].login == flight.login
        if scheduler.awaits(flight.ticket) != counts { fail("R3: an answer is awaited wrongly") }
        if report(flight) != counts { fail("R3: \(flight.fate) counted wrongly") }
        if counts { take(flight) }
        if random.chance(5), scheduler.failed(flight.ticket, failure: .uncertain(.answering), now: now, jitter: 0) {
            fail("a ticket ended twice")
        }
    }

    mutating func report(_ flight: Flight) -> Bool {
        let jitter = random.unit()
        let failure: RefreshScheduler.Failure
        switch flight.fate {
        case .granted(_, let lifetime):
            let life = TokenLife(
                generation: flight.ticket.generation + 1, obtainedAt: flight.ticket.sentAt, lifetime: lifetime,
                isRefreshable: true)
            return scheduler.succeeded(flight.ticket, life: life, now: now, jitter: jitter)
        case .unsent: return scheduler.abandoned(flight.ticket, now: now, jitter: jitter)
        case .lost: failure = .uncertain(.failing(retryAfter: nil))
        case .rejected: failure = .dead(StatusReason("invalid_grant"))
        case .badClient: failure = .brokenApp(StatusReason("invalid_client"))
        case .unavailable(let endpointWide, let retryAfter):
            failure = .transient(endpointWide: endpointWide, retryAfter: retryAfter)
        case .stillFailing(let seen): failure = .stillFailing(seen, retryAfter: nil)
        case .lostWithinGrace: failure = .transient(endpointWide: true, retryAfter: nil)
        }
        return scheduler.failed(flight.ticket, failure: failure, now: now, jitter: jitter)
    }

    /// The broker's part: commits, or notes what the failure means.
    mutating func take(_ flight: Flight) {
        let slot = flight.ticket.slot
        switch flight.fate {
        case .granted(let token, let lifetime):
            seats[slot].token = token
            seats[slot].generation += 1
            seats[slot].isAskedFor = false
            seats[slot].wasPaused = seats[slot].standing.isDisabled
            seats[slot].standing.lastFailure = nil
            hold(slot, lifetime: lifetime, since: flight.ticket.sentAt)
        case .lost: seats[slot].standing.verdict = .uncertain
        case .rejected(let isRevocation):
            let reason = StatusReason("invalid_grant")
            seats[slot].standing.verdict = isRevocation ? .revoked(reason) : .rejected(reason)
        case .badClient: seats[slot].standing.lastFailure = StatusReason("invalid_client")
        case .unavailable, .stillFailing, .lostWithinGrace, .unsent:
            seats[slot].standing.lastFailure = .upstreamUnavailable
        }
    }

    mutating func hold(_ slot: Int, lifetime: Duration?, since obtainedAt: BootInstant) {
        seats[slot].standing.life = TokenLife(
            generation: seats[slot].generation, obtainedAt: obtainedAt, lifetime: lifetime, isRefreshable: true)
        seats[slot].servedUntil = lifetime.map { obtainedAt.nanoseconds + $0.nanoseconds }
    }
}
