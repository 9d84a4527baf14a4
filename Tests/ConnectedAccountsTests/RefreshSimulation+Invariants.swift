@testable import ConnectedAccounts

/// What must hold, after each event and at the end.
extension RefreshSimulation {
    mutating func check() {
        if scheduler.inFlight != flights.count { fail("\(scheduler.inFlight) under way, not \(flights.count)") }
        for slot in seats.indices where seats[slot].isPresent {
            let seat = seats[slot]
            var isWithdrawn = seat.standing.isDisabled
            if case .revoked = seat.standing.verdict { isWithdrawn = true }
            let isLiving = seat.servedUntil.map { now.nanoseconds < $0 } ?? true
            if seat.standing.servesToken(at: now) != (isLiving && !isWithdrawn) {
                fail("R4: token of connection \(slot) withheld, or served beyond its life")
            }
            let grant = provider.grants[seat.grant]
            if seat.underWay == 0, seat.standing.verdict == nil, grant.isDead || !isKnown(seat.token, to: grant) {
                fail("R2: connection \(slot) lost its refresh token")
            }
            if scheduler.isInFlight(slot), seat.underWay != 1 { fail("connection \(slot) is not under way") }
        }
    }

    func isKnown(_ token: Int, to grant: SimulatedProvider.Grant) -> Bool {
        token == grant.current || token == grant.graceful
    }

    /// All trouble is over: whoever can have a token gets one without being asked for, and nothing waits any more.
    mutating func recover() {
        provider.isWell = true
        for endpoint in provider.isDown.indices { provider.isDown[endpoint] = false }
        for app in provider.rejectsApp.indices {
            provider.rejectsApp[app] = false
            if random.chance(50) { scheduler.appChanged("\(app)") }
        }
        look()
        // The longest back-off and Retry-After, a probe's way, and the lines.
        advance(by: .seconds(1200))
        check()
        for slot in seats.indices where seats[slot].isPresent {
            let standing = seats[slot].standing
            guard standing.verdict == nil, !standing.isDisabled else { continue }
            if standing.status(at: now).status != .active { fail("connection \(slot) does not recover") }
            guard seats[slot].underWay == 0, !seats[slot].wasPaused else { continue }
            if standing.lastFailure != nil || scheduler.failures(slot) != 0 {
                fail("connection \(slot) is not tried again")
            }
        }
    }

    mutating func end() {
        for slot in seats.indices { demand(slot) }
        look()
        scheduler.drain()
        now = now.advanced(by: .seconds(100_000))
        land()
        if !scheduler.due(now: now).isEmpty || scheduler.nextWake(now: now) != nil {
            fail("something starts after the drain")
        }
        if scheduler.inFlight != 0 || !flights.isEmpty { fail("a ticket never ended") }
        if scheduler.gatesUnderWay != 0 { fail("the gates do not come back to zero") }
        for slot in seats.indices { scheduler.remove(slot) }
        if scheduler.queued != 0 { fail("a removed connection stands in line") }
    }
}
