import Testing

@testable import ConnectedAccounts

@Suite("R6: a mass expiry is a queue, and an outage costs little")
struct RefreshStormTests {
    static let many = 10_000

    /// The most attempts that an endpoint which answers nothing can get within `outage`, however many connections.
    ///
    /// Before the gate closes: all failures below the threshold, and what is under way when the last one comes. Then
    /// one at a time, the next at the earliest half the ceiling of the back-off after the failure of the one before.
    static func attemptBound(outage: Duration) -> Int {
        var attempts = EndpointGate.failureThreshold - 1 + EndpointGate.concurrency
        var elapsed = Duration.zero
        var failures = EndpointGate.failureThreshold
        while true {
            elapsed += Backoff.ceiling(failures: failures) / 2
            guard elapsed <= outage else { return attempts }
            attempts += 1
            failures += 1
        }
    }

    @Test("The bound for a day is 591 attempts")
    func bound() {
        #expect(Self.attemptBound(outage: .seconds(86_400)) == 591)
    }

    @Test("R6: 10 000 connections due at once are never more under way than the endpoint's bound, and all get through")
    func massExpiry() {
        let bench = Bench()
        for slot in 0..<Self.many { bench.logIn(slot, lifetime: .seconds(100_000)) }
        bench.now = .seconds(100_000)
        var running = bench.due()
        var done = 0
        var most = 0
        while !running.isEmpty {
            most = max(most, running.count)
            bench.pass(.milliseconds(50))
            done += 1
            bench.succeed(running.removeFirst(), lifetime: .seconds(100_000))
            running += bench.due()
        }
        #expect(done == Self.many && most == EndpointGate.concurrency)
        #expect(bench.scheduler.inFlight == 0 && bench.scheduler.queued == 0)
    }

    struct Outage: Sendable, CustomTestStringConvertible {
        var name: String
        /// Nil: random.
        var jitter: Double?
        /// Until the failure is known.
        var latency: Duration
        var connections = many

        var testDescription: String { name }
    }

    static let outages = [
        Outage(name: "refused at once, the shortest pauses", jitter: 0, latency: .zero),
        Outage(name: "refused at once", latency: .milliseconds(1)),
        Outage(name: "timing out", latency: .seconds(30)),
        Outage(name: "a single connection", jitter: 0, latency: .zero, connections: 1),
        Outage(name: "a few connections", latency: .zero, connections: 3),
    ]

    @Test(
        "R6: a day's outage with 10 000 connections costs at most the bound, spaced by the back-off", arguments: outages
    )
    func outage(row: Outage) {
        let run = OutageRun(connections: row.connections, jitter: row.jitter, latency: row.latency, others: 0)
        run.run(until: .seconds(86_400))
        #expect(run.attempts.count <= Self.attemptBound(outage: .seconds(86_400)))
        #expect(run.attempts.count > 100)
        #expect(run.mostUnderWay <= EndpointGate.concurrency)
        let first = EndpointGate.failureThreshold - 1 + EndpointGate.concurrency
        for index in run.attempts.indices.dropFirst(first) {
            // At least so many failures lay before it, counted once each while the gate was closed.
            let failures = EndpointGate.failureThreshold + index - first
            let spacing = run.attempts[index - 1].duration(to: run.attempts[index])
            if spacing < Backoff.ceiling(failures: failures) / 2 { Issue.record("attempt \(index) after \(spacing)") }
        }
    }

    @Test("R6: an outage at one endpoint touches no other: there each token is refreshed the moment it is due")
    func otherEndpoints() {
        let run = OutageRun(connections: 1000, jitter: 0.5, latency: .seconds(10), others: 8)
        run.run(until: .seconds(86_400))
        #expect(run.lateOthers == 0 && run.attemptsElsewhere >= 8 * 100)
    }

