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

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + (value - 10)
    }
}
