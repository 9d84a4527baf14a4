/// Reads a JSON object whose members are all strings: the body of a token request at the few providers that want JSON.
struct FlatObjectReader {
    private var rest: ArraySlice<UInt8>

    /// The members in their order. Nil if the text is anything else.
    static func pairs(in body: [UInt8]) -> [(name: String, value: String)]? {
        var reader = FlatObjectReader(rest: body[...])
        guard let pairs = reader.object(), reader.next() == nil else { return nil }
        return pairs
    }

    private mutating func object() -> [(name: String, value: String)]? {
        guard next() == UInt8(ascii: "{") else { return nil }
        var pairs: [(name: String, value: String)] = []
        var mark = next()
        while mark == UInt8(ascii: "\"") {
            guard let name = string(), next() == UInt8(ascii: ":"), next() == UInt8(ascii: "\""), let value = string()
            else { return nil }
            pairs.append((name, value))
            mark = next()
            guard mark == UInt8(ascii: ",") else { break }
            mark = next()
            guard mark == UInt8(ascii: "\"") else { return nil }
        }
        return mark == UInt8(ascii: "}") ? pairs : nil
    }

    /// The next character that is not white space.
    private mutating func next() -> UInt8? {
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "\t"): continue
            default: return byte
            }
        }
        return nil
    }

    /// The rest of a string whose opening quote is read.
    private mutating func string() -> String? {
        var bytes: [UInt8] = []
        while let byte = rest.popFirst(), byte >= 0x20 {
            switch byte {
            case UInt8(ascii: "\""):
                return String(validating: bytes, as: UTF8.self)
            case UInt8(ascii: "\\"):
                guard let scalar = escape() else { return nil }
                bytes += Array(String(scalar).utf8)
            default:
                bytes.append(byte)
            }
        }
        return nil
    }

    private mutating func escape() -> Unicode.Scalar? {
        switch rest.popFirst() {
        case UInt8(ascii: "\""): "\""
        case UInt8(ascii: "\\"): "\\"
        case UInt8(ascii: "/"): "/"
        case UInt8(ascii: "b"): "\u{08}"
        case UInt8(ascii: "f"): "\u{0C}"
        case UInt8(ascii: "n"): "\n"
        case UInt8(ascii: "r"): "\r"
        case UInt8(ascii: "t"): "\t"
        case UInt8(ascii: "u"): codePoint()
        default: nil
        }
    }

    private mutating func codePoint() -> Unicode.Scalar? {
        guard let unit = codeUnit() else { return nil }
        guard (0xD800..<0xDC00).contains(unit) else { return Unicode.Scalar(unit) }
        guard rest.popFirst() == UInt8(ascii: "\\"), rest.popFirst() == UInt8(ascii: "u"),
            let low = codeUnit(), (0xDC00..<0xE000).contains(low)
        else { return nil }
        return Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
    }

    private mutating func codeUnit() -> UInt32? {
        guard rest.count >= 4 else { return nil }
        let digits = rest.prefix(4)
        rest.removeFirst(4)
        // A sign would pass as a number.
        guard digits.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) else { return nil }
        return UInt32(String(decoding: digits, as: UTF8.self), radix: 16)
    }
}
