/// When to poll in the device flow, and when to stop (RFC 8628 sections 3.3 to 3.5).
///
/// Instants come from the caller's clock, which counts suspend; there is none in here.
package struct DevicePolling<Instant: InstantProtocol>: Sendable, Equatable where Instant.Duration == Duration {
    /// What is to be done next.
    package enum Step: Sendable, Equatable {
        /// Send one poll at this instant, not before.
        case poll(at: Instant)
        /// The codes die at this instant, before another poll is allowed: there is only the end to wait for.
        case expire(at: Instant)
        /// It is over.
        case end(DeviceFlowEnd)
    }

    /// When the codes die.
    package let expiry: Instant
    /// The least time between polls; it only grows.
    package private(set) var interval: Duration
    /// Polls in a row from which nothing was learnt.
    private var silentPolls = 0

    /// What `slow_down` adds (section 3.5).
    package static var slowDownStep: Duration { .seconds(5) }
    /// The longest wait between polls, whatever a server says.
    package static var longestInterval: Duration { .seconds(300) }
    /// The longest wait that failures without an answer lead to.
    package static var longestBackOff: Duration { .seconds(60) }

    /// A flow whose codes were asked for at `start`.
    package init(start: Instant, expiresIn: Duration, interval: Duration) {
        self.expiry = start.advanced(by: expiresIn)
        self.interval = min(max(interval, .seconds(1)), Self.longestInterval)
    }

    /// The first step; a person needs a moment anyway.
    package func first(at now: Instant) -> Step { step(at: now, after: interval) }

    /// The step after a poll that brought no tokens, known at `now`.
    package mutating func next(after verdict: DevicePollVerdict, at now: Instant) -> Step {
        switch verdict {
        case .denied: return .end(.denied)
        case .expired: return .end(.expired)
        case .failed(let failure): return .end(.failed(failure))
        case .pending:
            silentPolls = 0
        case .slowDown(let wanted):
            silentPolls = 0
            slowDown(wanted)
        case .tryLater(let failure):
            silentPolls += 1
            return step(at: now, after: max(backOff, min(failure.retryAfter ?? .zero, Self.longestInterval)))
        }
        return step(at: now, after: interval)
    }

    private func step(at now: Instant, after wait: Duration) -> Step {
        guard now < expiry else { return .end(.expired) }
        let next = now.advanced(by: wait)
        return next < expiry ? .poll(at: next) : .expire(at: expiry)
    }

    private mutating func slowDown(_ wanted: Duration?) {
        // A body's interval that is no longer than ours would not slow anything down.
        let longer = wanted.map { $0 > interval ? $0 : interval + Self.slowDownStep } ?? interval + Self.slowDownStep
        interval = min(longer, Self.longestInterval)
    }

    /// Doubles with each silent poll (section 3.5 recommends it for time-outs).
    private var backOff: Duration {
        max(interval, min(interval * (1 << min(silentPolls, 6)), Self.longestBackOff))
    }
}

/// How a device flow ended without tokens.
package enum DeviceFlowEnd: Sendable, Equatable {
    /// The person said no.
    case denied
    /// Nobody decided in time.
    case expired
    /// The server will not go on.
    case failed(TokenFailure)
}
