/// The byte classes that the grammars of OAuth and HTTP are written in.
enum ASCII {
    static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (lowercased(byte) >= UInt8(ascii: "a") && lowercased(byte) <= UInt8(ascii: "z"))
    }

    /// VCHAR or space: what a token may consist of (RFC 6749 appendix A).
    static func isPrintable(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte <= 0x7E
    }

    static func isWhitespace(_ byte: UInt8) -> Bool {
        byte == 0x20 || (byte >= 0x09 && byte <= 0x0D)
    }

    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }

    /// `text` with A-Z in lower case; unlike `String.lowercased()` it changes nothing else.
    static func lowercased(_ text: String) -> String {
        String(decoding: text.utf8.map(lowercased), as: UTF8.self)
    }

    /// Whether `text` contains `part`, without regard to the case of letters.
    static func contains(_ text: Span<UInt8>, _ part: String) -> Bool {
        let part = part.utf8.map(lowercased)
        guard !part.isEmpty else { return true }
        guard text.count >= part.count else { return false }
        return (0...(text.count - part.count)).contains { start in
            part.indices.allSatisfy { lowercased(text[start + $0]) == part[$0] }
        }
    }

    /// The decimal number that all of `text` is; nil for anything else, a sign included, and above `UInt64.max`.
    static func decimal(_ text: some StringProtocol) -> UInt64? {
        text.utf8.allSatisfy(isDigit) ? UInt64(text) : nil
    }
}
