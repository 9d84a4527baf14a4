/// Timestamps as text (RFC 3339 section 5.6) and as Unix seconds, in the proleptic Gregorian calendar, years 0000 to
/// 9999.
package enum RFC3339 {
    /// The Unix seconds that can be written: 0000-01-01T00:00:00Z to 9999-12-31T23:59:59Z.
    package static let range: ClosedRange<Int64> = -62_167_219_200...253_402_300_799

    /// Writes `YYYY-MM-DDTHH:MM:SSZ`.
    ///
    /// - Returns: nil for a time outside ``range``.
    package static func string(unixSeconds: Int64) -> String? {
        guard let text = utf8(unixSeconds: unixSeconds) else { return nil }
        return String(decoding: text.indices.map { text[$0] }, as: UTF8.self)
    }

    /// The same twenty characters without a `String`, for those who write into a buffer.
    package static func utf8(unixSeconds: Int64) -> InlineArray<20, UInt8>? {
        guard range.contains(unixSeconds) else { return nil }
        let days = unixSeconds.flooredQuotient(by: secondsPerDay)
        let date = CalendarDate(daysSince1970: days)
        let second = unixSeconds - days * secondsPerDay
        var text = InlineArray<20, UInt8>(repeating: UInt8(ascii: "Z"))
        text.put(date.year, digits: 4, at: 0, then: UInt8(ascii: "-"))
        text.put(date.month, digits: 2, at: 5, then: UInt8(ascii: "-"))
        text.put(date.day, digits: 2, at: 8, then: UInt8(ascii: "T"))
        text.put(second / 3600, digits: 2, at: 11, then: UInt8(ascii: ":"))
        text.put(second / 60 % 60, digits: 2, at: 14, then: UInt8(ascii: ":"))
        text.put(second % 60, digits: 2, at: 17, then: UInt8(ascii: "Z"))
        return text
    }

    /// Reads a timestamp; a fraction of a second is dropped.
    ///
    /// `T` and `Z` may be in lower case and `T` may be a space, as the notes of section 5.6 allow. A leap second counts
    /// as the first second of the next day.
    ///
    /// - Returns: nil for anything that is not one complete timestamp.
    package static func unixSeconds(_ text: String) -> Int64? {
        var text = text
        return text.withUTF8 { unsafe unixSeconds($0.span) }
    }

    /// Reads a timestamp from its UTF-8, as ``unixSeconds(_:)-(String)`` does.
    package static func unixSeconds(_ text: Span<UInt8>) -> Int64? {
        guard text.count <= 64 else { return nil }
        var reader = TimestampReader(text)
        return reader.timestamp()
    }

    static let secondsPerDay: Int64 = 86_400
}

extension InlineArray<20, UInt8> {
    fileprivate mutating func put(_ value: Int64, digits: Int, at start: Int, then separator: UInt8) {
        var rest = value
        for index in (start..<start + digits).reversed() {
            self[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
            rest /= 10
        }
        self[start + digits] = separator
    }
}
