import Testing

@testable import ConnectedAccounts

@Suite("R3: an answer counts only for what was presented")
struct LateAnswerTests {
    @Test(
        "R3: what comes late for an earlier login changes nothing for the present one",
        arguments: [
            Bench.death, Bench.hiccup, Bench.rejection, .uncertain(.failing(retryAfter: nil)),
        ])
    func lateFailure(failure: Bench.Failure) throws {
        let bench = Bench()
        bench.logIn(0)
        let old = try #require(bench.demandAndSend(0).first)
        #expect(bench.scheduler.awaits(old))
        bench.logIn(0)
        #expect(!bench.scheduler.awaits(old))
        #expect(!bench.fail(old, failure))
        #expect(bench.scheduler.failures(0) == 0 && bench.scheduler.inFlight == 0)
        #expect(bench.scheduler.nextRefresh(0) == .seconds(800))
    }

    @Test("R3: tokens that come late for an earlier login or for a removed connection are nobody's")
    func lateSuccess() throws {
        let bench = Bench()
        bench.logIn(0)
        let old = try #require(bench.demandAndSend(0).first)
        bench.logIn(0, lifetime: .seconds(5000))
        #expect(!bench.succeed(old))
        #expect(bench.scheduler.nextRefresh(0) == .seconds(4000))
        let second = try #require(bench.demandAndSend(0).first)
        bench.scheduler.remove(0)
        #expect(!bench.succeed(second) && bench.scheduler.inFlight == 0 && bench.idleUntil == nil)
    }

    @Test("R3: the slot's next connection hears nothing of the one before")
    func slotReuse() throws {
        let bench = Bench()
        bench.logIn(0)
        let old = try #require(bench.demandAndSend(0).first)
        bench.scheduler.remove(0)
        bench.logIn(0, lifetime: .seconds(100))
        // Another connection: its refresh needs not wait for the other's.
        let new = try #require(bench.demandAndSend(0).first)
        #expect(bench.scheduler.inFlight == 2)
        #expect(!bench.fail(old, Bench.death) && bench.scheduler.awaits(new))
        #expect(bench.succeed(new) && bench.scheduler.inFlight == 0)
    }

    @Test("R1: after a login the refresh still under way is waited for before the new tokens are presented")
    func loginDuringFlight() throws {
        let bench = Bench()
        bench.logIn(0)
        let old = try #require(bench.demandAndSend(0).first)
        bench.logIn(0, lifetime: .seconds(10))
        bench.pass(.seconds(20))
        #expect(bench.due().isEmpty && bench.demandAndSend(0).isEmpty && bench.idleUntil == nil)
        #expect(!bench.fail(old, Bench.hiccup))
        #expect(bench.due().map(\.generation) == [2])
    }

    @Test("R2: putting the known token set again, as a reload does, neither sends its token twice nor loses the answer")
    func reloadDuringFlight() throws {
        let bench = Bench()
        bench.logIn(0)
        let ticket = try #require(bench.demandAndSend(0).first)
        bench.put(0, endpoint: "b", app: "ac_b", timing: RefreshTiming(margin: .seconds(100)))
        #expect(bench.demandAndSend(0).isEmpty && bench.scheduler.awaits(ticket))
        #expect(bench.succeed(ticket) && bench.idleUntil == .seconds(900))
        bench.now = .seconds(900)
        #expect(bench.due().map(\.endpoint) == ["b"])
    }

    @Test("A reload takes over the timing of what waits and keeps a back-off")
    func reloadWaiting() throws {
        let bench = Bench()
        bench.logIn(0)
        bench.put(0, timing: RefreshTiming(margin: .seconds(100)))
        #expect(bench.scheduler.nextRefresh(0) == .seconds(900))
        bench.fail(
            try #require(bench.demandAndSend(0).first), .transient(endpointWide: false, retryAfter: .seconds(60)))
        bench.put(0, endpoint: "b")
        #expect(bench.demand(0) == .notBefore(.seconds(60), .upstreamUnavailable))
        bench.now = .seconds(60)
        #expect(bench.due().map(\.endpoint) == ["b"])
    }

    @Test("A second report of one ticket changes nothing and frees nothing")
    func secondReport() throws {
        let bench = Bench()
        bench.logIn(0)
        let ticket = try #require(bench.demandAndSend(0).first)
        #expect(bench.succeed(ticket))
        #expect(!bench.succeed(ticket) && !bench.fail(ticket, Bench.death))
        #expect(!bench.abandon(ticket))
        #expect(bench.scheduler.inFlight == 0 && bench.scheduler.nextRefresh(0) == .seconds(800))
        for slot in 1..<100 { bench.logIn(slot) }
        bench.pass(.seconds(900))
        #expect(bench.due().count == EndpointGate.concurrency)
    }

    @Test("R3: an answer of before the auth config's change does not mend what broke after it")
    func successOfOldEdition() throws {
        let bench = Bench()
        for slot in 0..<3 { bench.logIn(slot, lifetime: nil) }
        let old = try #require(bench.demandAndSend(0).first)
        bench.scheduler.appChanged("ac_a")
        bench.fail(try #require(bench.demandAndSend(1).first), Bench.rejection)
        #expect(bench.demandAndSend(2).isEmpty)
        #expect(bench.succeed(old, lifetime: nil))
        #expect(bench.due().isEmpty && bench.scheduler.queued == 2)
    }
}
