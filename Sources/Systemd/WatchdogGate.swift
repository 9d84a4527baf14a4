/// Decides whether the daemon may tell systemd that it is alive.
///
/// A ping is due only if every part has made a heartbeat since the last ping, and none of these is older than its
/// part's allowance. So one part that hangs ends the pings, however well the others do, and systemd restarts the
/// daemon within `WatchdogSec=`. For the same reason each part must beat more often than pings are asked for.
///
/// A value without a clock: instants come in.
package struct WatchdogGate<Part: Hashable & CaseIterable & Sendable, Instant: InstantProtocol>: Sendable
where Instant.Duration == Duration {
    /// What to do now.
    package enum Decision: Equatable, Sendable {
        /// Send `WATCHDOG=1`.
        case ping
        /// Send nothing: this part made its last heartbeat `silentFor` ago.
        case withhold(Part, silentFor: Duration)
    }

    private struct Pulse {
        let allowance: Duration
        var last: Instant
        var hasBeatenSincePing = false
    }

    private var pulses: [Part: Pulse] = [:]

    /// A gate that opens when every part has made its first heartbeat. `allowance` is how old a part's heartbeat may
    /// be when it counts for a ping.
    package init(startedAt start: Instant, allowance: (Part) -> Duration) {
        for part in Part.allCases {
            pulses[part] = Pulse(allowance: allowance(part), last: start)
        }
    }

    /// Notes that `part` made progress at `instant`. One that is reported late does not count as newer than it is.
    package mutating func heartbeat(of part: Part, at instant: Instant) {
        guard var pulse = pulses[part] else { return }
        pulse.last = max(pulse.last, instant)
        pulse.hasBeatenSincePing = true
        pulses[part] = pulse
    }

    /// Decides at `now`. With ``Decision/ping`` each part must beat again before the next one.
    package mutating func decide(at now: Instant) -> Decision {
        for part in Part.allCases {
            guard let pulse = pulses[part] else { continue }
            let silence = max(.zero, pulse.last.duration(to: now))
            guard pulse.hasBeatenSincePing, silence <= pulse.allowance else {
                return .withhold(part, silentFor: silence)
            }
        }
        for part in Part.allCases { pulses[part]?.hasBeatenSincePing = false }
        return .ping
    }
}
