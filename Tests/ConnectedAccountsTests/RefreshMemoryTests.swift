import Testing

@testable import ConnectedAccounts

@Suite("Memory stays bounded by the connections there are")
struct RefreshMemoryTests {
    /// Every line may be twice as long as what waits in it, and some slack.
    private func bound(_ connections: Int) -> Int { 4 * (2 * connections + 65) }

    struct Loop: Sendable, CustomTestStringConvertible {
        var name: String
        var round: @Sendable (Bench, Int) -> Void

        var testDescription: String { name }
    }

    static let loops = [
        Loop(name: "demand") { bench, slot in _ = bench.demand(slot) },
        Loop(name: "demand and pause") { bench, slot in
            _ = bench.demand(slot)
            bench.scheduler.suspend(slot)
            bench.scheduler.resume(slot, jitter: 0.5)
        },
        Loop(name: "pause") { bench, slot in
            bench.scheduler.suspend(slot)
            bench.scheduler.resume(slot, jitter: 0.5)
        },
        Loop(name: "login") { bench, slot in bench.logIn(slot) },
        Loop(name: "login and demand") { bench, slot in
            bench.logIn(slot)
            _ = bench.demand(slot)
        },
        Loop(name: "removal and return") { bench, slot in
            bench.scheduler.remove(slot)
            bench.logIn(slot, lifetime: .seconds(7_776_000))
            _ = bench.demand(slot)
        },
        Loop(name: "reload") { bench, slot in
            bench.put(slot)
            _ = bench.demand(slot)
        },
        Loop(name: "forced refreshes of long tokens") { bench, slot in
            for ticket in bench.demandAndSend(slot) { bench.succeed(ticket, lifetime: .seconds(7_776_000)) }
            bench.pass(.seconds(2))
        },
        Loop(name: "demand of a broken app") { bench, slot in
            for ticket in bench.demandAndSend(slot) { bench.fail(ticket, Bench.rejection) }
            bench.scheduler.suspend(slot)
            bench.scheduler.resume(slot, jitter: 0.5)
        },
    ]

    @Test(
        "However often a loop is run, healthy or in an outage, the places held do not grow", arguments: loops,
        [false, true])
    func bounded(loop: Loop, outage: Bool) {
        let bench = Bench()
        for slot in 0..<10 { bench.logIn(slot) }
        if outage {
            for _ in 0..<40 {
                for slot in 0..<10 { _ = bench.demand(slot) }
                for ticket in bench.due() { bench.fail(ticket, Bench.outage) }
                bench.pass(.seconds(10))
            }
        }
        for round in 0..<3000 {
            loop.round(bench, round % 10)
            if round % 100 == 0 { _ = bench.due() }
        }
        #expect(bench.scheduler.placesHeld <= bound(10))
        #expect(bench.scheduler.queued <= 10)
    }

    @Test("Demand for a connection that stands in line adds nothing, from the second time on")
    func demandAddsNothing() {
        let bench = Bench()
        for slot in 0..<100 { bench.logIn(slot) }
        bench.now = .seconds(900)
        _ = bench.due()
        for slot in 0..<100 { _ = bench.demand(slot) }
        let held = bench.scheduler.placesHeld
        for _ in 0..<10 { for slot in 0..<100 { _ = bench.demand(slot) } }
        #expect(bench.scheduler.placesHeld == held && bench.scheduler.queued == 92)
    }

    @Test("A gate is there as long as a connection or a refresh under way has to do with it, and no longer")
    func gates() throws {
        let bench = Bench()
        bench.logIn(0, endpoint: "old", app: "ac_old")
        bench.logIn(1, endpoint: "old", app: "ac_old")
        bench.now = .seconds(900)
        let tickets = bench.due()
        for _ in 0..<5 { bench.logIn(0, endpoint: "new", app: "ac_new") }
        bench.put(1, endpoint: "new", app: "ac_new")
        #expect(bench.scheduler.endpoints.keys.sorted() == ["new", "old"])
        #expect(bench.scheduler.apps.keys.sorted() == ["ac_new", "ac_old"])
        bench.fail(tickets[0], Bench.outage)
        #expect(bench.scheduler.endpoints["old"]?.inFlight == 1)
        bench.succeed(tickets[1])
        #expect(bench.scheduler.endpoints.keys.sorted() == ["new"])
        #expect(bench.scheduler.apps.keys.sorted() == ["ac_new"])
        #expect(!bench.fail(tickets[0], Bench.outage))
        bench.scheduler.remove(0)
        bench.scheduler.remove(0)
        #expect(bench.scheduler.endpoints.keys.sorted() == ["new"])
        bench.scheduler.remove(1)
        #expect(bench.scheduler.endpoints.isEmpty)
        #expect(bench.scheduler.apps.isEmpty)
    }

    @Test("A gate that is used by others keeps what it knows, whoever leaves it")
    func gateInUse() throws {
        let bench = Bench()
        for slot in 0..<3 { bench.logIn(slot) }
        bench.now = .seconds(900)
        let tickets = bench.due()
        #expect(tickets.count == 3)
        for ticket in tickets { bench.fail(ticket, Bench.rejection) }
        _ = bench.due()
        bench.scheduler.appChanged("ac_a")
        for ticket in bench.due() { bench.fail(ticket, Bench.rejection) }
        bench.scheduler.remove(0)
        bench.put(1, endpoint: "b")
        #expect(bench.health("a") != nil)
        #expect(bench.scheduler.apps["ac_a"]?.isBroken == true)
        #expect(bench.scheduler.apps["ac_a"]?.edition == 1)
        #expect(bench.scheduler.apps["ac_a"]?.users == 2)
    }
}
