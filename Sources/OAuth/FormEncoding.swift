import SecretBytes

/// `application/x-www-form-urlencoded`, over secret bytes (RFC 6749 appendix B).
enum FormEncoding {
    /// Appends `bytes` encoded: space is `+`, letters, digits and `-._~*` stay, every other byte is `%HH`.
    ///
    /// `~` stays although HTML's own serialiser encodes it: every decoder reads both, and a server that does not decode
    /// a Basic secret at all reads only this.
    static func encode(_ bytes: Span<UInt8>, into buffer: inout SecretBuffer) {
        for index in bytes.indices {
            switch bytes[index] {
            case UInt8(ascii: " "):
                buffer.append(UInt8(ascii: "+"))
            case let byte where isUnreserved(byte):
                buffer.append(byte)
            case let byte:
                buffer.append(UInt8(ascii: "%"))
                buffer.append(hexDigit(byte >> 4))
                buffer.append(hexDigit(byte & 15))
            }
        }
    }

    /// As above, for text that is no secret.
    static func encode(_ text: String, into buffer: inout SecretBuffer) {
        SecretBytes(utf8: text).withBytes { encode($0, into: &buffer) }
    }

    /// What `text` encodes; nil where a `%` is not followed by two hexadecimal digits.
    static func decode(_ text: Span<UInt8>) -> SecretBytes? {
        var buffer = SecretBuffer(minimumCapacity: text.count)
        var index = 0
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "+"):
                buffer.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard index + 2 < text.count, let high = hexValue(text[index + 1]), let low = hexValue(text[index + 2])
                else { return nil }
                buffer.append(high << 4 | low)
                index += 2
            case let byte:
                buffer.append(byte)
            }
            index += 1
        }
        return buffer.bytes()
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        ASCII.isAlphanumeric(byte) || "-._~*".utf8.contains(byte)
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + (value - 10)
    }

    private static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        default: nil
        }
    }
}
