import Testing

@testable import ConnectedAccounts

@Suite("Suspended connections")
struct SuspensionTests {
    @Test("While it is suspended nothing is sent for a connection, and demand says why")
    func nothingSent() {
        let bench = Bench()
        bench.logIn(0)
        bench.scheduler.suspend(0)
        #expect(bench.idleUntil == nil || bench.idleUntil == .seconds(800))
        bench.pass(.seconds(100_000))
        #expect(bench.demand(0) == .impossible(.disabledByCaller) && bench.due().isEmpty && bench.idleUntil == nil)
    }

    @Test("Resumed in time it is due as before, and resumed too late it is due at once")
    func resumed() {
        let bench = Bench()
        bench.logIn(0)
        for _ in 0..<2 { bench.scheduler.suspend(0) }
        for _ in 0..<2 { bench.scheduler.resume(0, jitter: 0.5) }
        #expect(bench.scheduler.nextRefresh(0) == .seconds(800))
        bench.scheduler.suspend(0)
        bench.pass(.seconds(100_000))
        #expect(bench.due().isEmpty)
        bench.scheduler.resume(0, jitter: 0.5)
        #expect(bench.due().slots == [0])
    }

    @Test(
        "A refresh under way when it was suspended may finish, and none follows whatever its end",
        arguments: [
            nil, Bench.hiccup, Bench.outage, Bench.rejection, .transient(endpointWide: false, retryAfter: .seconds(5)),
        ])
    func underWay(failure: Bench.Failure?) throws {
        let bench = Bench()
        bench.logIn(0)
        let ticket = try #require(bench.demandAndSend(0).first)
        bench.scheduler.suspend(0)
        #expect(bench.scheduler.awaits(ticket))
        #expect(failure.map { bench.fail(ticket, $0) } ?? bench.succeed(ticket))
        bench.scheduler.appChanged("ac_a")
        for _ in 0..<10 {
            bench.pass(.seconds(1000))
            #expect(bench.due().isEmpty)
        }
        bench.scheduler.resume(0, jitter: 0.5)
        #expect(bench.due().slots == [0])
    }

    @Test("Suspended and resumed under way, it goes on as if nothing had been")
    func bothUnderWay() throws {
        let bench = Bench()
        bench.logIn(0)
        let ticket = try #require(bench.demandAndSend(0).first)
        bench.scheduler.suspend(0)
        bench.scheduler.resume(0, jitter: 0.5)
        #expect(bench.demandAndSend(0).isEmpty)
        #expect(bench.succeed(ticket) && bench.idleUntil == .seconds(800))
    }

    @Test("Suspended in line it gives up its place, and in its back-off or parked it does too")
    func waiting() throws {
        let bench = Bench()
        for slot in 0..<20 { bench.logIn(slot) }
        bench.now = .seconds(900)
        let first = bench.due()
        let waiting = try #require((0..<20).first { slot in !first.slots.contains(slot) })
        bench.scheduler.suspend(waiting)
        bench.fail(first[0], Bench.hiccup)
        bench.scheduler.suspend(first[0].slot)
        for ticket in first.dropFirst() { bench.succeed(ticket) }
        var sent: [Int] = []
        for _ in 0..<20 {
            for ticket in bench.due() {
                sent.append(ticket.slot)
                bench.succeed(ticket, lifetime: nil)
            }
            bench.pass(.seconds(10))
        }
        #expect(sent.count == 11 && !sent.contains(waiting) && !sent.contains(first[0].slot))
    }

    @Test("R6: to suspend and resume ends no back-off and no Retry-After")
    func keepsBackoff() throws {
        let bench = Bench()
        bench.logIn(0, lifetime: .zero)
        let ticket = try #require(bench.due().first)
        bench.fail(ticket, .transient(endpointWide: false, retryAfter: .seconds(600)))
        for _ in 0..<5 {
            bench.scheduler.suspend(0)
            bench.scheduler.resume(0, jitter: 0)
            #expect(bench.due().isEmpty)
            #expect(bench.demand(0) == .notBefore(.seconds(600), .upstreamUnavailable))
        }
        bench.now = .seconds(600)
        #expect(bench.due().slots == [0] && bench.scheduler.failures(0) == 1)
    }

    @Test("A dead grant stays dead over a suspension")
    func staysDead() throws {
        let bench = Bench()
        bench.logIn(0)
        bench.fail(try #require(bench.demandAndSend(0).first), Bench.death)
        bench.scheduler.suspend(0)
        #expect(bench.demand(0) == .impossible(.disabledByCaller))
        bench.scheduler.resume(0, jitter: 0)
        #expect(bench.demand(0) == .impossible(StatusReason("invalid_grant")) && bench.idleUntil == nil)
    }

    @Test(
        "R10: a suspended connection's grant is kept alive within its idle limit, again and again, through failures too"
    )
    func keptAlive() throws {
        let bench = Bench()
        let limit = Duration.seconds(60 * 86_400)
        bench.logIn(0, timing: RefreshTiming(idleLimit: limit), lifetime: .seconds(1800))
        bench.scheduler.suspend(0)
        var used = bench.now
        for round in 0..<5 {
            bench.now = try #require(bench.idleUntil)
            var ticket = try #require(bench.due().first)
            if round == 2 {
                bench.fail(ticket, Bench.outage)
                bench.now = try #require(bench.idleUntil)
                ticket = try #require(bench.due().first)
            }
            if round == 3 {
                bench.fail(ticket, Bench.rejection)
                #expect(bench.due().isEmpty)
                bench.now = try #require(bench.idleUntil)
                ticket = try #require(bench.due().first)
            }
            let idle = used.duration(to: bench.now)
            #expect(idle > limit * 0.75 && idle < limit * 0.85)
            #expect(bench.demand(0) == .impossible(.disabledByCaller))
            bench.succeed(ticket, lifetime: .seconds(1800))
            used = ticket.sentAt
        }
    }

    @Test("What is not there, or not suspended, is neither suspended nor resumed")
    func nobody() {
        let bench = Bench()
        bench.scheduler.suspend(3)
        bench.scheduler.resume(3, jitter: 0)
        bench.logIn(3)
        #expect(bench.demandAndSend(3).count == 1)
    }
}
