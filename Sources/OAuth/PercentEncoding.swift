import SecretBytes

/// Percent-encoding of text that is no secret (RFC 3986 section 2.1).
enum PercentEncoding {
    /// `text` with every byte but the unreserved ones as `%HH`: it can stand in any part of an address. A space is `%20`,
    /// which every decoder reads; `+` is read by form decoders alone.
    static func encode(_ text: String) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if ASCII.isAlphanumeric(byte) || "-._~".utf8.contains(byte) {
                result.append(byte)
            } else {
                result += [UInt8(ascii: "%"), digit(byte >> 4), digit(byte & 15)]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// What the query component `text` means, `+` as a space; nil where it is malformed or no UTF-8.
    static func decodeQuery(_ text: Substring) -> String? {
        let decoded = SecretBytes(utf8: String(text)).withBytes { FormEncoding.decode($0) }
        switch consume decoded {
        case .some(let bytes): return bytes.strictText()
        case .none: return nil
        }
    }

    /// The bytes meant, as most servers read a form; a `%` that is not followed by two hexadecimal digits stays.
    static func decodeLeniently(_ text: Substring) -> [UInt8] {
        var decoded: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = value(of: rest.prefix(2)) {
                decoded.append(value)
                rest = rest.dropFirst(2)
            } else {
                decoded.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return decoded
    }

    private static func value(of pair: ArraySlice<UInt8>) -> UInt8? {
        guard pair.count == 2, pair.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else {
            return nil
        }
        return UInt8(String(decoding: pair, as: UTF8.self), radix: 16)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + (value - 10)
    }
}
