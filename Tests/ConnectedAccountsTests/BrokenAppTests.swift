import Testing

@testable import ConnectedAccounts

@Suite("R6: a broken app is shared by its connections, and none of them is dead")
struct BrokenAppTests {
    static let reason = StatusReason("invalid_client")

    /// So many connections of the app, all due, those under way rejected.
    private func broken(_ count: Int) -> Bench {
        let bench = Bench()
        for slot in 0..<count { bench.logIn(slot) }
        bench.now = .seconds(900)
        for ticket in bench.due() { bench.fail(ticket, Bench.rejection) }
        _ = bench.due()
        return bench
    }

    @Test(
        "R6: all wait, one probes, and a rejection seen by all that was under way counts once", arguments: [1, 8, 100])
    func oneProbe(count: Int) throws {
        let bench = broken(count)
        #expect(bench.due().isEmpty && bench.scheduler.inFlight == 0 && bench.scheduler.queued == count)
        for round in 1...10 {
            let retryAt = try #require(bench.idleUntil)
            let wait = bench.now.duration(to: retryAt)
            #expect(wait <= Backoff.ceiling(failures: round + 3) && wait >= Backoff.ceiling(failures: round + 3) / 2)
            #expect(bench.demand(count - 1) == .notBefore(retryAt, Self.reason))
            bench.now = retryAt
            let probes = bench.due()
            #expect(probes.count == 1 && bench.due().isEmpty && bench.idleUntil == nil)
            // Whoever comes while the probe is under way waits with the others.
            bench.logIn(1000 + round, lifetime: .zero)
            #expect(bench.demandAndSend(1000 + round).isEmpty)
            bench.fail(probes[0], Bench.rejection)
            #expect(bench.due().isEmpty)
        }
    }

    @Test(
        "R6: a probe that succeeds, or is told of its grant, lets all go, within the endpoint's bound",
        arguments: [true, false])
    func released(succeeds: Bool) throws {
        let bench = broken(100)
        bench.now = try #require(bench.idleUntil)
        let probe = try #require(bench.due().first)
        #expect(succeeds ? bench.succeed(probe) : bench.fail(probe, Bench.death))
        #expect(drain(bench) == 99)
    }

    @Test("R6: a changed auth config lets all go at once, the probe under way included")
    func changed() throws {
        let bench = broken(100)
        bench.scheduler.appChanged("ac_a")
        #expect(drain(bench) == 100)
        let again = broken(100)
        again.now = try #require(again.nextWake)
        let probe = try #require(again.due().first)
        again.scheduler.appChanged("ac_a")
        #expect(again.due().count == EndpointGate.concurrency - 1)
        #expect(again.scheduler.awaits(probe))
        again.scheduler.appChanged("ac_none")
    }

    @Test(
        "R3: a rejection of what was sent before the auth config changed breaks nothing, and is tried again at once"
    )
    func rejectionOfOldEdition() throws {
        let bench = broken(3)
        bench.now = try #require(bench.idleUntil)
        let probe = try #require(bench.due().first)
        bench.scheduler.appChanged("ac_a")
        let others = bench.due()
        #expect(bench.fail(probe, Bench.rejection))
        #expect(bench.demand(probe.slot) == .underway && bench.due().slots == [probe.slot])
        for ticket in others { #expect(bench.succeed(ticket)) }
    }

    @Test("R6: another app at the same endpoint, and one without trouble, is not held up")
    func otherApp() {
        let bench = broken(100)
        bench.logIn(500, app: "ac_b", lifetime: .zero)
        #expect(bench.due().slots == [500])
    }

    @Test("R6: those whom somebody waits for go first when the app is mended")
    func urgencyIsKept() {
        let bench = broken(100)
        for slot in [60, 80] { _ = bench.demand(slot) }
        #expect(bench.due().isEmpty)
        bench.scheduler.appChanged("ac_a")
        #expect(bench.due().slots.filter { $0 == 60 || $0 == 80 } == [60, 80])
    }

    @Test("R6: parked connections that were removed cost no probe: the next one goes at the same instant")
    func removedWhileParked() throws {
        let bench = broken(100)
        for slot in 0..<99 { bench.scheduler.remove(slot) }
        bench.now = try #require(bench.idleUntil)
        #expect(bench.due().slots == [99])
    }

    @Test(
        "R6: a probe that is removed, paused or logged in anew while it stands in line hands on to the next",
        arguments: 0..<3)
    func lostProbe(how: Int) throws {
        let bench = Bench()
        for slot in 0..<20 { bench.logIn(slot, lifetime: nil) }
        bench.fail(try #require(bench.demandAndSend(0).first), Bench.rejection)
        for slot in 1..<20 { #expect(bench.demandAndSend(slot).isEmpty) }
        // The endpoint is busy with another app's, so that the probe, the first who was rejected, must wait in line.
        for slot in 100..<108 { bench.logIn(slot, app: "ac_b", lifetime: nil) }
        let busy = (100..<108).flatMap { bench.demandAndSend($0) }
        #expect(busy.count == EndpointGate.concurrency)
        bench.now = .seconds(10)
        #expect(bench.due().isEmpty && bench.idleUntil == nil)
        switch how {
        case 0: bench.scheduler.remove(0)
        case 1: bench.scheduler.suspend(0)
        default: bench.logIn(0)
        }
        for ticket in busy { bench.succeed(ticket, lifetime: nil) }
        #expect(bench.due().slots == [1])
    }

    @Test("R6: a probe that met an outage says nothing of the app: it stays broken, and another is sent later")
    func probeMeetsOutage() throws {
        let bench = broken(20)
        bench.now = try #require(bench.idleUntil)
        bench.fail(try #require(bench.due().first), Bench.outage)
        #expect(bench.due().isEmpty)
        let retryAt = try #require(bench.idleUntil)
        #expect(bench.now.duration(to: retryAt) >= .seconds(1))
        while bench.scheduler.inFlight == 0 {
            bench.now = try #require(bench.idleUntil)
            #expect(bench.due().count <= 1)
        }
    }

    @Test("R6: what was under way with the probe and fails otherwise does not make a second probe")
    func stragglers() throws {
        let bench = Bench()
        for slot in 0..<20 { bench.logIn(slot) }
        bench.now = .seconds(900)
        let tickets = bench.due()
        bench.fail(tickets[0], Bench.rejection)
        #expect(bench.due().isEmpty)
        bench.now = try #require(bench.idleUntil)
        #expect(bench.due().count == 1)
        for (index, ticket) in tickets.dropFirst().enumerated() {
            bench.fail(ticket, Bench.hiccup)
            bench.pass(.seconds(200))
            #expect(bench.due().isEmpty && bench.scheduler.inFlight == tickets.count - 1 - index)
        }
    }

    /// Answers all, and counts them.
    private func drain(_ bench: Bench) -> Int {
        var count = 0
        var tickets = bench.due()
        while !tickets.isEmpty {
            #expect(bench.scheduler.inFlight <= EndpointGate.concurrency)
            count += tickets.count
            for ticket in tickets { bench.succeed(ticket) }
            tickets = bench.due()
        }
        return count
    }
}
