internal import SecretBytes

extension JSONValue {
    /// The value as JSON without space between its parts, and so in one line; for values that are no secret.
    package var compactText: String {
        var writer = JSONWriter()
        writer.value(self)
        return writer.finish().withBytes { bytes in
            unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
        }
    }
}

extension JSONTree {
    /// The tree as JSON in one line; for values that are no secret.
    package var compactText: String {
        var writer = JSONWriter()
        writer.tree(self)
        return writer.finish().withBytes { bytes in
            unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
        }
    }
}
