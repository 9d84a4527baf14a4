/// A point on the boot-time clock (CLOCK_BOOTTIME, clock_gettime(2)): it counts suspend and is never set.
///
/// Everything with a deadline uses it; it means the same to every process of one boot, so it may be kept in the vault.
package struct BootInstant: InstantProtocol, Sendable, Hashable {
    package var nanoseconds: Int64

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package static let zero = BootInstant(nanoseconds: 0)

    @inlinable
    package static func < (left: BootInstant, right: BootInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    package func advanced(by duration: Duration) -> BootInstant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(duration.nanoseconds)
        return BootInstant(nanoseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    package func duration(to other: BootInstant) -> Duration {
        let (difference, overflow) = other.nanoseconds.subtractingReportingOverflow(nanoseconds)
        return .nanoseconds(overflow ? (other < self ? .min : .max) : difference)
    }
}

/// Seconds since 1970 (Unix time), to show and to read `expires_at`; nothing is ever decided by it.
package struct WallInstant: Sendable, Hashable, Comparable {
    package var seconds: Int64

    package init(seconds: Int64) {
        self.seconds = seconds
    }

    package static func < (left: WallInstant, right: WallInstant) -> Bool { left.seconds < right.seconds }
}

extension Duration {
    /// Whole nanoseconds, at most some 292 years either way.
    package var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, carry) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carry ? (seconds < 0 ? .min : .max) : sum
    }
}
