internal import JSON
internal import SecretBytes

/// Deepest nesting that is read and written, as in the daemon.
let maxJSONDepth = 64

extension JSONValue {
    /// Reads one JSON text (RFC 8259), at most 16 MiB and 64 levels of it.
    ///
    /// - Throws: ``PurserError/invalidRequest(_:)``, which says what is wrong and at which byte.
    public init(parsing text: String) throws(PurserError) {
        let document = JSONDocument()
        do throws(JSONError) {
            try document.parse(text.utf8.span)
        } catch {
            throw .invalidRequest("this is not JSON: \(error)")
        }
        self.init(document.root)
    }

    /// Copies a parsed value, members called `omitted` left out. A number too large for a double becomes `null`.
    init(_ value: JSON.JSONValue, omitting omitted: String? = nil) {
        switch value.kind {
        case .null: self = .null
        case .boolean: self = .bool(value.bool == true)
        case .number: self = value.int.map(JSONValue.int) ?? value.double.map(JSONValue.double) ?? .null
        case .string: self = .string(value.string ?? "")
        case .array: self = .array(value.elements.map { JSONValue($0, omitting: omitted) })
        case .object:
            var members: [(key: String, value: JSONValue)] = []
            for (key, value) in value.members {
                guard let key = key.string, key != omitted else { continue }
                members.append((key, JSONValue(value, omitting: omitted)))
            }
            self = .object(JSONObject(distinct: members))
        }
    }

    /// Writes the value as compact JSON.
    ///
    /// - Throws: ``PurserError/invalidRequest(_:)`` for what the daemon would not read: infinity, NaN, or more than 64
    ///   levels.
    func write(to writer: inout JSONWriter, depth: Int = 0) throws(PurserError) {
        guard depth <= maxJSONDepth else {
            throw .invalidRequest("arrays and objects are nested more than \(maxJSONDepth) deep")
        }
        switch self {
        case .null: writer.null()
        case .bool(let value): writer.value(value)
        case .int(let value): writer.value(value)
        case .string(let value): writer.value(value)
        case .double(let value):
            guard value.isFinite else { throw .invalidRequest("JSON has no number for \(value)") }
            writer.value(value)
        case .array(let elements):
            writer.beginArray()
            for element in elements { try element.write(to: &writer, depth: depth + 1) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for (key, value) in members {
                writer.key(key)
                try value.write(to: &writer, depth: depth + 1)
            }
            writer.endObject()
        }
    }
}

extension JSONValue: CustomStringConvertible {
    /// The value as compact JSON; an explanation in words for what JSON cannot hold.
    public var description: String {
        var writer = JSONWriter()
        do throws(PurserError) {
            try write(to: &writer)
        } catch {
            return "\(error)"
        }
        return writer.finish().withBytes { text in
            unsafe text.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
        }
    }
}
