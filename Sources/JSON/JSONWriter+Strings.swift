extension JSONWriter {
    /// Writes a string.
    @_disfavoredOverload
    package mutating func value(_ text: String) { string(text.utf8.span) }

    /// Writes a string.
    package mutating func value(_ text: StaticString) {
        text.withUTF8Buffer { string(unsafe $0.span) }
    }

    /// Writes UTF-8, such as a secret lent by its owner, as a string. Bytes that are not well-formed UTF-8 are written as
    /// U+FFFD, one for each, for the output must stay JSON.
    package mutating func value(secret: Span<UInt8>) { string(secret) }

    /// Writes a key, whose value must follow.
    package mutating func key(_ key: StaticString) {
        key.withUTF8Buffer { key in
            let key = unsafe key.span
            if key.count <= Self.maxShortKey, endOfPlainText(key, from: 0) == key.count { return appendShortKey(key) }
            string(key)
            afterKey()
        }
    }

    /// Writes a key that is not known before, whose value must follow.
    @_disfavoredOverload
    package mutating func key(_ key: String) {
        string(key.utf8.span)
        afterKey()
    }

    @inline(__always)
    private mutating func string(_ text: Span<UInt8>) {
        beforeValue()
        append(UInt8(ascii: "\""))
        let plain = endOfPlainText(text, from: 0)
        if plain == text.count {
            append(text)
        } else {
            appendEscaped(text, from: plain)
        }
        append(UInt8(ascii: "\""))
    }

    /// Writes `text`, of which the first `plain` bytes need no look.
    private mutating func appendEscaped(_ text: Span<UInt8>, from plain: Int) {
        var runStart = 0
        var offset = plain
        while offset < text.count {
            let length = text[offset] < 0x80 ? 0 : lengthOfSequence(text, at: offset)
            if length > 0 {
                offset = endOfPlainText(text, from: offset + length)
                continue
            }
            append(text.extracting(runStart..<offset))
            appendReplacement(of: text[offset])
            runStart = offset + 1
            offset = endOfPlainText(text, from: runStart)
        }
        append(text.extracting(runStart..<offset))
    }

    private mutating func appendReplacement(of byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case 0x0A: append("\\n")
        case 0x0D: append("\\r")
        case 0x09: append("\\t")
        case 0x08: append("\\b")
        case 0x0C: append("\\f")
        case 0x80...: append("\u{FFFD}")
        default:
            append("\\u00")
            append(hexadecimalDigit(byte >> 4))
            append(hexadecimalDigit(byte & 15))
        }
    }
}

private func hexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}
