package import SecretBytes

extension JSONValue {
    /// A string's value, for text that is not secret: a `String` cannot be wiped.
    package var string: String? {
        withString { text in
            unsafe text.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
        }
    }

    /// A string's value as bytes that are wiped when they are no longer needed.
    package func secret() -> SecretBytes? {
        withString { SecretBytes(copying: $0) }
    }

    /// Lends a string's value, unescaped, as UTF-8. The bytes stand in the document, which wipes them, and must not be kept.
    package func withString<Result: ~Copyable, Failure>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        guard kind == .string else { return nil }
        let content = storage.index.content(of: node)
        return try storage.index.text.withBytes { (text) throws(Failure) -> Result in
            try body(text.extracting(content))
        }
    }

    /// Whether it is a string with this value.
    package func equals(_ text: StaticString) -> Bool {
        guard kind == .string else { return false }
        let content = storage.index.content(of: node)
        guard content.count == text.utf8CodeUnitCount else { return false }
        return storage.index.text.withBytes { isSame($0.extracting(content), text) }
    }

    /// Number of bytes of a string's value as UTF-8.
    package var utf8Count: Int? {
        kind == .string ? storage.index.content(of: node).count : nil
    }
}
