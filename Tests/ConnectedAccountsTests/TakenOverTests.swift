import Testing

@testable import ConnectedAccounts

@Suite("A refresh that an earlier process has sent is under way as any other")
struct TakenOverTests {
    @Test("It counts against its endpoint's bound, is joined by whoever asks, and ends like any other")
    func countsAndEnds() throws {
        let bench = Bench()
        for slot in 0..<20 { bench.logIn(slot) }
        let taken = (0..<5).compactMap { bench.scheduler.takeOver($0, failures: 3, sentAt: .seconds(790)) }
        try #require(taken.count == 5)
        #expect(taken.allSatisfy { $0.isTakenOver && !$0.asksFirst && $0.sentAt == .seconds(790) })
        #expect(bench.scheduler.inFlight == 5 && bench.demand(0) == .underway)
        bench.now = .seconds(900)
        let sent = bench.due()
        #expect(sent.count == EndpointGate.concurrency - 5)
        #expect(sent.allSatisfy { !$0.isTakenOver && $0.slot >= 5 })
        #expect(bench.succeed(taken[0]))
        #expect(bench.scheduler.failures(0) == 0 && bench.scheduler.failures(1) == 3)
        #expect(bench.due().count == 1)
        #expect(!bench.succeed(taken[0]))
    }

    @Test("There is one for a connection at most, and none for a place without one")
    func once() {
        let bench = Bench()
        bench.logIn(0)
        let taken = [0, 0, 1].map { bench.scheduler.takeOver($0, failures: 0, sentAt: .seconds(1))?.slot }
        #expect(taken == [0, nil, nil])
        #expect(bench.scheduler.inFlight == 1)
    }
}
