import JSON
import SecretBytes

/// The body of an answer from a token endpoint, told apart by what it is rather than by what its `Content-Type` claims.
enum AnswerBody: ~Copyable {
    /// An object, or an array of them.
    case json(JSONValue)
    case form(FormFields)
    case empty
    case truncated
    case notJSON
    case tooLarge

    /// The longest body that is read, in bytes.
    static let maximumLength = 1 << 20

    private static let limits = JSONLimits(maxBytes: maximumLength, maxDepth: 32, maxNodes: 16_384)

    init(_ body: borrowing SecretBytes, contentType: String?) {
        guard body.count <= Self.maximumLength else {
            self = .tooLarge
            return
        }
        let isForm = contentType.map { ASCII.lowercased($0).hasPrefix("application/x-www-form-urlencoded") } ?? false
        self = body.withBytes { Self.read($0, isForm: isForm) }
    }

    private static func read(_ body: Span<UInt8>, isForm: Bool) -> AnswerBody {
        // A byte-order mark is no part of JSON, but some servers write one.
        let hasMark = body.count >= 3 && body[0] == 0xEF && body[1] == 0xBB && body[2] == 0xBF
        let text = hasMark ? body.extracting(3...) : body
        guard let first = text.indices.first(where: { !ASCII.isWhitespace(text[$0]) }) else { return .empty }
        switch text[first] {
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            return json(text)
        default:
            guard isForm, let fields = FormFields(text) else { return .notJSON }
            return .form(fields)
        }
    }

    private static func json(_ text: Span<UInt8>) -> AnswerBody {
        let document = JSONDocument()
        do {
            try document.parse(text, limits: limits)
            return .json(document.root)
        } catch {
            return error.kind == .unexpectedEnd ? .truncated : .notJSON
        }
    }
}
