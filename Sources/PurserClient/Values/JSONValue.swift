/// Any JSON value: the parameters of a call, or what was answered.
///
/// ```swift
/// let answer = try await client.call("getAccounts", ["provider": "github"])
/// for account in answer["accounts"]?.array ?? [] { print(account["login"]?.string ?? "?") }
/// ```
///
/// An answer as a `JSONValue` may hold live secrets as plain strings, which printing shows and nothing wipes. The typed
/// calls, such as ``PurserClient/accounts(provider:toolkit:userID:session:timeout:)``, give them as ``Secret`` instead.
public indirect enum JSONValue: Sendable, Hashable {
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
    case array([JSONValue])
    /// An object.
    case object(JSONObject)
}

extension JSONValue {
    /// Whether it is `null`.
    public var isNull: Bool { self == .null }

    /// The value of `true` or `false`; nil for another kind.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// A whole number; nil for another kind, and for what was written with a fraction.
    public var int: Int? {
        if case .int(let value) = self { value } else { nil }
    }

    /// Any number; nil for another kind.
    public var double: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    /// A string; nil for another kind.
    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// An array's elements; nil for another kind.
    public var array: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// An object; nil for another kind.
    public var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The value of an object's member; nil where there is none, and for what is no object.
    public subscript(key: String) -> JSONValue? { object?[key] }

    /// An array's element; nil outside the array, and for what is no array.
    public subscript(position: Int) -> JSONValue? {
        guard let array, array.indices.contains(position) else { return nil }
        return array[position]
    }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral {
    /// `null`
    public init(nilLiteral: ()) { self = .null }

    /// `true` or `false`
    public init(booleanLiteral value: Bool) { self = .bool(value) }

    /// A whole number.
    public init(integerLiteral value: Int) { self = .int(value) }
}

extension JSONValue: ExpressibleByFloatLiteral, ExpressibleByStringInterpolation {
    /// A number with a fraction.
    public init(floatLiteral value: Double) { self = .double(value) }

    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
}

extension JSONValue: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    /// An object; of two members with one key, the later one counts.
    public init(dictionaryLiteral members: (String, JSONValue)...) {
        var object = JSONObject()
        for (key, value) in members { object[key] = value }
        self = .object(object)
    }
}
