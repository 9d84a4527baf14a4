import Glibc
import ProviderSimulator
import Testing

@Suite("A day of simulated time against the fault-injecting provider", .timeLimit(.minutes(5)))
struct DayTests {
    /// `PURSER_DAYS=100` for so many days; each is the same whenever it is simulated again.
    private static let seeds = 1...(unsafe getenv("PURSER_DAYS").flatMap { UInt64(unsafe String(cString: $0)) } ?? 2)

    @Test(
        "Every failure is classified as published, and every connection is in the state that follows from it",
        arguments: seeds)
    func day(seed: UInt64) throws {
        let day = try Day(seed: seed)
        try day.run()
        #expect(day.oracle.violations == [], "seed \(seed)")
        #expect(day.faultsMet == Set(FaultKind.all.map(\.name)))
        #expect(day.requests > 1000)
        let usual = ["ACTIVE -", "FAILED invalid_grant", "EXPIRED uncertain", "EXPIRED upstream_unavailable"]
        #expect(day.statusesSeen.isSuperset(of: usual))
    }
}
