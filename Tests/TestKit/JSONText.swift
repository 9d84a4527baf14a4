package import JSON
internal import SecretBytes

extension JSONTree {
    /// Parses a text that a test made, or received.
    package init(parsing text: String) throws(JSONError) {
        let document = JSONDocument()
        try document.parse(text.utf8.span, limits: JSONLimits(maxBytes: 64 << 20))
        self.init(document.root)
    }

    package var json: String {
        var writer = JSONWriter()
        writer.tree(self)
        return writer.finish().withBytes { String(secret: $0) }
    }

    package var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    package var int: Int? {
        if case .int(let number) = self { number } else { nil }
    }

    package var elements: [JSONTree] {
        if case .array(let elements) = self { elements } else { [] }
    }

    package var members: [JSONTree.Member] {
        if case .object(let members) = self { members } else { [] }
    }

    package var isNull: Bool { self == .null }

    /// The tree with each object's members in the order of their keys: objects are equal whatever their order.
    package var sorted: JSONTree {
        switch self {
        case .array(let elements): .array(elements.map(\.sorted))
        case .object(let members):
            .object(members.map { Member($0.key, $0.value.sorted) }.sorted { $0.key < $1.key })
        default: self
        }
    }
}

extension String {
    /// What a test looks into; nothing else makes a string of a secret.
    package init(secret bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) }
    }
}
