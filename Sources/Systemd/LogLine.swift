internal import Logging
internal import RFC3339

/// A log entry as one line of text: time, level, message, then `key=value` for each field.
enum LogLine {
    /// The line, with its line feed. Nothing in it can begin another line or steer a terminal.
    static func text(_ record: LogRecord) -> String {
        var line = "\(time(record.unixNanoseconds)) \(record.level.rawValue) "
        line += escaped(record.message)
        for field in record.fields {
            line += " \(key(field.key))=\(value(field.value))"
        }
        return line + "\n"
    }

    /// RFC 3339 in UTC with milliseconds.
    static func time(_ unixNanoseconds: Int64) -> String {
        let seconds = unixNanoseconds >= 0 ? unixNanoseconds / 1_000_000_000 : 0
        let milliseconds = unixNanoseconds >= 0 ? unixNanoseconds / 1_000_000 % 1000 : 0
        let date = RFC3339.string(unixSeconds: seconds)?.dropLast() ?? "-"
        let fraction = String(milliseconds + 1000).dropFirst()
        return "\(date).\(fraction)Z"
    }

    private static func key(_ text: String) -> String {
        String(
            text.unicodeScalars.prefix(64).map { scalar in
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", ".", "-": Character(scalar)
                default: "_"
                }
            })
    }

    /// Quoted where a reader could not tell where it ends.
    private static func value(_ text: String) -> String {
        let isPlain = text.unicodeScalars.allSatisfy { !$0.isHarmful && !" \"=\\".unicodeScalars.contains($0) }
        guard !isPlain || text.isEmpty else { return text }
        let quotable = text.unicodeScalars.reduce(into: "") { result, scalar in
            if scalar == "\"" || scalar == "\\" { result.append("\\") }
            result.unicodeScalars.append(scalar)
        }
        return "\"\(escaped(quotable))\""
    }

    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.isHarmful: result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }
}
