import Testing

@testable import ConnectedAccounts

@Suite("One refresh per connection, when it is due or asked for")
struct RefreshSchedulerTests {
    @Test("R1: a token that is due is sent once, and not again while it is under way")
    func sentOnce() {
        let bench = Bench()
        bench.logIn(0)
        #expect(bench.idleUntil == .seconds(800) && bench.scheduler.nextRefresh(0) == .seconds(800))
        bench.now = BootInstant(nanoseconds: BootInstant.seconds(800).nanoseconds - 1)
        #expect(bench.due().isEmpty)
        bench.now = .seconds(800)
        let tickets = bench.due()
        #expect(tickets.map(\.generation) == [1] && tickets.map(\.sentAt) == [.seconds(800)])
        #expect(bench.scheduler.isInFlight(0) && bench.scheduler.inFlight == 1 && bench.scheduler.nextRefresh(0) == nil)
        bench.pass(.seconds(5000))
        #expect(bench.due().isEmpty && bench.demand(0) == .underway && bench.due().isEmpty)
    }

    @Test("R1: a thousand callers at expiry cause one request, and the next generation is due by its own life")
    func demandJoins() throws {
        let bench = Bench()
        bench.logIn(0)
        bench.now = .seconds(1000)
        for _ in 0..<500 { #expect(bench.demand(0) == .underway) }
        let tickets = bench.due()
        #expect(tickets.count == 1)
        for _ in 0..<500 { #expect(bench.demand(0) == .underway) }
        #expect(bench.due().isEmpty)
        #expect(bench.succeed(try #require(tickets.first), lifetime: .seconds(100)))
        #expect(bench.scheduler.inFlight == 0 && bench.due().isEmpty)
        #expect(bench.idleUntil == .seconds(1068.5))
    }

    @Test("Whoever is waited for goes before those for whom nobody waits")
    func urgentFirst() {
        let bench = Bench()
        for slot in 0..<100 { bench.logIn(slot) }
        bench.now = .seconds(900)
        let first = bench.due()
        #expect(first.count == EndpointGate.concurrency)
        for slot in [70, 90] { #expect(bench.demand(slot) == .underway) }
        bench.succeed(first[0])
        bench.succeed(first[1])
        #expect(bench.due().slots == [70, 90])
    }

    @Test("Nothing to refresh: demand says why, and no ticket comes of it")
    func impossible() {
        let bench = Bench()
        bench.logIn(0, isRefreshable: false)
        #expect(bench.demand(0) == .impossible(.noRefreshToken))
        #expect(bench.demand(7) == .impossible(.credentialsMissing))
        bench.pass(.seconds(1_000_000))
        #expect(bench.due().isEmpty && bench.idleUntil == nil)
    }

    @Test("R5: a token of unknown life is refreshed when somebody asks, and not before")
    func unknownLife() {
        let bench = Bench()
        bench.logIn(0, lifetime: nil)
        bench.pass(.seconds(1_000_000))
        #expect(bench.idleUntil == nil && bench.due().isEmpty)
        #expect(bench.demandAndSend(0).count == 1)
    }

    @Test("R6: a dead grant halts until its user logs in again, whatever is demanded")
    func deadHalts() throws {
        let bench = Bench()
        bench.logIn(0)
        bench.fail(try #require(bench.demandAndSend(0).first), Bench.death)
        for _ in 0..<3 {
            bench.pass(.seconds(100_000))
            #expect(bench.demand(0) == .impossible(StatusReason("invalid_grant")))
            #expect(bench.due().isEmpty && bench.idleUntil == nil)
        }
        bench.scheduler.suspend(0)
        bench.scheduler.resume(0, jitter: 0.5)
        bench.put(0)
        #expect(bench.due().isEmpty && bench.demand(0) == .impossible(StatusReason("invalid_grant")))
        bench.logIn(0)
        #expect(bench.demandAndSend(0).map(\.generation) == [2])
    }

    @Test("A lost answer whose token may not be presented again halts as uncertain until a login")
    func uncertainHalts() throws {
        let bench = Bench()
        bench.logIn(0)
        #expect(bench.fail(try #require(bench.demandAndSend(0).first), .uncertain(.failing(retryAfter: nil))))
        bench.pass(.seconds(100_000))
        #expect(bench.demand(0) == .impossible(.uncertain) && bench.due().isEmpty)
        bench.logIn(0)
        #expect(bench.demandAndSend(0).count == 1)
    }

    @Test("R6: failures back off between 1 s and 5 min, each ceiling twice the one before", arguments: [0, 0.5, 0.999])
    func backsOff(jitter: Double) throws {
        let bench = Bench()
        bench.jitter = jitter
        bench.logIn(0)
        var ticket = try #require(bench.demandAndSend(0).first)
        for failures in 1...15 {
            #expect(bench.fail(ticket, Bench.hiccup) && bench.scheduler.failures(0) == failures)
            let wait = try bench.now.duration(to: #require(bench.idleUntil))
            #expect(abs((wait - Backoff.fullJitter(failures: failures, jitter: jitter)).nanoseconds) < 2)
            #expect(wait >= .seconds(1) && wait <= .seconds(300))
            let until = bench.now.advanced(by: wait)
            #expect(bench.demand(0) == .notBefore(until, .upstreamUnavailable) && bench.due().isEmpty)
            bench.now = until
            ticket = try #require(bench.due().first)
        }
        bench.succeed(ticket)
        #expect(bench.scheduler.failures(0) == 0)
    }

    @Test("A ticket for which nothing was sent backs off, and says nothing of its endpoint's health")
    func abandoned() throws {
        let bench = Bench()
        for slot in 0..<20 { bench.logIn(slot) }
        bench.now = .seconds(900)
        for ticket in bench.due() { bench.fail(ticket, Bench.outage) }
        let retryAt = try #require(bench.health()?.retryAt)
        bench.now = retryAt
        let probe = try #require(bench.due().first)
        #expect(bench.abandon(probe))
        #expect(bench.health()?.consecutiveFailures == 5 && bench.health()?.retryAt == retryAt)
        #expect(bench.scheduler.failures(probe.slot) >= 1 && bench.due().count == 1)
    }

    @Test("Draining lets what is under way finish and sends nothing new, in whatever phase")
    func drains() throws {
        let bench = Bench()
        for slot in 0..<20 { bench.logIn(slot) }
        bench.now = .seconds(900)
        let tickets = bench.due()
        bench.scheduler.drain()
        #expect(bench.idleUntil == nil && bench.due().isEmpty)
        #expect(
            bench.succeed(tickets[0]) && bench.fail(tickets[1], Bench.outage) && bench.fail(tickets[2], Bench.death))
        #expect(bench.fail(tickets[3], Bench.rejection))
        for ticket in tickets.dropFirst(4) { bench.succeed(ticket) }
        bench.logIn(50, lifetime: .seconds(1))
        _ = bench.demand(19)
        bench.pass(.seconds(100_000))
        #expect(bench.due().isEmpty && bench.idleUntil == nil && bench.scheduler.inFlight == 0)
    }

    @Test("R7: after 15 h asleep everything overdue comes out of the first look, as far as its endpoint takes it")
    func longSleep() {
        let bench = Bench()
        for slot in 0..<56 { bench.logIn(slot, endpoint: "e\(slot % 7)", lifetime: .seconds(600 + slot * 600)) }
        bench.logIn(100, lifetime: .seconds(1_000_000))
        bench.pass(.seconds(54_000))
        #expect(bench.nextWake == .seconds(480))
        #expect(bench.due().slots == Array(0..<56))
    }

    @Test("R7: a back-off and a closed endpoint end while the machine sleeps")
    func sleepEndsBackoff() throws {
        let bench = Bench()
        for slot in 0..<20 { bench.logIn(slot) }
        bench.now = .seconds(900)
        for ticket in bench.due() { bench.fail(ticket, .transient(endpointWide: true, retryAfter: .seconds(3600))) }
        #expect(bench.due().isEmpty)
        bench.pass(.seconds(54_000))
        let probe = try #require(bench.due().first)
        bench.succeed(probe)
        #expect(bench.due().count == EndpointGate.concurrency)
    }

    @Test(
        "Removal in every phase leaves nothing behind: idle, backing off, queued, under way, halted, parked",
        arguments: 0..<6)
    func removal(phase: Int) throws {
        let bench = Bench()
        for slot in 0..<10 { bench.logIn(slot, lifetime: nil) }
        let others = (1..<9).flatMap { bench.demandAndSend($0) }
        var ticket: Bench.Ticket?
        if phase == 2 { _ = bench.demandAndSend(0) }
        if phase != 0 && phase != 2 {
            bench.succeed(others[0], lifetime: nil)
            ticket = bench.demandAndSend(0).first
            #expect(ticket != nil)
        }
        switch phase {
        case 1: bench.fail(try #require(ticket), Bench.hiccup)
        case 4: bench.fail(try #require(ticket), Bench.death)
        case 5: bench.fail(try #require(ticket), Bench.rejection)
        default: break
        }
        bench.scheduler.remove(0)
        #expect(bench.demand(0) == .impossible(.credentialsMissing))
        #expect(
            bench.scheduler.failures(0) == 0 && bench.scheduler.nextRefresh(0) == nil && !bench.scheduler.isInFlight(0))
        if let ticket { bench.succeed(ticket) }
        for other in others { bench.succeed(other, lifetime: nil) }
        for _ in 0..<10 {
            bench.now = max(bench.now, bench.idleUntil ?? bench.now)
            #expect(!bench.due().slots.contains(0))
        }
        #expect(bench.scheduler.inFlight == 0 && bench.scheduler.queued == 0 && bench.scheduler.placesHeld == 0)
    }

    @Test("Whoever needs a newer token just after one came gets its refresh after the rest, and only one")
    func demandAfterSuccess() throws {
        let bench = Bench()
        bench.logIn(0)
        bench.succeed(try #require(bench.demandAndSend(0).first))
        for _ in 0..<3 { #expect(bench.demand(0) == .underway) }
        #expect(bench.idleUntil == BootInstant.zero.advanced(by: RefreshScheduler.rest))
        bench.pass(RefreshScheduler.rest)
        #expect(bench.due().map(\.generation) == [2] && bench.due().isEmpty)
    }

    @Test("The same calls give the same tickets: one look goes through the endpoints in order of their addresses")
    func fixedOrder() {
        let bench = Bench()
        for slot in (0..<26).reversed() { bench.logIn(slot, endpoint: String(UnicodeScalar(UInt8(97 + slot)))) }
        bench.now = .seconds(900)
        #expect(bench.due().map(\.slot) == Array(0..<26))
    }
}
