/// What is known of one generation's access token in time.
package struct TokenLife: Sendable, Equatable {
    /// Grows with each new token set of a connection.
    package var generation: UInt64
    /// When the request that brought it was sent: its life is counted from there, so never too long.
    package var obtainedAt: BootInstant
    /// Nil: it does not end, or nobody said when.
    package var lifetime: Duration?
    /// Whether a refresh token came along, or the grant is renewed by the client's own credentials.
    package var isRefreshable: Bool

    package init(generation: UInt64, obtainedAt: BootInstant, lifetime: Duration?, isRefreshable: Bool) {
        self.generation = generation
        self.obtainedAt = obtainedAt
        self.lifetime = lifetime
        self.isRefreshable = isRefreshable
    }

    package var expiresAt: BootInstant? { lifetime.map(obtainedAt.advanced(by:)) }

    package func hasEnded(at now: BootInstant) -> Bool {
        guard let expiresAt else { return false }
        return expiresAt <= now
    }

    /// Nil: it does not end.
    package func remaining(at now: BootInstant) -> Duration? {
        expiresAt.map { max(.zero, now.duration(to: $0)) }
    }
}

/// When a token is due for refresh: a function of its lifetime alone.
///
/// At 0.8 of the lifetime, give or take a tenth of the margin; the margin is at least 30 s, but never more than half
/// the lifetime, and at most a day. Short tokens are therefore refreshed once per half life, never per call.
package struct RefreshTiming: Sendable, Equatable {
    /// Replaces a fifth of the lifetime as the margin, for providers that ask for it.
    package var margin: Duration?
    /// How long a grant lives without being used, at providers that end such grants.
    package var idleLimit: Duration?

    package init(margin: Duration? = nil, idleLimit: Duration? = nil) {
        self.margin = margin
        self.idleLimit = idleLimit
    }

    /// The margin before the end of life; `jitter` is in 0..<1.
    package func margin(for lifetime: Duration, jitter: Double) -> Duration {
        let floor = min(.seconds(30), lifetime / 2)
        let ceiling = max(floor, min(.seconds(86_400), lifetime / 2))
        let middle = min(max(margin ?? lifetime / 5, floor), ceiling)
        // Spread inside the bounds, not clamped to them: where a bound holds, many tokens would be due in one instant.
        let least = max(middle * 9 / 10, floor)
        let most = min(middle * 11 / 10, ceiling)
        return min(least + (most - least) * jitter, most)
    }

    /// Nil where nothing is due: the token cannot be refreshed, or neither it nor its grant ends.
    package func due(_ life: TokenLife, jitter: Double) -> BootInstant? {
        let keepAlive = keepAlive(life, jitter: jitter)
        guard life.isRefreshable, let lifetime = life.lifetime else { return keepAlive }
        let due = life.obtainedAt.advanced(by: lifetime - margin(for: lifetime, jitter: jitter))
        return min(due, keepAlive ?? due)
    }

    /// When the grant must be used lest it end: at 0.8 of the idle limit, within 0.02. Nil where it ends by no such
    /// limit.
    package func keepAlive(_ life: TokenLife, jitter: Double) -> BootInstant? {
        guard life.isRefreshable, let idleLimit else { return nil }
        return life.obtainedAt.advanced(by: idleLimit * (0.82 - 0.04 * jitter))
    }
}

/// Exponential back-off between 1 s and 5 min.
package enum Backoff {
    package static let first: Duration = .seconds(1)
    package static let longest: Duration = .seconds(300)

    /// The ceiling after `failures` failures in a row (one or more).
    package static func ceiling(failures: Int, longest: Duration = longest) -> Duration {
        let doublings = min(max(failures - 1, 0), 16)
        return min(first * (1 << doublings), longest)
    }

    /// Full jitter above a floor of 1 s: what failed together does not return together, and nothing returns at once.
    package static func fullJitter(failures: Int, jitter: Double) -> Duration {
        min(first + ceiling(failures: failures) * jitter, longest)
    }

    /// Half fixed, half jitter: a lower bound on the time between attempts, hence an upper bound on their number.
    package static func equalJitter(failures: Int, jitter: Double, longest: Duration = longest) -> Duration {
        ceiling(failures: failures, longest: longest) * (0.5 + 0.5 * jitter)
    }

    /// What a provider may ask for at most; a mistyped `Retry-After` must not close an endpoint for good.
    package static let longestRetryAfter: Duration = .seconds(86_400)

    /// What the provider asked for, within bounds.
    static func bounded(retryAfter: Duration?) -> Duration? {
        retryAfter.map { min(max($0, .zero), longestRetryAfter) }
    }
}
