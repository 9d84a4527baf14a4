internal import Glibc

extension String {
    /// The text on one line, in at most `limit` bytes of UTF-8: each control character, which could begin a second
    /// line or steer a terminal, is a space.
    func singleLine(limit: Int) -> String {
        var line = String.UnicodeScalarView()
        for scalar in bounded(to: limit).unicodeScalars {
            line.append(scalar.isHarmful ? " " : scalar)
        }
        return String(line).bounded(to: limit)
    }

    /// The text, or as many of its characters as fit into `limit` bytes with "…" behind them.
    func bounded(to limit: Int) -> String {
        guard utf8.count > limit else { return self }
        let mark: Unicode.Scalar = "…"
        var kept = String.UnicodeScalarView()
        var room = limit - UTF8.width(mark)
        for scalar in unicodeScalars {
            room -= UTF8.width(scalar)
            if room < 0 { break }
            kept.append(scalar)
        }
        kept.append(mark)
        return String(kept)
    }
}

extension Unicode.Scalar {
    /// Whether it can break a line, move a terminal's cursor, or turn the direction of the text that follows.
    var isHarmful: Bool {
        switch value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}

/// The system's words for an errno (strerror(3)).
func systemMessage(_ code: CInt) -> String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
        guard let text = buffer.baseAddress, unsafe strerror_r(code, text, buffer.count) == 0 else {
            return "error \(code)"
        }
        return unsafe String(cString: text)
    }
}
