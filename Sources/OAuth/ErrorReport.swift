import JSON
import SecretBytes

/// The error that an answer reports, whichever of the usual shapes it has.
///
/// `{"error": "code"}` (RFC 6749 section 5.2, also as a form) · `{"error": {"status" or "code" or "type": …, "message":
/// …}}` (Google's and Meta's APIs) · `{"Errors": [{"Name": …}]}` (MYOB), `{"errors": [{"errorType": …}]}` (Fitbit) ·
/// `{"errorCode": …}`, also in an array (Okta, Salesforce) · `{"ok": false}` (Slack), `{"success": false}` · and, under
/// an error status alone, `{"code": …}` (Notion) and `{"status": …}` (HubSpot).
struct ErrorReport: ~Copyable {
    /// See ``TokenFailure/oauthError``.
    var code: String?
    /// All that the answer says in words, to search in.
    var explanation = SecretBuffer()

    /// The part of each explaining text that is searched, in bytes.
    static let maximumTextLength = 4096

    private static let explanations: [String] = [
        "error_description", "error_subtype", "suberror", "message", "Message", "errorSummary",
    ]

    /// The error in a JSON answer; nil if it reports none. An `error` that is null, false or empty is none.
    static func read(_ root: JSONValue, status: Int) -> ErrorReport? {
        guard root.kind == .object else {
            return root.element(at: 0).flatMap { $0.kind == .object ? read($0, status: status) : nil }
        }
        guard var report = standard(root) ?? listed(root) ?? other(root, status: status) else { return nil }
        report.explain(root)
        return report
    }

    /// The error in a form answer; nil if it reports none.
    static func read(_ fields: borrowing FormFields) -> ErrorReport? {
        guard fields.has("error") else { return nil }
        var report = ErrorReport()
        _ = fields.withValue("error") { report.take(code: $0) }
        report.explain(fields)
        return report
    }

    private static func standard(_ root: JSONValue) -> ErrorReport? {
        guard let error = root["error"] else { return nil }
        var report = ErrorReport()
        switch error.kind {
        case .string:
            guard error.utf8Count ?? 0 > 0 else { return nil }
            _ = error.withString { report.take(code: $0) }
        case .object:
            report.take(firstCodeIn: error, of: ["status", "code", "type"])
            report.explain(error)
        case .null:
            return nil
        case .boolean:
            guard error.bool == true else { return nil }
        case .number, .array:
            break
        }
        return report
    }

    private static func listed(_ root: JSONValue) -> ErrorReport? {
        guard let error = (root["Errors"] ?? root["errors"])?.element(at: 0) else { return nil }
        var report = ErrorReport()
        report.take(firstCodeIn: error, of: ["Name", "name", "errorType", "code"])
        report.explain(error)
        return report
    }

    private static func other(_ root: JSONValue, status: Int) -> ErrorReport? {
        guard !root.has("access_token") else { return nil }
        var names = ["errorCode"]
        if status >= 400 { names += ["code", "status"] }
        var report = ErrorReport()
        report.take(firstCodeIn: root, of: names)
        let isError = report.code != nil || root["ok"]?.bool == false || root["success"]?.bool == false
        guard isError else { return nil }
        return report
    }

    private mutating func take(firstCodeIn object: JSONValue, of names: [String]) {
        for name in names where code == nil {
            _ = object.withText(name) { take(code: $0) }
        }
    }

    /// Keeps `text` as the code if it looks like one, and searches it as an explanation if not.
    private mutating func take(code text: Span<UInt8>) {
        if Self.isCode(text) { code = String(copying: text) } else { append(text) }
    }

    private mutating func explain<Source: TokenAnswerSource & ~Copyable>(_ source: borrowing Source) {
        for name in Self.explanations {
            _ = source.withText(name) { append($0) }
        }
    }

    private mutating func append(_ text: Span<UInt8>) {
        explanation.append(text.extracting(first: Self.maximumTextLength))
        explanation.append(UInt8(ascii: "\n"))
    }

    /// See ``TokenFailure/oauthError``.
    static func isCode(_ text: Span<UInt8>) -> Bool {
        (1...64).contains(text.count)
            && text.indices.allSatisfy { ASCII.isAlphanumeric(text[$0]) || "_.-".utf8.contains(text[$0]) }
    }
}
