/// Why a text is not acceptable JSON, and where. It never holds any of the text.
package struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was wrong.
    package let kind: Kind

    /// Offset of the offending byte, counted from 0.
    package let offset: Int

    /// An error from its parts.
    package init(kind: Kind, offset: Int) {
        self.kind = kind
        self.offset = offset
    }

    /// What can be wrong with a text (RFC 8259, and the bounds of ``JSONLimits``).
    package enum Kind: Sendable, Equatable, CaseIterable {
        /// The text ends inside a value, or holds none.
        case unexpectedEnd
        /// A byte that cannot start a value.
        case expectedValue
        /// An object's member does not start with a string.
        case expectedKey
        /// No `:` after a key.
        case expectedColon
        /// Neither `,` nor the closing bracket after a value in a container.
        case expectedCommaOrEnd
        /// Something after the one value.
        case trailingBytes
        /// A number outside the grammar of RFC 8259 section 6.
        case invalidNumber
        /// A backslash followed by something that is no escape.
        case invalidEscape
        /// A `\u` escape that is half of a surrogate pair.
        case loneSurrogate
        /// Bytes that are not well-formed UTF-8.
        case invalidUTF8
        /// A byte below 0x20 inside a string.
        case controlCharacter
        /// A key that its object already has.
        case duplicateKey
        /// More nested containers than ``JSONLimits/maxDepth``.
        case tooDeep
        /// More values than ``JSONLimits/maxNodes``.
        case tooManyNodes
        /// More bytes than ``JSONLimits/maxBytes``.
        case tooLarge
    }

    /// One phrase for people, such as "invalid UTF-8 at byte 17".
    package var description: String { "\(kind.phrase) at byte \(offset)" }
}

extension JSONError.Kind {
    fileprivate var phrase: String {
        switch self {
        case .unexpectedEnd: "the text ends before its value is complete,"
        case .expectedValue: "expected a value"
        case .expectedKey: "expected a string as the key of a member"
        case .expectedColon: "expected ':' after a key"
        case .expectedCommaOrEnd: "expected ',' or the end of the object or array"
        case .trailingBytes: "unexpected bytes after the value"
        case .invalidNumber: "invalid number"
        case .invalidEscape: "invalid escape in a string"
        case .loneSurrogate: "half of a surrogate pair in a string"
        case .invalidUTF8: "invalid UTF-8"
        case .controlCharacter: "unescaped control character in a string"
        case .duplicateKey: "the object has this key twice; second time"
        case .tooDeep: "objects and arrays nested too deeply"
        case .tooManyNodes: "too many values"
        case .tooLarge: "the text is too long; first excess byte"
        }
    }
}
