import ConnectedAccounts
import Daemon
import Foundation
import Testing

@Suite("The machine's boot-time clock")
struct BootClockTests {
    /// Of the timers of this process, the clock each is of, as timerfd_create(2) numbers them.
    private static func clocksOfTimers() throws -> [String] {
        let directory = "/proc/self/fdinfo"
        return try FileManager.default.contentsOfDirectory(atPath: directory).compactMap { name in
            // The directory's own descriptor is gone by now.
            let info = try? String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)
            return info?.split(separator: "\n").first { $0.hasPrefix("clockid: ") }.map { String($0.dropFirst(9)) }
        }
    }

    @Test("A sleep is a timer that goes on in suspend, so what is overdue starts at waking")
    func sleepsInBootTime() async throws {
        let clock = BootClock()
        try await clock.sleep(until: clock.now.advanced(by: .milliseconds(1)), tolerance: nil)
        let bootTime = "7"
        #expect(try Self.clocksOfTimers().contains(bootTime))
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
