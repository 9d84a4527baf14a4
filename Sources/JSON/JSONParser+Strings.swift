internal import SecretBytes

extension JSONParser {
    /// Reads a string, from its opening quotation mark.
    mutating func string(_ source: Span<UInt8>, _ index: inout JSONIndex) throws(JSONError) {
        let start = position
        position += 1
        switch try plainText(source) {
        case UInt8(ascii: "\""):
            position += 1
            try add(JSONNode(.string, start: start, end: position, next: index.nodeCount + 1), &index)
        default:
            try escapedString(from: start, source, &index)
        }
    }

    /// Reads on to the quotation mark or backslash that ends a run of text without escapes, and tells which it was.
    private mutating func plainText(_ source: Span<UInt8>) throws(JSONError) -> UInt8 {
        while true {
            position = endOfPlainText(source, from: position)
            let byte = try byte(source)
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return byte }
            if byte < 0x20 { throw error(.controlCharacter) }
            let length = lengthOfSequence(source, at: position)
            guard length > 0 else { throw error(.invalidUTF8) }
            position += length
        }
    }

    /// Reads on from the first backslash of the string that starts at `start`, with its unescaped bytes put behind the text.
    private mutating func escapedString(
        from start: Int, _ source: Span<UInt8>, _ index: inout JSONIndex
    ) throws(JSONError) {
        let content = index.text.count
        index.text.append(source.extracting(start + 1..<position))
        repeat {
            try escape(source, &index.text)
            let run = position
            let end = try plainText(source)
            index.text.append(source.extracting(run..<position))
            if end == UInt8(ascii: "\"") { break }
        } while true
        position += 1
        let next = index.nodeCount + 2
        guard next <= limits.maxNodes else { throw JSONError(kind: .tooManyNodes, offset: start) }
        index.append(JSONNode(.escapedString, start: start, end: position, next: next))
        index.append(JSONNode(.unescapedBytes, start: content, end: index.text.count, next: next))
    }

    /// Reads one escape, from its backslash (RFC 8259 section 7).
    private mutating func escape(_ source: Span<UInt8>, _ text: inout SecretBuffer) throws(JSONError) {
        let backslash = position
        position += 1
        let letter = try byte(source)
        position += 1
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): appendUTF8(try codePoint(from: backslash, source), to: &text)
        default: throw JSONError(kind: .invalidEscape, offset: backslash)
        }
    }

    /// The code point of a `\u` escape, or of two that are a surrogate pair, from behind the first `u`.
    private mutating func codePoint(from backslash: Int, _ source: Span<UInt8>) throws(JSONError) -> UInt32 {
        let first = try hexadecimal(source)
        guard first & 0xF800 == 0xD800 else { return first }
        let lone = JSONError(kind: .loneSurrogate, offset: backslash)
        guard first < 0xDC00, position + 1 < source.count,
            source[position] == UInt8(ascii: "\\"), source[position + 1] == UInt8(ascii: "u")
        else { throw lone }
        position += 2
        let second = try hexadecimal(source)
        guard second & 0xFC00 == 0xDC00 else { throw lone }
        return 0x10000 + (first & 0x3FF) << 10 + second & 0x3FF
    }

    private mutating func hexadecimal(_ source: Span<UInt8>) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let digit = try byte(source)
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(digit - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(digit - UInt8(ascii: "A") + 10)
            default: throw error(.invalidEscape)
            }
            position += 1
        }
        return value
    }

    private func appendUTF8(_ codePoint: UInt32, to text: inout SecretBuffer) {
        func append(_ bits: UInt32) { text.append(UInt8(truncatingIfNeeded: bits)) }
        switch codePoint {
        case 0..<0x80:
            append(codePoint)
        case 0x80..<0x800:
            append(0xC0 | codePoint >> 6)
            append(0x80 | codePoint & 0x3F)
        case 0x800..<0x10000:
            append(0xE0 | codePoint >> 12)
            append(0x80 | codePoint >> 6 & 0x3F)
            append(0x80 | codePoint & 0x3F)
        default:
            append(0xF0 | codePoint >> 18)
            append(0x80 | codePoint >> 12 & 0x3F)
            append(0x80 | codePoint >> 6 & 0x3F)
            append(0x80 | codePoint & 0x3F)
        }
    }
}
