package import JSON

extension RPCParameters {
    /// Longest string that accessors take unless told otherwise, in bytes of UTF-8.
    package static var maxStringBytes: Int { 4096 }

    /// A string; nil if absent.
    package func optionalString(
        _ name: StaticString, maxBytes: Int = RPCParameters.maxStringBytes
    ) throws(RPCError) -> String? {
        guard let value = value(name) else { return nil }
        return try string(value, label(name), maxBytes)
    }

    /// A string that must be there.
    package func requiredString(
        _ name: StaticString, maxBytes: Int = RPCParameters.maxStringBytes
    ) throws(RPCError) -> String {
        guard let string = try optionalString(name, maxBytes: maxBytes) else { throw missing(name, "a string") }
        return string
    }

    /// A whole number in `range`; nil if absent.
    package func optionalInt(
        _ name: StaticString, in range: ClosedRange<Int> = .min ... .max
    ) throws(RPCError) -> Int? {
        guard let value = value(name) else { return nil }
        guard let int = value.int, range.contains(int) else {
            throw mismatch(label(name), wholeNumber(in: range), value)
        }
        return int
    }

    /// A whole number in `range` that must be there.
    package func requiredInt(
        _ name: StaticString, in range: ClosedRange<Int> = .min ... .max
    ) throws(RPCError) -> Int {
        guard let int = try optionalInt(name, in: range) else { throw missing(name, wholeNumber(in: range)) }
        return int
    }

    /// `true` or `false`; nil if absent.
    package func optionalBool(_ name: StaticString) throws(RPCError) -> Bool? {
        guard let value = value(name) else { return nil }
        guard let bool = value.bool else { throw mismatch(label(name), "true or false", value) }
        return bool
    }

    /// An array of at most `maxCount` strings; nil if absent.
    package func optionalStringArray(
        _ name: StaticString, maxCount: Int, maxBytes: Int = RPCParameters.maxStringBytes
    ) throws(RPCError) -> [String]? {
        guard let value = value(name) else { return nil }
        guard value.kind == .array, value.count <= maxCount else {
            throw mismatch(label(name), "an array of at most \(maxCount) strings", value)
        }
        var strings: [String] = []
        strings.reserveCapacity(value.count)
        for element in value.elements {
            strings.append(try string(element, "\(label(name))[\(strings.count)]", maxBytes))
        }
        return strings
    }

    /// An object; nil if absent.
    package func optionalObject(_ name: StaticString) throws(RPCError) -> JSONValue? {
        guard let value = value(name) else { return nil }
        guard value.kind == .object else { throw mismatch(label(name), "an object", value) }
        return value
    }

    // MARK: Errors

    private func string(_ value: JSONValue, _ label: @autoclosure () -> String, _ maxBytes: Int) throws(RPCError)
        -> String
    {
        if let count = value.utf8Count, count <= maxBytes, let string = value.string { return string }
        throw mismatch(label(), "a string of at most \(maxBytes) bytes", value)
    }

    private func missing(_ name: StaticString, _ expected: String) -> RPCError {
        .invalidParams(
            "The parameter '\(label(name))' is missing: pass \(expected).",
            data: ["parameter": .string(label(name)), "expected": .string(expected)])
    }

    private func mismatch(_ label: String, _ expected: String, _ value: JSONValue) -> RPCError {
        .invalidParams(
            "The parameter '\(label)' must be \(expected); it is \(description(of: value)).",
            data: ["parameter": .string(label), "expected": .string(expected)])
    }

    private func wholeNumber(in range: ClosedRange<Int>) -> String {
        switch (range.lowerBound, range.upperBound) {
        case (.min, .max): "a whole number"
        case (let least, .max): "a whole number of at least \(least)"
        case (.min, let most): "a whole number of at most \(most)"
        case (let least, let most): "a whole number from \(least) to \(most)"
        }
    }

    /// What a value is, without the value itself.
    private func description(of value: JSONValue) -> String {
        switch value.kind {
        case .null: "null"
        case .boolean: "a boolean"
        case .number: value.int == nil ? "a number that is not whole, or too large" : "another number"
        case .string: "a string of \(value.utf8Count ?? 0) bytes"
        case .array: "an array of \(value.count) elements"
        case .object: "an object"
        }
    }
}
