internal import CLinux
package import ConnectedAccounts

/// The machine's boot-time clock (CLOCK_BOOTTIME): it counts suspend, and setting the wall clock does not move it.
package struct BootClock: Clock {
    package init() {}

    package var now: BootInstant { BootInstant(nanoseconds: clinux_boottime_nanoseconds()) }

    package var minimumResolution: Duration { .nanoseconds(1) }

    /// Sleeps on `ContinuousClock`, which on Linux is a timer of CLOCK_BOOTTIME.
    package func sleep(until deadline: BootInstant, tolerance: Duration?) async throws {
        try await ContinuousClock().sleep(for: now.duration(to: deadline), tolerance: tolerance)
    }

    /// Nanoseconds since 1970 on the wall clock: to show, never to decide by.
    package static var wallNanoseconds: Int64 { clinux_realtime_nanoseconds() }
}
