extension String {
    /// The text on one line without anything that moves a terminal's cursor or turns the direction of writing; names
    /// come from providers and their users.
    var printable: String {
        String(String.UnicodeScalarView(unicodeScalars.map { $0.isHarmful ? "\u{FFFD}" : $0 }))
    }

    /// Columns that a terminal shows it in.
    var displayWidth: Int { reduce(0) { $0 + $1.displayWidth } }

    /// The text, or its start and "…", in at most `width` columns.
    func cut(to width: Int) -> String {
        guard displayWidth > width else { return self }
        var kept = ""
        var room = width - 1
        for character in self {
            room -= character.displayWidth
            if room < 0 { break }
            kept.append(character)
        }
        return width > 0 ? kept + "…" : ""
    }

    /// The text with spaces behind it, up to `width` columns.
    func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - displayWidth))
    }
}

extension Character {
    /// 2 for what East Asian typography writes wide, and for emoji; 0 for a mark that stands alone (UAX #11).
    fileprivate var displayWidth: Int {
        guard let first = unicodeScalars.first else { return 0 }
        switch first.value {
        case 0x1100...0x115F, 0x2E80...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default:
            return first.properties.generalCategory == .nonspacingMark ? 0 : 1
        }
    }
}

extension Unicode.Scalar {
    fileprivate var isHarmful: Bool {
        switch value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }
}
