internal import RFC3339

/// A moment in whole seconds of Unix time, as the daemon gives it. With Foundation:
/// `Date(timeIntervalSince1970: Double(timestamp.unixSeconds))`.
public struct Timestamp: Sendable, Hashable {
    /// Seconds since 1970-01-01T00:00:00Z.
    public let unixSeconds: Int64

    /// The moment this many seconds after 1970-01-01T00:00:00Z.
    public init(unixSeconds: Int64) { self.unixSeconds = unixSeconds }

    /// Reads a timestamp as RFC 3339 section 5.6 has it; nil for anything else. A fraction of a second is dropped.
    public init?(rfc3339 text: String) {
        guard let seconds = RFC3339.unixSeconds(text) else { return nil }
        self.init(unixSeconds: seconds)
    }
}

extension Timestamp: Comparable {
    /// Whether `one` is before `other`.
    public static func < (one: Timestamp, other: Timestamp) -> Bool { one.unixSeconds < other.unixSeconds }
}

extension Timestamp: CustomStringConvertible {
    /// RFC 3339 in UTC; outside the years 0000 to 9999 the number of seconds.
    public var description: String {
        RFC3339.string(unixSeconds: unixSeconds) ?? "\(unixSeconds) s"
    }
}
