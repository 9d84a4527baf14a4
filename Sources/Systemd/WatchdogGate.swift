/// Decides whether the daemon may tell systemd that it is alive.
///
/// A ping is due only if every part has made a heartbeat since the last ping, and none of these is older than its
/// part's allowance. So one part that hangs ends the pings, however well the others do; once it has been silent for
/// longer than its allowance it hangs, and nothing is gained by waiting until systemd misses the pings.
///
/// A value without a clock: instants come in.
package struct WatchdogGate<Part: Hashable & CaseIterable & Sendable, Instant: InstantProtocol>: Sendable
where Instant.Duration == Duration {
    /// What to do now.
    package enum Decision: Equatable, Sendable {
        /// Send `WATCHDOG=1`.
        case ping
        /// Send nothing: this part made its last heartbeat `silentFor` ago, and none since the last ping.
        case withhold(Part, silentFor: Duration)
        /// This part has been silent for longer than its allowance: send `WATCHDOG=trigger`.
        case hung(Part, silentFor: Duration)
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
        for (part, silence) in silences(at: now) where silence > pulses[part]?.allowance ?? .zero {
            return .hung(part, silentFor: silence)
        }
        for (part, silence) in silences(at: now) where pulses[part]?.hasBeatenSincePing != true {
            return .withhold(part, silentFor: silence)
        }
        for part in Part.allCases { pulses[part]?.hasBeatenSincePing = false }
        return .ping
    }

    /// How long ago each part made its last heartbeat.
    private func silences(at now: Instant) -> [(part: Part, silence: Duration)] {
        Part.allCases.map { part in (part, max(.zero, pulses[part]?.last.duration(to: now) ?? .zero)) }
    }
}
