/// The line that `systemctl status` shows.
package enum ServiceStatusText {
    /// How many connections are in which state.
    package struct Counts: Equatable, Sendable {
        package var active = 0
        /// Their tokens have run out; they recover by themselves.
        package var expired = 0
        /// A person must connect them again.
        package var needReauthorization = 0
        package var inactive = 0
        /// Links that nobody has completed yet.
        package var openLinks = 0

        package init(
            active: Int = 0, expired: Int = 0, needReauthorization: Int = 0, inactive: Int = 0, openLinks: Int = 0
        ) {
            self.active = active
            self.expired = expired
            self.needReauthorization = needReauthorization
            self.inactive = inactive
            self.openLinks = openLinks
        }
    }

    /// For example "12 active, 1 needs reauthorization; next refresh in 4 min". A state without connections is left
    /// out; `notes` follow at the end, for instance what protection is missing.
    package static func line(_ counts: Counts, nextRefresh: Duration?, notes: [String] = []) -> String {
        let states = [
            (counts.active, one: "active", several: "active"),
            (counts.expired, one: "expired", several: "expired"),
            (counts.needReauthorization, one: "needs reauthorization", several: "need reauthorization"),
            (counts.inactive, one: "inactive", several: "inactive"),
            (counts.openLinks, one: "open link", several: "open links"),
        ]
        let shown = states.filter { $0.0 > 0 }.map { "\($0.0) \($0.0 == 1 ? $0.one : $0.several)" }
        var parts = [shown.isEmpty ? "no connections" : shown.joined(separator: ", ")]
        if let nextRefresh { parts.append("next refresh \(when(nextRefresh))") }
        return (parts + notes).joined(separator: "; ")
    }

    /// "now", or "in" and at most two units, of which none is 0. Finer than a minute only below a minute, so that the
    /// line does not change all the time.
    private static func when(_ time: Duration) -> String {
        guard time > .zero else { return "now" }
        let (whole, attoseconds) = time.components
        let seconds = attoseconds > 0 && whole < 60 ? whole + 1 : whole
        if seconds < 60 { return "in \(seconds) s" }
        let minutes = rounded(seconds, to: 60)
        if minutes < 24 * 60 { return "in " + joined((minutes / 60, "h"), (minutes % 60, "min")) }
        let hours = rounded(seconds, to: 3600)
        return "in " + joined((hours / 24, "d"), (hours % 24, "h"))
    }

    private static func rounded(_ seconds: Int64, to unit: Int64) -> Int64 {
        seconds / unit + (seconds % unit * 2 >= unit ? 1 : 0)
    }

    private static func joined(_ parts: (Int64, String)...) -> String {
        parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: " ")
    }
}
