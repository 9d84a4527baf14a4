/// A JSON value as a Swift value: for outgoing data that holds no secret, and for tests.
package indirect enum JSONTree: Sendable, Equatable {
    /// `null`
    case null
    /// `true` or `false`
    case bool(Bool)
    /// A number without fraction and exponent that fits in 64 bits.
    case int(Int)
    /// Any other number.
    case double(Double)
    /// A string.
    case string(String)
    /// An array.
    case array([JSONTree])
    /// An object; its members keep their order, and equal objects have the same one.
    case object([Member])

    /// One member of an object.
    package struct Member: Sendable, Equatable {
        /// Its key.
        package var key: String
        /// Its value.
        package var value: JSONTree

        /// A member from both its parts.
        package init(_ key: String, _ value: JSONTree) {
            self.key = key
            self.value = value
        }
    }

    /// Copies a parsed value, by recursion as deep as the text is nested. A number too large for a double becomes `null`.
    package init(_ value: JSONValue) {
        switch value.kind {
        case .null: self = .null
        case .boolean: self = .bool(value.bool == true)
        case .number: self = value.int.map(JSONTree.int) ?? value.double.map(JSONTree.double) ?? .null
        case .string: self = .string(value.string ?? "")
        case .array: self = .array(value.elements.map { JSONTree($0) })
        case .object: self = .object(value.members.map { Member($0.key.string ?? "", JSONTree($0.value)) })
        }
    }

    /// The value of the first member of an object with this key.
    package subscript(_ key: String) -> JSONTree? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }
}

extension JSONTree: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral {
    /// `null`
    package init(nilLiteral: ()) { self = .null }

    /// `true` or `false`
    package init(booleanLiteral value: Bool) { self = .bool(value) }

    /// A whole number.
    package init(integerLiteral value: Int) { self = .int(value) }
}

extension JSONTree: ExpressibleByFloatLiteral, ExpressibleByStringInterpolation {
    /// A number with a fraction.
    package init(floatLiteral value: Double) { self = .double(value) }

    /// A string.
    package init(stringLiteral value: String) { self = .string(value) }
}

extension JSONTree: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    /// An array.
    package init(arrayLiteral elements: JSONTree...) { self = .array(elements) }

    /// An object with its members in this order.
    package init(dictionaryLiteral members: (String, JSONTree)...) {
        self = .object(members.map { Member($0.0, $0.1) })
    }
}
