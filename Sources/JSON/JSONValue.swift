internal import SecretBytes

/// One value of a parsed text: a reference to the text and a place in it. Cheap to copy; valid for as long as it is held.
///
/// Accessors give nil when the value is of another kind. None of them allocates, but those that give a `String`, a
/// `SecretBytes` or a `Double`.
package struct JSONValue: Sendable {
    let storage: JSONStorage
    let node: Int

    @inline(__always)
    init(_ storage: JSONStorage, _ node: Int) {
        self.storage = storage
        self.node = node
    }

    /// What the value is.
    package var kind: JSONKind { storage.index.nodes[node].kind }

    /// Whether it is `null`.
    package var isNull: Bool { storage.index.nodes[node].form == .null }

    /// The value of `true` or `false`.
    package var bool: Bool? {
        switch storage.index.nodes[node].form {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// The value of a number written without fraction and exponent that fits in 64 bits; `5.0` and `5e0` are none.
    package var int: Int? {
        guard storage.index.nodes[node].form == .integer else { return nil }
        return withRawJSON { decimal($0) }
    }

    /// The value of any number, rounded to the nearest double; nil if it is larger than the largest.
    package var double: Double? {
        guard kind == .number else { return nil }
        let text = withRawJSON { digits in
            unsafe digits.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
        }
        guard let value = Double(text), value.isFinite else { return nil }
        return value
    }

    /// Lends the bytes of the value as the text has them, without the space around it: `1.0` stays `1.0`.
    package func withRawJSON<Result: ~Copyable, Failure>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let node = storage.index.nodes[node]
        return try storage.index.text.withBytes { (text) throws(Failure) -> Result in
            try body(text.extracting(Int(node.start)..<Int(node.end)))
        }
    }
}

/// The value of `-?[0-9]+`, if it fits.
private func decimal(_ text: Span<UInt8>) -> Int? {
    let isNegative = text[0] == UInt8(ascii: "-")
    var value = 0
    for index in (isNegative ? 1 : 0)..<text.count {
        let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
        let digit = Int(text[index] &- UInt8(ascii: "0"))
        // Built up below zero, where there is room for one more number.
        let (sum, carry) = shifted.subtractingReportingOverflow(digit)
        if overflow || carry { return nil }
        value = sum
    }
    if isNegative { return value }
    return value == .min ? nil : -value
}
