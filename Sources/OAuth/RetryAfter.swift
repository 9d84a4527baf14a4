/// Reads when a server wants to be asked again (RFC 9110 section 10.2.3).
package enum RetryAfter {
    /// The longest wait that a server can impose. What asks for more is asked again after this.
    package static let longest: Duration = .seconds(86_400)

    /// The wait that `field` asks for, from zero to ``longest``; nil if it is absent or neither a number nor a date.
    ///
    /// A date is read against the server's own clock, the `Date` field of the same answer, and against `now` (seconds
    /// since 1970) only where that is missing: a clock that is wrong here then changes nothing.
    package static func duration(_ field: String?, date: String?, now: Int64) -> Duration? {
        guard let field, field.utf8.count <= 64 else { return nil }
        let text = field.trimmingBlanks()
        if !text.isEmpty, text.utf8.allSatisfy(ASCII.isDigit) {
            // Digits that no UInt64 holds are a long wait too.
            return bounded(ASCII.decimal(text).map { Int64(clamping: $0) } ?? .max)
        }
        guard let then = HTTPDate.seconds(String(text), now: now) else { return nil }
        let reference = date.flatMap { HTTPDate.seconds($0, now: now) } ?? now
        return bounded(then.subtractingReportingOverflow(reference).partialValue)
    }

    private static func bounded(_ seconds: Int64) -> Duration {
        min(.seconds(max(seconds, 0)), longest)
    }
}

extension String {
    /// Without spaces and tabs around it: optional white space of a header field (RFC 9110 section 5.6.3).
    func trimmingBlanks() -> Substring {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else {
            return ""
        }
        return self[first...last]
    }
}
