/// What a JSON value is (RFC 8259 section 3).
package enum JSONKind: Sendable, Equatable {
    /// `null`
    case null
    /// `true` or `false`
    case boolean
    /// Any number.
    case number
    /// A string.
    case string
    /// `[…]`
    case array
    /// `{…}`
    case object
}

/// One value, or one key, of the flat index: where its text stands and which node follows it.
///
/// Nodes stand in the order of the text, so a container's first child is the node after it. A string with escapes takes
/// two nodes; the second says where its unescaped bytes are.
struct JSONNode {
    /// What a node is, as precisely as its readers need to know it.
    enum Form: UInt8 {
        case null, `false`, `true`, integer, number, string, escapedString, unescapedBytes, array, object
    }

    /// Form in the low byte, number of children (elements or members) above.
    private var header: UInt32

    /// First byte of the value in the text; a string's quotation mark.
    var start: UInt32

    /// One past its last byte.
    var end: UInt32

    /// The node after this value and all that it contains. While a container is open: the container around it.
    var next: UInt32

    init(_ form: Form, start: Int, end: Int, next: Int) {
        self.header = UInt32(form.rawValue)
        self.start = UInt32(truncatingIfNeeded: start)
        self.end = UInt32(truncatingIfNeeded: end)
        self.next = UInt32(truncatingIfNeeded: next)
    }

    @inline(__always)
    var form: Form { unsafe unsafeBitCast(UInt8(truncatingIfNeeded: header), to: Form.self) }

    var childCount: Int { Int(header >> 8) }

    mutating func addChild() { header &+= 0x100 }

    var kind: JSONKind {
        switch form {
        case .null: .null
        case .false, .true: .boolean
        case .integer, .number: .number
        case .string, .escapedString, .unescapedBytes: .string
        case .array: .array
        case .object: .object
        }
    }
}
