/// Reads the three forms of an HTTP date (RFC 9110 section 5.6.7).
package enum HTTPDate {
    /// Seconds since 1970 of `text`; nil if it is no HTTP date.
    ///
    /// The obsolete RFC 850 form has a year of two digits: it is taken to be at most 50 years after `now`, as the RFC
    /// says.
    package static func seconds(_ text: String, now: Int64) -> Int64? {
        guard text.utf8.count <= 64 else { return nil }
        let words = text.split(whereSeparator: { $0 == " " || $0 == "," })
        switch words.count {
        // Sun, 06 Nov 1994 08:49:37 GMT
        case 6 where words[5] == "GMT":
            return seconds(day: words[1], month: words[2], year: year(words[3]), time: words[4])
        // Sunday, 06-Nov-94 08:49:37 GMT
        case 4 where words[3] == "GMT":
            let date = words[1].split(separator: "-", omittingEmptySubsequences: false)
            guard date.count == 3 else { return nil }
            return seconds(day: date[0], month: date[1], year: shortYear(date[2], now: now), time: words[2])
        // Sun Nov  6 08:49:37 1994
        case 5:
            return seconds(day: words[2], month: words[1], year: year(words[4]), time: words[3])
        default:
            return nil
        }
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func seconds(day: Substring, month: Substring, year: Int64?, time: Substring) -> Int64? {
        guard let day = number(day, 1...31), let month = months.firstIndex(of: String(month)), let year else {
            return nil
        }
        let parts = time.split(separator: ":", omittingEmptySubsequences: false)
        // A leap second is 60 (RFC 9110 follows RFC 5322).
        guard parts.count == 3, let hour = number(parts[0], 0...23), let minute = number(parts[1], 0...59),
            let second = number(parts[2], 0...60)
        else { return nil }
        return ((days(year: year, month: Int64(month + 1), day: day) * 24 + hour) * 60 + minute) * 60 + second
    }

    private static func number(_ text: Substring, _ range: ClosedRange<Int64>) -> Int64? {
        guard (1...2).contains(text.utf8.count), let value = ASCII.decimal(text).map(Int64.init) else { return nil }
        return range.contains(value) ? value : nil
    }

    private static func year(_ text: Substring) -> Int64? {
        guard text.utf8.count == 4 else { return nil }
        return ASCII.decimal(text).map(Int64.init)
    }

    private static func shortYear(_ text: Substring, now: Int64) -> Int64? {
        guard text.utf8.count == 2, let short = ASCII.decimal(text).map(Int64.init) else { return nil }
        let thisYear = 1970 + now / 31_556_952
        let candidate = thisYear - thisYear % 100 + short
        return candidate > thisYear + 50 ? candidate - 100 : candidate
    }

    /// Days from 1970-01-01 to a day of the Gregorian calendar, counted in years that begin with March.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
    }
}
