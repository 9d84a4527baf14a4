/// Writes HTML: markup from the source code as it is, text from anywhere escaped.
struct HTMLWriter {
    private(set) var bytes: [UInt8] = []

    /// The most Unicode scalars of one text that are shown.
    static let maximumLength = 200

    mutating func markup(_ markup: StaticString) {
        markup.withUTF8Buffer { unsafe bytes.append(contentsOf: $0) }
    }

    /// Safe in element content and in quoted attribute values.
    ///
    /// Longer text ends in an ellipsis. Control characters, and those that would reverse, hide or break the text around
    /// them, show as U+FFFD.
    mutating func text(_ text: String, maximumLength: Int = maximumLength) {
        var count = 0
        for scalar in text.unicodeScalars {
            guard count < maximumLength else {
                bytes.append(contentsOf: "…".utf8)
                return
            }
            count += 1
            write(scalar)
        }
    }

    private mutating func write(_ scalar: Unicode.Scalar) {
        switch scalar {
        case "&": markup("&amp;")
        case "<": markup("&lt;")
        case ">": markup("&gt;")
        case "\"": markup("&quot;")
        case "'": markup("&#39;")
        case _ where Self.disturbs(scalar): markup("\u{FFFD}")
        default: bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        }
    }

    private static func disturbs(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1F, 0x7F...0x9F: true
        // Marks, embeddings, overrides and isolates of direction.
        case 0x061C, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
        // Zero width, line and paragraph ends, byte order mark, interlinear marks, tags. The joiners U+200C and U+200D
        // stay: scripts and emoji need them.
        case 0x200B, 0x2028, 0x2029, 0x2060...0x2064, 0xFEFF, 0xFFF9...0xFFFB, 0xE0000...0xE007F: true
        default: false
        }
    }
}