    @Test(
        "R6: when the endpoint answers again, a success opens the queue, which keeps to the bound until all have tokens"
    )
    func recovery() {
        let run = OutageRun(connections: Self.many, jitter: nil, latency: .milliseconds(200), others: 0)
        run.run(until: .seconds(7200))
        let before = run.attempts.count
        run.isDown = false
        run.run(until: run.bench.now.advanced(by: .seconds(300 + Self.many / 8)))
        #expect(run.attempts.count - before >= Self.many)
        #expect(run.mostUnderWay == EndpointGate.concurrency)
        #expect(run.refreshed.count == Self.many)
        #expect(run.bench.health()?.retryAt == nil && run.bench.health()?.consecutiveFailures == 0)
    }

    @Test("R6: an outage seen by all that was under way counts once, so a short one is over soon")
    func blip() throws {
        let bench = Bench()
        bench.jitter = 0.999
        for slot in 0..<100 { bench.logIn(slot) }
        bench.now = .seconds(900)
        for ticket in bench.due() { bench.fail(ticket, Bench.outage) }
        #expect(bench.health()?.consecutiveFailures == EndpointGate.failureThreshold)
        let retryAt = try #require(bench.health()?.retryAt)
        #expect(bench.now.duration(to: retryAt) <= .seconds(16))
        #expect(bench.demand(50) == .notBefore(retryAt, .upstreamUnavailable))
    }

    @Test("R6: fewer failures than the threshold close nothing, and one answer forgets them")
    func threshold() {
        let bench = Bench()
        for slot in 0..<100 { bench.logIn(slot, lifetime: nil) }
        for round in 0..<5 {
            let tickets = (0..<5).flatMap { bench.demandAndSend(round * 5 + $0) }
            for ticket in tickets.dropLast() { bench.fail(ticket, Bench.outage) }
            #expect(bench.health()?.retryAt == nil)
            // A rejected grant: the endpoint does answer.
            bench.fail(tickets[4], Bench.death)
            #expect(bench.health()?.consecutiveFailures == 0)
        }
    }
}

/// Connections at an endpoint that is down, and a few at another that is not.
private final class OutageRun {
    let bench = Bench()
    var isDown = true
    private(set) var attempts: [BootInstant] = []
    private(set) var attemptsElsewhere = 0
    private(set) var mostUnderWay = 0
    private(set) var refreshed: Set<Int> = []
    /// Tickets of the other endpoint that came later than they were due.
    private(set) var lateOthers = 0
    private var running: [(end: BootInstant, ticket: Bench.Ticket)] = []
    private var random = SeededRandom(seed: 7)
    private let jitter: Double?
    private let latency: Duration

    init(connections: Int, jitter: Double?, latency: Duration, others: Int) {
        self.jitter = jitter
        self.latency = latency
        bench.jitter = 0.5
        for slot in 0..<connections { bench.logIn(slot, lifetime: .zero) }
        for slot in 0..<others { bench.logIn(1_000_000 + slot, endpoint: "b", app: "ac_b", lifetime: .seconds(1000)) }
    }

    func run(until end: BootInstant) {
        while true {
            for ticket in bench.due() { send(ticket) }
            let next = [bench.nextWake, running.first?.end].compactMap { $0 }.min() ?? end
            guard next <= end else { break }
            bench.now = max(bench.now, next)
            while let first = running.first, first.end <= bench.now {
                running.removeFirst()
                finish(first.ticket)
            }
        }
        bench.now = end
    }

    private func send(_ ticket: Bench.Ticket) {
        guard ticket.endpoint == "a" else {
            attemptsElsewhere += 1
            // Each was obtained when it was sent for, and is due 800 s later.
            if ticket.sentAt != .seconds(800 * Double(ticket.generation)) { lateOthers += 1 }
            finish(ticket)
            return
        }
        attempts.append(bench.now)
        running.append((bench.now.advanced(by: latency), ticket))
        mostUnderWay = max(mostUnderWay, running.count)
    }

    private func finish(_ ticket: Bench.Ticket) {
        bench.jitter = ticket.endpoint == "a" ? jitter ?? random.unit() : 0.5
        if ticket.endpoint == "a" && isDown {
            bench.fail(ticket, Bench.outage)
        } else {
            refreshed.insert(ticket.slot)
            bench.succeed(ticket, lifetime: ticket.endpoint == "a" ? .seconds(1_000_000) : .seconds(1000))
        }
    }
}
