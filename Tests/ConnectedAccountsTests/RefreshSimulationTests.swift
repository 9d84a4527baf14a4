import Glibc
import Testing

@testable import ConnectedAccounts

@Suite("Random schedules against providers with one-use refresh tokens")
struct RefreshSimulationTests {
    static let batches = 20
    /// More in one run: `PURSER_SIMULATION_SCHEDULES`, for each batch.
    static let schedulesPerBatch = environment("PURSER_SIMULATION_SCHEDULES").map(Int.init(clamping:)) ?? 1000
    /// One schedule again: `PURSER_SIMULATION_SEED=… swift test --filter RefreshSimulationTests/replay`.
    static let seed = environment("PURSER_SIMULATION_SEED")

    private static func environment(_ name: String) -> UInt64? {
        unsafe getenv(name).flatMap { unsafe UInt64(String(cString: $0)) }
    }

    @Test(
        """
        R1 R2 R3 R4 R8: no token is presented twice, one refresh at a time, nothing committed is lost, nothing valid \
        withheld, each ticket ends once
        """, arguments: 0..<batches)
    func schedules(batch: Int) {
        var refreshes = 0
        for number in 0..<Self.schedulesPerBatch {
            let seed = UInt64(batch * Self.schedulesPerBatch + number)
            var simulation = RefreshSimulation(seed: seed)
            if let violation = simulation.run() {
                Issue.record("PURSER_SIMULATION_SEED=\(seed): \(violation)")
                return
            }
            refreshes += simulation.refreshes
        }
        // The schedules do something.
        #expect(refreshes > 8 * Self.schedulesPerBatch)
    }

    @Test("The schedule of a given seed holds too", .enabled(if: seed != nil))
    func replay() throws {
        var simulation = RefreshSimulation(seed: try #require(Self.seed))
        #expect(simulation.run() == nil)
    }
}

@Suite("Time is stepped by the scheduler's own wakes")
struct RefreshWakeTests {
    @Test(
        "R7: between a look and its next wake nothing is due, and at the wake something moves",
        arguments: 0..<150 as Range<UInt64>)
    func exact(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let bench = Bench()
        for slot in 0..<6 { bench.logIn(slot, app: "ac_\(slot % 2)", lifetime: .seconds(random.below(900))) }
        var running = bench.due()
        for _ in 0..<60 {
            bench.jitter = random.unit()
            move(bench, &running, &random)
            running += bench.due()
            guard let wake = bench.nextWake else { continue }
            let early = [bench.now, bench.now.advanced(by: bench.now.duration(to: wake) / 2), wake.justBefore]
                .filter { instant in
                    var copy = bench.scheduler
                    return !copy.due(now: instant).isEmpty
                }
            guard wake > bench.now, early.isEmpty else {
                Issue.record("seed \(seed): at \(bench.now), woken at \(wake), but due at \(early)")
                return
            }
            guard random.chance(60) else { continue }
            bench.now = wake
            let sent = bench.due()
            guard !sent.isEmpty || bench.nextWake ?? .distant > wake else {
                Issue.record("seed \(seed): the wake at \(wake) moves nothing")
                return
            }
            running += sent
        }
    }

    private func move(_ bench: Bench, _ running: inout [Bench.Ticket], _ random: inout SeededRandom) {
        let slot = random.below(6)
        switch random.below(12) {
        case 0: bench.logIn(slot, app: "ac_\(slot % 2)", lifetime: .seconds(random.below(900)))
        case 1: bench.scheduler.suspend(slot)
        case 2: bench.scheduler.resume(slot, jitter: random.unit())
        case 3: bench.scheduler.remove(slot)
        case 4: bench.scheduler.appChanged("ac_0")
        case 5, 6: _ = bench.demand(slot)
        case 7: bench.pass(.seconds(random.below(400)))
        default: end(bench, &running, &random)
        }
    }

    private func end(_ bench: Bench, _ running: inout [Bench.Ticket], _ random: inout SeededRandom) {
        guard !running.isEmpty else { return }
        let ticket = running.remove(at: random.below(running.count))
        let failures = [
            Bench.outage, Bench.hiccup, Bench.rejection, Bench.death, .uncertain(.failing(retryAfter: nil)),
            .transient(endpointWide: true, retryAfter: .seconds(30)),
        ]
        let which = random.below(failures.count + 3)
        if which < failures.count {
            bench.fail(ticket, failures[which])
        } else {
            bench.succeed(ticket, lifetime: .seconds(600))
        }
    }
}

extension BootInstant {
    fileprivate static let distant = BootInstant(nanoseconds: .max)

    fileprivate var justBefore: BootInstant { BootInstant(nanoseconds: nanoseconds - 1) }
}
