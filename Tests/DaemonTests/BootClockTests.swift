import ConnectedAccounts
import Daemon
import Foundation
import Testing

@Suite("The machine's boot-time clock")
struct BootClockTests {
    /// Of the timers of this process that are set, the clock each is of, as timerfd_create(2) numbers them.
    private static func clocksOfTimers() throws -> [String] {
        let directory = "/proc/self/fdinfo"
        return try FileManager.default.contentsOfDirectory(atPath: directory).compactMap { name in
            // The directory's own descriptor is gone by now.
            guard let info = try? String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8) else { return nil }
            let lines = info.split(separator: "\n")
            guard lines.contains(where: { $0.hasPrefix("it_value: (") && $0 != "it_value: (0, 0)" }) else { return nil }
            return lines.first { $0.hasPrefix("clockid: ") }.map { String($0.dropFirst(9)) }
        }
    }

    @Test("A sleep is a timer that goes on in suspend, so what is overdue starts at waking", .timeLimit(.minutes(1)))
    func sleepsInBootTime() async throws {
        let clock = BootClock()
        let bootTime = "7"
        let sleeper = Task { try await clock.sleep(until: clock.now.advanced(by: .seconds(3600)), tolerance: nil) }
        while try !Self.clocksOfTimers().contains(bootTime) { await Task.yield() }
        sleeper.cancel()
        await #expect(throws: CancellationError.self) { try await sleeper.value }
    }

    @Test("It does not go back, and is the time since the machine was started, suspend included")
    func counts() throws {
        let uptime = try String(contentsOfFile: "/proc/uptime", encoding: .utf8)
        let since = try #require(uptime.split(separator: " ").first.flatMap { Double($0) })
        let first = BootClock().now
        let second = BootClock().now
        #expect(first <= second)
        #expect(abs(Double(first.nanoseconds) / 1e9 - since) < 60)
    }
}
