import Glibc
import RFC3339
import Testing

struct RFC3339Tests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var text: String
        var seconds: Int64?
        var testDescription: String { name }
    }

    static let readable: [Row] = [
        Row(name: "the epoch", text: "1970-01-01T00:00:00Z", seconds: 0),
        Row(name: "one second before", text: "1969-12-31T23:59:59Z", seconds: -1),
        Row(name: "section 5.8, a fraction", text: "1985-04-12T23:20:50.52Z", seconds: 482_196_050),
        Row(name: "section 5.8, an offset", text: "1996-12-19T16:39:57-08:00", seconds: 851_042_397),
        Row(name: "section 5.8, a leap second", text: "1990-12-31T23:59:60Z", seconds: 662_688_000),
        Row(name: "section 5.8, the same with offset", text: "1990-12-31T15:59:60-08:00", seconds: 662_688_000),
        Row(name: "section 5.8, Dutch time", text: "1937-01-01T12:00:27.87+00:20", seconds: -1_041_337_173),
        Row(name: "unknown local offset", text: "1996-12-19T16:39:57-00:00", seconds: 851_013_597),
        Row(name: "lower case", text: "1970-01-01t00:00:00z", seconds: 0),
        Row(name: "a space for T", text: "1970-01-01 00:00:00Z", seconds: 0),
        Row(name: "29 February of a leap year", text: "2024-02-29T00:00:00Z", seconds: 1_709_164_800),
        Row(name: "29 February 2000", text: "2000-02-29T12:00:00Z", seconds: 951_825_600),
        Row(name: "the first that there is", text: "0000-01-01T00:00:00Z", seconds: -62_167_219_200),
        Row(name: "the last that there is", text: "9999-12-31T23:59:59Z", seconds: 253_402_300_799),
    ]

    static let unreadable: [Row] = [
        Row(name: "empty", text: ""),
        Row(name: "a date alone", text: "1970-01-01"),
        Row(name: "no zone", text: "1970-01-01T00:00:00"),
        Row(name: "something after it", text: "1970-01-01T00:00:00Z "),
        Row(name: "a point without digits", text: "1970-01-01T00:00:00.Z"),
        Row(name: "29 February of a common year", text: "2023-02-29T00:00:00Z"),
        Row(name: "29 February 1900", text: "1900-02-29T00:00:00Z"),
        Row(name: "31 April", text: "2024-04-31T00:00:00Z"),
        Row(name: "month 0", text: "2024-00-01T00:00:00Z"),
        Row(name: "month 13", text: "2024-13-01T00:00:00Z"),
        Row(name: "day 0", text: "2024-01-00T00:00:00Z"),
        Row(name: "hour 24", text: "2024-01-01T24:00:00Z"),
        Row(name: "minute 60", text: "2024-01-01T00:60:00Z"),
        Row(name: "second 61", text: "2016-12-31T23:59:61Z"),
        Row(name: "a leap second at noon", text: "2016-12-31T12:00:60Z"),
        Row(name: "an offset without a colon", text: "2024-01-01T00:00:00+0100"),
        Row(name: "an offset of 24 hours", text: "2024-01-01T00:00:00+24:00"),
        Row(name: "a sign before the year", text: "+024-01-01T00:00:00Z"),
        Row(name: "before the first in UTC", text: "0000-01-01T00:00:00+00:01"),
        Row(name: "after the last in UTC", text: "9999-12-31T23:59:59-00:01"),
        Row(name: "other digits", text: "２024-01-01T00:00:00Z"),
        Row(name: "endless digits", text: "2024-01-01T00:00:00.\(String(repeating: "0", count: 100))Z"),
    ]

    @Test("A timestamp is read as RFC 3339 defines it", arguments: readable)
    func reads(_ row: Row) {
        #expect(RFC3339.unixSeconds(row.text) == row.seconds)
    }

    @Test("What is not one complete timestamp is refused", arguments: unreadable)
    func refuses(_ row: Row) {
        #expect(RFC3339.unixSeconds(row.text) == nil)
    }

    @Test("Every day that gmtime_r knows is written as gmtime_r has it, and read back")
    func agreesWithGmtime() {
        var generator = SplitMix(state: 3339)
        for _ in 0..<20_000 {
            let seconds = Int64.random(in: RFC3339.range, using: &generator)
            let text = RFC3339.string(unixSeconds: seconds)
            #expect(text == gmtime(seconds))
            #expect(text.flatMap(RFC3339.unixSeconds(_:)) == seconds)
        }
    }

    @Test(
        "A time outside the four-digit years cannot be written",
        arguments: [Int64.min, -62_167_219_201, 253_402_300_800, .max])
    func outside(_ seconds: Int64) {
        #expect(RFC3339.string(unixSeconds: seconds) == nil)
    }

    private func gmtime(_ seconds: Int64) -> String {
        var time = time_t(seconds)
        var parts = unsafe tm()
        unsafe gmtime_r(&time, &parts)
        let (year, month, day) = unsafe (parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday)
        let (hour, minute, second) = unsafe (parts.tm_hour, parts.tm_min, parts.tm_sec)
        let date = [padded(year, 4), padded(month, 2), padded(day, 2)].joined(separator: "-")
        let clock = [padded(hour, 2), padded(minute, 2), padded(second, 2)].joined(separator: ":")
        return "\(date)T\(clock)Z"
    }

    private func padded(_ number: Int32, _ digits: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}

/// A seeded generator (Steele, Lea and Flood's SplitMix64), so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
