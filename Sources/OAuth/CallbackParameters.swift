import SecretBytes

/// The parameters of a callback's query that somebody wants, decoded, in storage that is wiped.
///
/// Unlike in a token answer, others may be there in any number of copies and in any form: providers add what they like.
struct CallbackParameters: ~Copyable {
    private var values = SecretBuffer()
    private var ranges: [String: Range<Int>] = [:]

    init(_ query: Span<UInt8>, names: Set<String>) throws(AuthorizationResponseError) {
        guard query.count <= AuthorizationResponse.maximumLength else { throw .tooLarge }
        var start = 0
        var count = 0
        while start < query.count {
            let end = (start..<query.count).first { query[$0] == UInt8(ascii: "&") } ?? query.count
            if end > start {
                count += 1
                guard count <= AuthorizationResponse.maximumCount else { throw .tooLarge }
                try take(query.extracting(start..<end), names)
            }
            start = end + 1
        }
    }

    private mutating func take(_ field: Span<UInt8>, _ names: Set<String>) throws(AuthorizationResponseError) {
        let separator = field.indices.first { field[$0] == UInt8(ascii: "=") } ?? field.count
        guard let name = Self.decodedName(field.extracting(..<separator)), names.contains(name) else { return }
        guard ranges[name] == nil else { throw .duplicate(name) }
        let value = FormEncoding.decode(field.extracting(min(separator + 1, field.count)...))
        switch consume value {
        case .some(let value):
            ranges[name] = values.count..<values.count + value.count
            value.withBytes { values.append($0) }
        case .none:
            throw .malformed(name)
        }
    }

    /// The value of a parameter; nil if it is absent or empty.
    borrowing func secret(_ name: String) -> SecretBytes? {
        guard let range = ranges[name], !range.isEmpty else { return nil }
        return values.withBytes { SecretBytes(copying: $0.extracting(range)) }
    }

    /// The value as text, whatever it is, ill-formed UTF-8 replaced; for what is no secret.
    borrowing func publicText(_ name: String) -> String? {
        guard let range = ranges[name], !range.isEmpty else { return nil }
        return values.withBytes { String(copying: $0.extracting(range)) }
    }

    /// The value as text of at most `limit` bytes without control characters; for what is no secret.
    borrowing func text(_ name: String, at limit: Int) throws(AuthorizationResponseError) -> String? {
        switch secret(name) {
        case .none:
            return nil
        case .some(let bytes):
            guard bytes.count <= limit, let text = bytes.strictText(),
                text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
            else { throw .malformed(name) }
            return text
        }
    }

    /// Nil for what cannot be a name that anybody wants.
    private static func decodedName(_ text: Span<UInt8>) -> String? {
        guard text.count <= 192 else { return nil }
        let decoded = FormEncoding.decode(text)
        switch consume decoded {
        case .some(let name): return name.strictText()
        case .none: return nil
        }
    }
}
