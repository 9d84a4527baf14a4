internal import JSON
internal import SecretBytes

extension JSONTree {
    /// The tree as JSON text; for values that are no secret.
    var text: String {
        var writer = JSONWriter()
        writer.tree(self)
        return writer.finish().withBytes { bytes in
            unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
        }
    }
}
