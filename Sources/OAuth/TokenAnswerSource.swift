import JSON
import SecretBytes

/// What the members of a token answer are read from: a JSON object or a form.
protocol TokenAnswerSource: ~Copyable {
    /// Lends a string that is not empty.
    borrowing func withText<Result: ~Copyable>(_ name: String, _ body: (Span<UInt8>) -> Result) -> Result?
    /// Whether the member is there and not null.
    borrowing func has(_ name: String) -> Bool
    /// A scalar as text, at most ``TokenAnswerReader/maximumTextLength`` bytes; `name` may be a path with dots.
    borrowing func scalar(_ name: String) -> String?
    /// Elements joined by spaces if it is an array of strings.
    borrowing func list(_ name: String) -> String?
}

extension TokenAnswerSource where Self: ~Copyable {
    borrowing func secret(_ name: String) -> SecretBytes? {
        withText(name) { SecretBytes(copying: $0) }
    }

    borrowing func lifetime(_ name: String, inMilliseconds: Bool = false) -> Duration? {
        scalar(name).flatMap { TokenLifetime.duration($0, inMilliseconds: inMilliseconds) }
    }
}

extension JSONValue: TokenAnswerSource {
    func withText<Result: ~Copyable>(_ name: String, _ body: (Span<UInt8>) -> Result) -> Result? {
        guard let member = self[name], member.utf8Count ?? 0 > 0 else { return nil }
        return member.withString(body)
    }

    func has(_ name: String) -> Bool {
        self[name].map { !$0.isNull } ?? false
    }

    func scalar(_ name: String) -> String? {
        guard let member = member(atPath: name) else { return nil }
        switch member.kind {
        case .null, .array, .object:
            return nil
        case .string:
            guard let length = member.utf8Count, length <= TokenAnswerReader.maximumTextLength else { return nil }
            return member.string
        case .boolean, .number:
            return member.withRawJSON { $0.count <= 64 ? String(copying: $0) : nil }
        }
    }

    func list(_ name: String) -> String? {
        guard let elements = self[name]?.elements else { return nil }
        var words: [String] = []
        var length = 0
        for element in elements {
            guard let word = element.string else { return nil }
            length += word.utf8.count + 1
            guard length <= TokenAnswerReader.maximumTextLength else { return nil }
            words.append(word)
        }
        return words.isEmpty ? nil : words.joined(separator: " ")
    }

    /// The member of this name, or else, read as a path with dots, of the objects inside.
    private func member(atPath path: String) -> JSONValue? {
        if let member = self[path] { return member }
        guard let dot = path.firstIndex(of: ".") else { return nil }
        return self[String(path[..<dot])]?.member(atPath: String(path[dot...].dropFirst()))
    }
}

extension FormFields: TokenAnswerSource {
    borrowing func withText<Result: ~Copyable>(_ name: String, _ body: (Span<UInt8>) -> Result) -> Result? {
        guard has(name) else { return nil }
        return withValue(name, body)
    }

    /// An empty field says as much as none.
    borrowing func has(_ name: String) -> Bool {
        withValue(name) { !$0.isEmpty } ?? false
    }

    borrowing func scalar(_ name: String) -> String? {
        withValue(name) { $0.count <= TokenAnswerReader.maximumTextLength ? String(copying: $0) : nil } ?? nil
    }

    borrowing func list(_ name: String) -> String? { nil }
}
