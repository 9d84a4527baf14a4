/// Reads one timestamp from front to back; each step gives nil where the text is not what RFC 3339 section 5.6 asks
/// for.
struct TimestampReader {
    private var rest: ArraySlice<UInt8>

    init(_ text: Span<UInt8>) {
        rest = text.indices.map { text[$0] }[...]
    }

    mutating func timestamp() -> Int64? {
        guard
            let year = number(digits: 4), skip("-"), let month = number(digits: 2), skip("-"),
            let day = number(digits: 2), skip("Tt "), let time = secondsOfDay(), skipFraction(), let offset = offset()
        else { return nil }
        let date = CalendarDate(year: year, month: month, day: day)
        guard rest.isEmpty, date.exists else { return nil }
        let seconds = date.daysSince1970 * RFC3339.secondsPerDay + time.seconds - offset
        // A leap second is only ever the last second of a day in UTC.
        guard !time.isLeapSecond || seconds.isMultiple(of: RFC3339.secondsPerDay) else { return nil }
        return RFC3339.range.contains(seconds) ? seconds : nil
    }

    private mutating func secondsOfDay() -> (seconds: Int64, isLeapSecond: Bool)? {
        guard
            let hour = number(digits: 2), skip(":"), let minute = number(digits: 2), skip(":"),
            let second = number(digits: 2), hour <= 23, minute <= 59, second <= 60
        else { return nil }
        return (hour * 3600 + minute * 60 + second, second == 60)
    }

    private mutating func skipFraction() -> Bool {
        guard skip(".") else { return true }
        let digits = rest.prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        rest = rest.dropFirst(digits.count)
        return !digits.isEmpty
    }

    /// Seconds east of UTC.
    private mutating func offset() -> Int64? {
        if skip("Zz") { return 0 }
        let isEast = skip("+")
        guard
            isEast || skip("-"), let hours = number(digits: 2), skip(":"), let minutes = number(digits: 2), hours <= 23,
            minutes <= 59
        else { return nil }
        let seconds = hours * 3600 + minutes * 60
        return isEast ? seconds : -seconds
    }

    private mutating func number(digits count: Int) -> Int64? {
        guard rest.count >= count else { return nil }
        var value: Int64 = 0
        for byte in rest.prefix(count) {
            guard UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        rest = rest.dropFirst(count)
        return value
    }

    /// Steps over one character if it is one of `characters`.
    private mutating func skip(_ characters: String) -> Bool {
        guard let first = rest.first, characters.utf8.contains(first) else { return false }
        rest = rest.dropFirst()
        return true
    }
}
