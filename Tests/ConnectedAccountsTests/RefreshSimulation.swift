@testable import ConnectedAccounts

/// One seeded schedule of everything that can happen to the refreshes of a few connections.
///
/// It keeps its own account of what must be so, and compares after each event. ``run()`` gives the first violation.
struct RefreshSimulation {
    /// A connection as the broker would keep it, and what the test knows beside.
    struct Seat {
        var isPresent = false
        /// Grows when the slot gets another connection.
        var connection = 0
        /// Grows with each login.
        var login = 0
        var grant = 0
        /// The refresh token that was committed.
        var token = 0
        var generation: UInt64 = 0
        var standing = ConnectionStanding()
        var endpoint = 0
        var app = 0
        var underWay = 0
        /// Since the last success: a refresh needs a reason.
        var isAskedFor = false
        /// Since the last success: a pause lets go of what somebody asked for.
        var wasPaused = false
        /// The end of the access token, by the test's own reckoning.
        var servedUntil: Int64?
    }

    struct Flight {
        var end: BootInstant
        var ticket: RefreshScheduler.Ticket
        var connection: Int
        var login: Int
        var grant: Int
        var token: Int
        var fate: SimulatedProvider.Fate
    }

    var random: SeededRandom
    var scheduler = RefreshScheduler()
    var provider: SimulatedProvider
    var seats: [Seat]
    var flights: [Flight] = []
    var now = BootInstant.zero
    var violation: String?
    var looks = 0
    var refreshes = 0
    let events: Int

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        let endpoints = 1 + random.below(2)
        provider = SimulatedProvider(endpoints: endpoints, apps: endpoints + random.below(2))
        // Some schedules are crowded, so that lines form.
        seats = Array(repeating: Seat(), count: random.chance(6) ? 12 + random.below(8) : 1 + random.below(4))
        events = 6 + random.below(14)
    }

    /// Nil if all that must hold held.
    mutating func run() -> String? {
        for slot in seats.indices { logIn(slot) }
        look()
        for _ in 0..<events where violation == nil {
            advance(by: pause())
            act()
            look()
            check()
        }
        if violation == nil { recover() }
        if violation == nil { end() }
        return violation
    }

    mutating func fail(_ words: String) {
        if violation == nil { violation = "at \(now.seconds) s: \(words)" }
    }

    // MARK: Time

    mutating func pause() -> Duration {
        switch random.below(10) {
        case 0, 1: .zero
        case 2: .milliseconds(random.below(1000))
        case 3, 4: .seconds(random.below(10))
        case 5, 6, 7: .seconds(random.below(100))
        default: .seconds(random.below(1000))
        }
    }

    /// Steps by nothing but the scheduler's own wakes and the arrival of answers.
    mutating func advance(by duration: Duration) {
        let target = now.advanced(by: duration)
        while violation == nil {
            var next: BootInstant?
            if let wake = scheduler.nextWake(now: now) {
                if wake <= now { fail("a look leaves something that could go") }
                next = wake
            }
            for flight in flights { next = min(next ?? flight.end, flight.end) }
            guard let next, next <= target else { break }
            now = max(now, next)
            land()
            look()
        }
        now = target
    }

    mutating func land() {
        while let index = flights.firstIndex(where: { $0.end <= now }) {
            let flight = flights.swapRemove(at: index)
            answer(flight)
        }
    }

    // MARK: Sending

    mutating func look() {
        looks += 1
        if looks > 20_000 { return fail("it spins") }
        for ticket in scheduler.due(now: now) { send(ticket) }
    }

    mutating func send(_ ticket: RefreshScheduler.Ticket) {
        refreshes += 1
        let seat = seats[ticket.slot]
        guard seat.isPresent, seat.generation == ticket.generation else { return fail("ticket for tokens of the past") }
        if seat.underWay > 0 { fail("R1: two refreshes of connection \(ticket.slot) at once") }
        if seat.standing.isDisabled { fail("refresh of a disabled connection") }
        if seat.standing.verdict != nil { fail("refresh of a grant that is over") }
        if provider.isSpent(seat.token) { fail("token \(seat.token) is presented twice") }
        if !seat.isAskedFor, let life = seat.standing.life, let lifetime = life.lifetime,
            life.obtainedAt.duration(to: now) < lifetime / 2
        {
            fail("R8: a refresh without need")
        }
        let fate = provider.receive(
            token: seat.token, grant: seat.grant, endpoint: seat.endpoint, app: seat.app,
            asksFirst: ticket.asksFirst, &random)
        seats[ticket.slot].underWay += 1
        flights.append(
            Flight(
                end: now.advanced(by: latency()), ticket: ticket, connection: seat.connection, login: seat.login,
                grant: seat.grant, token: seat.token, fate: fate))
        if flights.count(where: { $0.ticket.endpoint == ticket.endpoint }) > EndpointGate.concurrency {
            fail("more under way than the endpoint's bound")
        }
    }

    mutating func latency() -> Duration {
        switch random.below(5) {
        case 0: .zero
        case 1, 2: .milliseconds(random.below(2000))
        case 3: .seconds(random.below(10))
        default: .seconds(random.below(60))
        }
    }
}

extension Array {
    /// Takes one out without keeping the order.
    fileprivate mutating func swapRemove(at index: Int) -> Element {
        swapAt(index, count - 1)
        return removeLast()
    }
}
