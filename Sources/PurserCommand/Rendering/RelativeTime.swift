internal import PurserClient

/// A length of time in its two largest units: `45 s`, `4 min`, `3 h 12 min`, `5 d 3 h`.
func timeText(seconds: Int64) -> String {
    let seconds = max(seconds, 0)
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400)
    func both(_ large: Int64, _ largeUnit: String, _ small: Int64, _ smallUnit: String) -> String {
        small == 0 ? "\(large) \(largeUnit)" : "\(large) \(largeUnit) \(small) \(smallUnit)"
    }
    if days > 0 { return both(days, "d", hours % 24, "h") }
    if hours > 0 { return both(hours, "h", minutes % 60, "min") }
    return minutes > 0 ? "\(minutes) min" : "\(seconds) s"
}

extension Timestamp {
    /// How far it is from `now`: `in 4 min`, `3 h 12 min ago`, `now`.
    func relative(to now: Timestamp) -> String {
        // Clamped, so that no two times overflow.
        let bounds = -253_402_300_800...253_402_300_800 as ClosedRange<Int64>
        let own = min(max(unixSeconds, bounds.lowerBound), bounds.upperBound)
        let seconds = own - min(max(now.unixSeconds, bounds.lowerBound), bounds.upperBound)
        if seconds == 0 { return "now" }
        return seconds > 0 ? "in \(timeText(seconds: seconds))" : "\(timeText(seconds: -seconds)) ago"
    }
}
