import Testing

@testable import ConnectedAccounts

/// What is presented to an endpoint that fails, where a lost answer is lost for good.
struct OutageGateTests {
    private static let lost = RefreshScheduler.Failure.uncertain(.failing(retryAfter: nil))
    private static let silent = RefreshScheduler.Failure.stillFailing(.noAnswer, retryAfter: nil)
    private static let unreached = RefreshScheduler.Failure.stillFailing(.notReached, retryAfter: nil)
    private static let unclear = RefreshScheduler.Failure.stillFailing(.unclear, retryAfter: nil)

    private func bench(_ connections: Int) -> Bench {
        let bench = Bench()
        for slot in 0..<connections { bench.logIn(slot) }
        return bench
    }

    /// The next probe, when its time has come.
    private func probe(_ bench: Bench) throws -> Bench.Ticket {
        while true {
            let tickets = bench.due()
            guard tickets.isEmpty else {
                #expect(tickets.count == 1)
                return tickets[0]
            }
            bench.now = max(bench.now, try #require(bench.nextWake))
        }
    }

    @Test("A healthy endpoint is asked nothing first; each probe of a failing one asks, until one gets through")
    func asksWhileFailing() throws {
        let bench = bench(30)
        bench.pass(.seconds(900))
        let tickets = bench.due()
        #expect(tickets.count == EndpointGate.concurrency && tickets.allSatisfy { !$0.asksFirst })
        for ticket in tickets { bench.fail(ticket, Bench.outage) }
        for _ in 0..<5 {
            let ticket = try probe(bench)
            #expect(ticket.asksFirst)
            bench.fail(ticket, Self.silent)
        }
        bench.succeed(try probe(bench))
        #expect(!bench.due().isEmpty)
        #expect(bench.health()?.retryAt == nil)
    }

    @Test("One lost answer is enough to have the next one ask first, and what was under way with it counts as the same")
    func closesAtOnce() throws {
        let bench = bench(30)
        bench.pass(.seconds(900))
        let tickets = bench.due()
        for ticket in tickets.prefix(3) { bench.fail(ticket, Self.lost) }
        #expect(bench.due().isEmpty)
        let retryAt = try #require(bench.health()?.retryAt)
        #expect(bench.now.duration(to: retryAt) <= .seconds(1), "a single lost answer is soon asked about")
        for ticket in tickets.dropFirst(3) { bench.succeed(ticket) }
        // Others did get through meanwhile, so it is not waited for, but one at a time until there are eight.
        #expect(bench.health()?.retryAt == nil)
        let next = bench.due()
        #expect(next.count == 1 && next.allSatisfy(\.asksFirst))
    }

    @Test(
        "After a dozen unclear answers one presents its token, or after twice as much silence; each time it takes longer",
        arguments: [(unclear, [12, 24, 48, 96, 96]), (silent, [24, 48, 96, 192, 192])])
    func presentsUnasked(_ failure: RefreshScheduler.Failure, _ questions: [Int]) throws {
        let bench = bench(30)
        bench.pass(.seconds(900))
        for ticket in bench.due() { bench.fail(ticket, Self.lost) }
        // What did not even get there would not have got there with a token either.
        for _ in 0..<100 { bench.fail(try probe(bench), Self.unreached) }
        for count in questions {
            for _ in 0..<count {
                let ticket = try probe(bench)
                #expect(ticket.asksFirst)
                bench.fail(ticket, failure)
            }
            let ticket = try probe(bench)
            #expect(!ticket.asksFirst)
            bench.fail(ticket, Bench.outage)
        }
    }

    @Test("An endpoint that fails on what lacks a token, and works else, is soon presented one again")
    func mute() throws {
        let bench = bench(30)
        bench.pass(.seconds(900))
        for ticket in bench.due() { bench.fail(ticket, Self.lost) }
        for _ in 0..<12 { bench.fail(try probe(bench), Self.unclear) }
        for _ in 0..<3 {
            let presenting = try probe(bench)
            #expect(!presenting.asksFirst)
            bench.succeed(presenting)
            // Another answer is lost, and two questions tell nothing.
            bench.fail(try probe(bench), Self.lost)
            for _ in 0..<2 {
                let ticket = try probe(bench)
                #expect(ticket.asksFirst)
                bench.fail(ticket, Self.unclear)
            }
        }
    }

    @Test("Eight successes in a row make up for a lost answer; until then one at a time, each asking first")
    func amends() throws {
        let bench = bench(60)
        bench.pass(.seconds(900))
        for ticket in bench.due() { bench.succeed(ticket) }
        for ticket in bench.due() { bench.fail(ticket, Self.lost) }
        for _ in 0..<7 { bench.succeed(try probe(bench)) }
        bench.fail(try probe(bench), Self.lost)
        for _ in 0..<16 {
            let ticket = try probe(bench)
            #expect(ticket.asksFirst)
            bench.succeed(ticket)
        }
        let tickets = bench.due()
        #expect(tickets.count == EndpointGate.concurrency && tickets.allSatisfy { !$0.asksFirst })
    }

    @Test("The more answers are lost although it seemed to work, the longer nothing is presented: an hour at most")
    func caution() throws {
        let bench = bench(200)
        bench.jitter = 0
        bench.pass(.seconds(900))
        for ticket in bench.due() { bench.fail(ticket, Self.lost) }
        let start = bench.now
        var pauses: [Duration] = []
        while start.duration(to: bench.now) < .seconds(86_400) {
            let before = bench.now
            bench.fail(try probe(bench), Self.lost)
            pauses.append(before.duration(to: bench.now))
        }
        #expect(pauses.count <= 60 && pauses.max() == .seconds(1800))
        #expect(zip(pauses.dropFirst(), pauses.dropFirst(2)).allSatisfy { $0 <= $1 })
        for _ in 0..<(EndpointGate.mostLostAnswers * EndpointGate.amends) { bench.succeed(try probe(bench)) }
        #expect(bench.due().count == EndpointGate.concurrency)
    }

    @Test("What the provider asks for is kept to, also where an answer was lost or nothing was presented")
    func retryAfter() throws {
        for failure in [
            Bench.Failure.uncertain(.failing(retryAfter: .seconds(700))),
            .stillFailing(.noAnswer, retryAfter: .seconds(700)),
        ] {
            let bench = bench(10)
            bench.pass(.seconds(900))
            for ticket in bench.due() { bench.fail(ticket, Bench.outage) }
            let ticket = try probe(bench)
            let asked = bench.now
            bench.fail(ticket, failure)
            _ = try probe(bench)
            #expect(asked.duration(to: bench.now) == .seconds(700))
        }
    }

    @Test("A token that is uncertain for another reason than its answer says nothing of the endpoint")
    func otherReasons() throws {
        let bench = bench(30)
        bench.pass(.seconds(900))
        for ticket in bench.due() { bench.fail(ticket, .uncertain(.notAsked)) }
        #expect(bench.health()?.consecutiveFailures == 0)
        for ticket in bench.due() { bench.fail(ticket, .uncertain(.answering)) }
        #expect(bench.health()?.consecutiveFailures == 0)
        let ticket = try #require(bench.due().first)
        #expect(!ticket.asksFirst)
        #expect(bench.demand(0) == .impossible(.uncertain))
    }

    @Test("What could not even be sent opens no failing endpoint")
    func unsendable() throws {
        let bench = bench(60)
        bench.pass(.seconds(900))
        for ticket in bench.due() { bench.fail(ticket, Self.lost) }
        for _ in 0..<20 {
            let ticket = try probe(bench)
            #expect(ticket.asksFirst)
            let counts = bench.scheduler.failed(
                ticket, failure: Bench.death, wasSent: false, now: bench.now, jitter: 0.5)
            #expect(counts)
        }
        #expect(try probe(bench).asksFirst)
    }

    @Test("One that hangs while eight successes are waited for holds up the next for half a minute, not for itself")
    func hangsWhileWatched() throws {
        let bench = bench(60)
        bench.pass(.seconds(900))
        for ticket in bench.due() { bench.fail(ticket, Self.lost) }
        bench.succeed(try probe(bench))
        _ = try probe(bench)
        let hangsSince = bench.now
        let next = try probe(bench)
        #expect(next.asksFirst && hangsSince.duration(to: bench.now) == EndpointGate.longestTurn)
        for _ in 0..<6 { _ = try probe(bench) }
        bench.pass(.seconds(60))
        #expect(bench.due().isEmpty, "but never more than eight")
    }

    @Test("An endpoint that failed before a restart is asked first; one that gets through opens it")
    func afterRestart() throws {
        let bench = bench(30)
        bench.scheduler.endpointWasFailing(of: 3)
        bench.scheduler.endpointWasFailing(of: 99)
        bench.pass(.seconds(900))
        let ticket = try probe(bench)
        #expect(ticket.asksFirst)
        bench.succeed(ticket)
        #expect(bench.due().count == EndpointGate.concurrency)
    }
}
