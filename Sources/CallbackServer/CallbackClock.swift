/// The time by which pages expire and the listener closes. It counts while the machine is suspended.
package struct CallbackClock: Sendable {
    /// The time since some fixed instant.
    package var now: @Sendable () -> Duration
    /// Returns when ``now`` has reached that time; throws when the task is cancelled.
    package var sleep: @Sendable (_ until: Duration) async throws -> Void

    package init(
        now: @escaping @Sendable () -> Duration, sleep: @escaping @Sendable (_ until: Duration) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
    }

    /// The time since the clock was asked for.
    package static func continuous() -> CallbackClock {
        let start = ContinuousClock.now
        return CallbackClock(
            now: { start.duration(to: .now) },
            sleep: { try await Task.sleep(until: start.advanced(by: $0), clock: .continuous) })
    }
}
