package import SecretBytes

extension JSONWriter {
    /// Writes a member that is a string.
    @_disfavoredOverload
    package mutating func member(_ key: StaticString, _ value: String) {
        self.key(key)
        self.value(value)
    }

    /// Writes a member that is a string.
    package mutating func member(_ key: StaticString, _ value: StaticString) {
        self.key(key)
        self.value(value)
    }

    /// Writes a member that is a string, or `null`.
    @_disfavoredOverload
    package mutating func member(_ key: StaticString, _ value: String?) {
        self.key(key)
        if let value { self.value(value) } else { null() }
    }

    /// Writes a member that is a string of UTF-8 lent by its owner; see ``value(secret:)``.
    package mutating func member(_ key: StaticString, secret: Span<UInt8>) {
        self.key(key)
        value(secret: secret)
    }

    /// Writes a member that is a secret string.
    package mutating func member(_ key: StaticString, secret: borrowing SecretBytes) {
        self.key(key)
        secret.withBytes { value(secret: $0) }
    }

    /// Writes a member that is a whole number.
    package mutating func member(_ key: StaticString, _ value: Int) {
        self.key(key)
        self.value(value)
    }

    /// Writes a member that is a whole number, or `null`.
    package mutating func member(_ key: StaticString, _ value: Int?) {
        self.key(key)
        if let value { self.value(value) } else { null() }
    }

    /// Writes a member that is a whole number.
    package mutating func member(_ key: StaticString, _ value: Int64) { member(key, Int(value)) }

    /// Writes a member that is a whole number.
    package mutating func member(_ key: StaticString, _ value: UInt64) {
        self.key(key)
        self.value(value)
    }

    /// Writes a member that is `true` or `false`.
    package mutating func member(_ key: StaticString, _ value: Bool) {
        self.key(key)
        self.value(value)
    }

    /// Writes a member that is a number; infinities and NaN as `null`.
    package mutating func member(_ key: StaticString, _ value: Double) {
        self.key(key)
        self.value(value)
    }

    /// Writes a member with a parsed value; without space between tokens.
    package mutating func member(_ key: StaticString, _ value: JSONValue) {
        self.key(key)
        self.value(value)
    }

    /// Writes a member that is a tree.
    @_disfavoredOverload
    package mutating func member(_ key: String, _ value: JSONTree) {
        self.key(key)
        tree(value)
    }

    /// Writes a member that is `null`.
    package mutating func memberNull(_ key: StaticString) {
        self.key(key)
        null()
    }

    /// Writes a member with JSON that was encoded before; it must be one value.
    package mutating func memberRaw(_ key: StaticString, _ json: Span<UInt8>) {
        self.key(key)
        raw(json)
    }

    /// Writes a member that is an object with the members that `body` writes.
    package mutating func memberObject<Failure>(
        _ key: StaticString, _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        self.key(key)
        try object(body)
    }

    /// Writes a member that is an array with the elements that `body` writes.
    package mutating func memberArray<Failure>(
        _ key: StaticString, _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        self.key(key)
        try array(body)
    }
}
