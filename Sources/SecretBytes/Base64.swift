/// Base64 between secret bytes, without a copy that is not wiped (RFC 4648).
package enum Base64 {
    /// Appends the padded standard alphabet's form (section 4).
    package static func encode(_ bytes: Span<UInt8>, into buffer: inout SecretBuffer) {
        var index = 0
        while index < bytes.count {
            let length = min(3, bytes.count - index)
            let group = group(bytes, at: index, length)
            for position in 0..<4 {
                buffer.append(position <= length ? symbol(group >> UInt32(18 - 6 * position)) : UInt8(ascii: "="))
            }
            index += 3
        }
    }

    /// Appends the URL-safe alphabet's form (section 5) without padding, as JOSE and PKCE write it.
    package static func encodeURLSafe(_ bytes: Span<UInt8>, into buffer: inout SecretBuffer) {
        var index = 0
        while index < bytes.count {
            let length = min(3, bytes.count - index)
            let group = group(bytes, at: index, length)
            for position in 0...length {
                buffer.append(urlSafe(symbol(group >> UInt32(18 - 6 * position))))
            }
            index += 3
        }
    }

    /// Appends what `text` encodes, in the URL-safe alphabet (section 5), padded or not; false if it is not such a
    /// text.
    package static func decodeURLSafe(_ text: Span<UInt8>, into buffer: inout SecretBuffer) -> Bool {
        var end = text.count
        while end > 0, text.count - end < 2, text[end - 1] == UInt8(ascii: "=") { end -= 1 }
        guard end % 4 != 1 else { return false }
        var bits = BitRun()
        for index in 0..<end {
            guard let value = urlSafeValue(text[index]) else { return false }
            bits.append(value, to: &buffer)
        }
        return true
    }

    /// Appends what `text` encodes, in the standard alphabet (section 4), its white space skipped as PEM has it (RFC
    /// 7468); false if it is not such a text.
    package static func decode(_ text: Span<UInt8>, into buffer: inout SecretBuffer) -> Bool {
        var bits = BitRun()
        var count = 0
        var padding = 0
        for index in text.indices where !isWhitespace(text[index]) {
            count += 1
            if text[index] == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            guard padding == 0, let value = standardValue(text[index]) else { return false }
            bits.append(value, to: &buffer)
        }
        return count % 4 == 0 && padding <= 2
    }

    /// Six bits at a time on their way to bytes.
    private struct BitRun {
        private var bits: UInt32 = 0
        private var held = 0

        mutating func append(_ value: UInt32, to buffer: inout SecretBuffer) {
            bits = bits << 6 | value
            held += 6
            guard held >= 8 else { return }
            held -= 8
            buffer.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
        }
    }

    private static func isWhitespace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func group(_ bytes: Span<UInt8>, at index: Int, _ length: Int) -> UInt32 {
        var group = UInt32(bytes[index]) << 16
        if length > 1 { group |= UInt32(bytes[index + 1]) << 8 }
        if length > 2 { group |= UInt32(bytes[index + 2]) }
        return group
    }

    private static func urlSafe(_ symbol: UInt8) -> UInt8 {
        switch symbol {
        case UInt8(ascii: "+"): UInt8(ascii: "-")
        case UInt8(ascii: "/"): UInt8(ascii: "_")
        default: symbol
        }
    }

    private static func symbol(_ bits: UInt32) -> UInt8 {
        let value = UInt8(truncatingIfNeeded: bits & 63)
        return switch value {
        case 0..<26: UInt8(ascii: "A") + value
        case 26..<52: UInt8(ascii: "a") + (value - 26)
        case 52..<62: UInt8(ascii: "0") + (value - 52)
        case 62: UInt8(ascii: "+")
        default: UInt8(ascii: "/")
        }
    }

    private static func urlSafeValue(_ symbol: UInt8) -> UInt32? {
        switch symbol {
        case UInt8(ascii: "-"): 62
        case UInt8(ascii: "_"): 63
        default: alphanumericValue(symbol)
        }
    }

    private static func standardValue(_ symbol: UInt8) -> UInt32? {
        switch symbol {
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: alphanumericValue(symbol)
        }
    }

    private static func alphanumericValue(_ symbol: UInt8) -> UInt32? {
        switch symbol {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(symbol - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(symbol - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(symbol - UInt8(ascii: "0")) + 52
        default: nil
        }
    }
}
