import Systemd
import Testing

@Suite("The gate before WATCHDOG=1")
struct WatchdogGateTests {
    enum Part: CaseIterable, Sendable { case requestLoop, refresher }

    typealias Gate = WatchdogGate<Part, ContinuousClock.Instant>
    let start = ContinuousClock.now
    var gate: Gate

    init() {
        gate = Gate(startedAt: start) { $0 == .requestLoop ? .seconds(5) : .seconds(2) }
    }

    private func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

    @Test("It opens when every part has beaten")
    mutating func opens() {
        #expect(gate.decide(at: at(1)) == .withhold(.requestLoop, silentFor: .seconds(1)))
        gate.heartbeat(of: .requestLoop, at: at(1))
        #expect(gate.decide(at: at(2)) == .withhold(.refresher, silentFor: .seconds(2)))
        gate.heartbeat(of: .refresher, at: at(2))
        #expect(gate.decide(at: at(2)) == .ping)
    }

    @Test("One heartbeat serves one ping", arguments: [Part.requestLoop, .refresher])
    mutating func onePing(stopped: Part) {
        for part in Part.allCases { gate.heartbeat(of: part, at: at(1)) }
        #expect(gate.decide(at: at(1)) == .ping)
        for part in Part.allCases where part != stopped { gate.heartbeat(of: part, at: at(2)) }
        #expect(gate.decide(at: at(2)) == .withhold(stopped, silentFor: .seconds(1)))
        gate.heartbeat(of: stopped, at: at(3))
        #expect(gate.decide(at: at(3)) == .ping)
    }

    @Test(
        "A heartbeat is good for its part's allowance, to the very end of it",
        arguments: [
            (4, 2, WatchdogGate<Part, ContinuousClock.Instant>.Decision.ping),
            (6, 4, .ping),
            (7, 5, .hung(.requestLoop, silentFor: .seconds(6))),
            (6, 3, .hung(.refresher, silentFor: .seconds(3))),
            (7, 4, .hung(.requestLoop, silentFor: .seconds(6))),
        ])
    mutating func allowances(now: Int, refresherBeat: Int, decision: Gate.Decision) {
        gate.heartbeat(of: .requestLoop, at: at(1))
        gate.heartbeat(of: .refresher, at: at(refresherBeat))
        #expect(gate.decide(at: at(now)) == decision)
    }

    @Test("Whoever is only late is waited for; whoever has been silent for too long hangs, whoever else is late")
    mutating func lateness() {
        for part in Part.allCases { gate.heartbeat(of: part, at: at(1)) }
        #expect(gate.decide(at: at(1)) == .ping)
        #expect(gate.decide(at: at(3)) == .withhold(.requestLoop, silentFor: .seconds(2)))
        #expect(gate.decide(at: at(4)) == .hung(.refresher, silentFor: .seconds(3)))
        gate.heartbeat(of: .refresher, at: at(4))
        #expect(gate.decide(at: at(5)) == .withhold(.requestLoop, silentFor: .seconds(4)))
    }

    @Test("A decision to withhold uses up no heartbeat")
    mutating func withholding() {
        gate.heartbeat(of: .requestLoop, at: at(1))
        #expect(gate.decide(at: at(2)) == .withhold(.refresher, silentFor: .seconds(2)))
        gate.heartbeat(of: .refresher, at: at(3))
        #expect(gate.decide(at: at(3)) == .ping)
    }

    @Test("A heartbeat reported late does not make its part older or younger")
    mutating func lateReports() {
        gate.heartbeat(of: .refresher, at: at(4))
        gate.heartbeat(of: .refresher, at: at(1))
        gate.heartbeat(of: .requestLoop, at: at(4))
        #expect(gate.decide(at: at(6)) == .ping)
    }

    @Test("An instant before the last heartbeat counts as that of the heartbeat")
    mutating func earlierNow() {
        for part in Part.allCases { gate.heartbeat(of: part, at: at(5)) }
        #expect(gate.decide(at: at(4)) == .ping)
        #expect(gate.decide(at: at(4)) == .withhold(.requestLoop, silentFor: .zero))
    }
}
