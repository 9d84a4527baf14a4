/// Writes names and values as forms and queries have them (RFC 3986 section 2.1, RFC 6749 appendix B).
enum FormWriter {
    /// All but the unreserved characters is written as percent and two digits, the space included.
    static func encode(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                bytes.append(byte)
            default:
                bytes += Array("%\(hexadecimal([byte]).uppercased())".utf8)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The members of a flat object as a form; strings go without their quotes, and members that are not text, numbers or
    /// truth values are left out.
    static func form(_ members: [JSONValue.Member]) -> String {
        members.compactMap { member -> String? in
            let value: String? =
                switch member.value {
                case .string(let text): text
                case .number(let number): String(number)
                case .bool(let value): String(value)
                default: nil
                }
            return value.map { "\(encode(member.name))=\(encode($0))" }
        }
        .joined(separator: "&")
    }
}
