import Testing

@testable import ConnectedAccounts

@Suite("R6: Retry-After")
struct RetryAfterTests {
    @Test("A connection's own Retry-After holds for it alone")
    func connection() throws {
        let bench = Bench()
        bench.jitter = 0
        for slot in 0..<2 { bench.logIn(slot) }
        bench.fail(
            try #require(bench.demandAndSend(0).first), .transient(endpointWide: false, retryAfter: .seconds(120)))
        #expect(bench.demand(0) == .notBefore(.seconds(120), .upstreamUnavailable))
        #expect(bench.demandAndSend(1).slots == [1])
        bench.now = .seconds(119.9)
        #expect(bench.due().isEmpty)
        bench.now = .seconds(120)
        #expect(bench.due().slots == [0])
    }

    @Test("The endpoint's Retry-After holds for all its connections, even after answers to what was sent before")
    func endpoint() throws {
        let bench = Bench()
        for slot in 0..<20 { bench.logIn(slot) }
        bench.now = .seconds(900)
        let tickets = bench.due()
        let waiting = try #require((0..<20).first { !tickets.slots.contains($0) })
        bench.fail(tickets[0], .transient(endpointWide: true, retryAfter: .seconds(60)))
        bench.succeed(tickets[1])
        bench.fail(tickets[2], Bench.death)
        #expect(bench.due().isEmpty && bench.health()?.retryAt == .seconds(960))
        #expect(bench.demand(waiting) == .notBefore(.seconds(960), .upstreamUnavailable))
        for ticket in tickets.dropFirst(3) { bench.succeed(ticket) }
        bench.now = .seconds(959.9)
        #expect(bench.due().isEmpty && bench.idleUntil == .seconds(960))
        bench.now = .seconds(960)
        let probe = bench.due()
        #expect(probe.slots == [waiting])
        bench.succeed(probe[0])
        #expect(bench.due().count == EndpointGate.concurrency)
    }

    @Test("The longest of several is the one that counts")
    func longest() {
        let bench = Bench()
        for slot in 0..<3 { bench.logIn(slot, lifetime: nil) }
        let tickets = (0..<3).flatMap { bench.demandAndSend($0) }
        for (ticket, seconds) in zip(tickets, [30, 90, 60]) {
            bench.fail(ticket, .transient(endpointWide: true, retryAfter: .seconds(seconds)))
        }
        #expect(bench.health()?.retryAt == .seconds(90))
        bench.now = .seconds(89)
        #expect(bench.idleUntil == .seconds(90))
        bench.now = .seconds(90)
        #expect(bench.due().count == 1)
    }

    @Test(
        "A Retry-After shorter than the back-off shortens nothing, and one of years holds for a day",
        arguments: [
            (-5, 0.999), (0, 0.999), (1_000_000_000, 0.0), (Int.max / 2, 0.0),
        ] as [(Int, Double)])
    func bounds(seconds: Int, jitter: Double) throws {
        let bench = Bench()
        bench.jitter = jitter
        bench.logIn(0)
        bench.fail(
            try #require(bench.demandAndSend(0).first), .transient(endpointWide: true, retryAfter: .seconds(seconds)))
        let wait = try bench.now.duration(to: #require(bench.idleUntil))
        #expect(seconds > 0 ? wait == .seconds(86_400) : (wait > .seconds(1.9) && wait < .seconds(2)))
    }

    @Test("A rule of ours for one connection keeps no other waiting, and may last longer than a provider may ask for")
    func resendAfter() throws {
        let bench = Bench()
        for slot in 0..<2 { bench.logIn(slot, lifetime: nil) }
        let days = Duration.seconds(3 * 86_400)
        let lost = Bench.Failure.transient(endpointWide: true, retryAfter: nil, resendAfter: days)
        bench.fail(try #require(bench.demandAndSend(0).first), lost)
        #expect(bench.demand(0) == .notBefore(BootInstant.zero.advanced(by: days), .upstreamUnavailable))
        #expect(bench.health()?.retryAt == nil && bench.demandAndSend(1).slots == [1])
    }
}
