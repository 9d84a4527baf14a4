extension YAMLNode {
    /// A length of time: a whole number with `s`, `m`, `h` or `d` behind it, or of seconds without.
    package func duration(in range: ClosedRange<Duration>, _ problems: inout YAMLProblems) -> Duration? {
        guard case .scalar(let text, _) = content, let duration = Duration(configured: text) else {
            problems.add(at: self, "needs a length of time, such as 30s, 10m, 1h or 60d")
            return nil
        }
        guard range.contains(duration) else {
            let (from, to) = (range.lowerBound.configured, range.upperBound.configured)
            problems.add(at: self, "needs a length of time from \(from) to \(to)")
            return nil
        }
        return duration
    }
}

extension Duration {
    private static let units: [(suffix: String, seconds: Int64)] = [("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)]

    fileprivate init?(configured text: String) {
        let unit = Self.units.first { text.hasSuffix($0.suffix) }
        let digits = unit == nil ? text[...] : text.dropLast()
        guard
            (1...12).contains(digits.utf8.count),
            digits.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }),
            let number = Int64(digits)
        else { return nil }
        self = .seconds(number * (unit?.seconds ?? 1))
    }

    /// In the largest unit that needs no fraction.
    fileprivate var configured: String {
        let seconds = components.seconds
        let unit = Self.units.first { seconds != 0 && seconds.isMultiple(of: $0.seconds) }
        return unit.map { "\(seconds / $0.seconds)\($0.suffix)" } ?? "\(seconds)s"
    }
}
