internal import JSON
package import SecretBytes

/// One request or notification as it goes to the daemon, but for its id and its end. It may hold secrets, so it is
/// wiped.
package final class RequestLine: Sendable {
    /// What the daemon takes in one line.
    static let maxLength = 1 << 20

    /// What the id and the line's end may add.
    private static let reserve = 32

    let method: String
    private let start: SecretBytes

    /// A call with these parameters; `.null` stands for none.
    ///
    /// - Throws: ``PurserError/invalidRequest(_:)`` for parameters that the daemon could not read.
    init(_ method: String, _ parameters: JSONValue) throws(PurserError) {
        var writer = Self.writer(method)
        switch parameters {
        case .null: break
        case .array, .object:
            writer.key("params")
            try parameters.write(to: &writer)
        default: throw Self.wrongParameters
        }
        self.method = method
        start = try Self.finish(writer)
    }

    /// A call whose parameters are given as JSON text.
    ///
    /// - Throws: ``PurserError/invalidRequest(_:)`` for what is no JSON, or neither array nor object.
    package init(_ method: String, parametersText: borrowing SecretBytes) throws(PurserError) {
        let document = JSONDocument()
        do throws(JSONError) {
            try parametersText.withBytes { (text) throws(JSONError) in try document.parse(text) }
        } catch {
            throw .invalidRequest("the parameters are not JSON: \(error)")
        }
        guard document.root.kind == .object || document.root.kind == .array else { throw Self.wrongParameters }
        var writer = Self.writer(method)
        writer.member("params", document.root)
        self.method = method
        start = try Self.finish(writer)
    }

    /// A call with one parameter, which is secret.
    ///
    /// - Throws: ``PurserError/invalidRequest(_:)`` for what is no UTF-8, or too long.
    init(_ method: String, member key: StaticString, secret: Secret) throws(PurserError) {
        var writer = Self.writer(method)
        writer.key("params")
        try secret.withBytes { (bytes) throws(PurserError) in
            guard (try? UTF8Span(validating: bytes)) != nil else { throw .invalidRequest("\(key) is not UTF-8") }
            writer.object { $0.member(key, secret: bytes) }
        }
        self.method = method
        start = try Self.finish(writer)
    }

    /// Number of bytes on the wire, or a few more.
    var length: Int { start.count + Self.reserve }

    /// Appends the whole line; a notification has no id.
    func append(to buffer: inout SecretBuffer, id: Int?) {
        start.withBytes { buffer.append($0) }
        if let id { buffer.append(utf8: ",\"id\":\(id)") }
        buffer.append("}\n")
    }

    private static let wrongParameters = PurserError.invalidRequest(
        "the parameters must be a JSON object, {\"name\": value, …}, or an array of them in order")

    private static func writer(_ method: String) -> JSONWriter {
        var writer = JSONWriter()
        writer.beginObject(with: "\"jsonrpc\":\"2.0\"")
        writer.member("method", method)
        return writer
    }

    private static func finish(_ writer: consuming JSONWriter) throws(PurserError) -> SecretBytes {
        let buffer = writer.finish()
        guard buffer.count + reserve <= maxLength else {
            throw .invalidRequest("the request has \(buffer.count) bytes; the daemon takes at most \(maxLength)")
        }
        return buffer.bytes()
    }
}
