import OAuth
import SecretBytes
import Testing

/// One failure as a provider or the network produces it, and what it must be taken for.
struct FailureCase: Sendable, CustomTestStringConvertible {
    var status: Int?
    var body: RefusedAnswer.Body
    var code: String?
    var says: String
    var transport: TransportFailure.Kind?
    var failureClass: FailureClass
    var reason: String
    var isRevocation = false
    var mayHaveBeenApplied = false

    var testDescription: String {
        if let transport { return transport.rawValue }
        let parts = [status.map { "\($0)" } ?? "", body.rawValue, code ?? "", says]
        return parts.filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// What the reader makes of it, from the bytes that would come over the wire.
    func read() -> TokenFailure? {
        if let transport {
            let failure = TransportFailure(transport, mayHaveBeenReceived: mayHaveBeenApplied)
            return failed(
                TokenAnswerReader.read(
                    .failed(failure), description: .init(url: "https://id.example/"), receivedAt: now))
        }
        return failed(outcome(response(text, status: status ?? 0)))
    }

    func observation() -> FailureObservation {
        if let transport {
            return .transport(TransportFailure(transport, mayHaveBeenReceived: mayHaveBeenApplied))
        }
        return .answer(RefusedAnswer(status: status ?? 0, body: body, code: code, explanation: SecretBytes(utf8: says)))
    }

    private var text: String {
        switch body {
        case .error: #"{"error":"\#(code ?? "no such code")","error_description":"\#(says)"}"#
        case .noToken: #"{"token_type":"bearer"}"#
        case .malformedToken: #"{"access_token":"a\u0007"}"#
        case .token: #"{"access_token":"a"}"#
        case .empty: " \r\n"
        case .truncated: #"{"access_token":"a","refresh_token":"#
        case .notJSON: "<html><title>Sign in</title></html>"
        }
    }
}

extension FailureCase {
    static func dead(
        _ status: Int, _ code: String, says: String = "", reason: String? = nil, revoked: Bool = false
    ) -> FailureCase {
        FailureCase(
            status: status, body: .error, code: code, says: says, failureClass: .deadGrant, reason: reason ?? code,
            isRevocation: revoked)
    }

    static func broken(_ status: Int, _ code: String, reason: String? = nil) -> FailureCase {
        FailureCase(
            status: status, body: .error, code: code, says: "", failureClass: .brokenApp, reason: reason ?? code)
    }

    static func later(
        _ status: Int, _ code: String?, says: String = "", _ reason: String, maybeApplied: Bool = false
    ) -> FailureCase {
        FailureCase(
            status: status, body: .error, code: code, says: says, failureClass: .transient, reason: reason,
            mayHaveBeenApplied: maybeApplied)
    }

    static func bare(
        _ status: Int, _ body: RefusedAnswer.Body, _ failureClass: FailureClass, _ reason: String, maybeApplied: Bool
    ) -> FailureCase {
        FailureCase(
            status: status, body: body, says: "", failureClass: failureClass, reason: reason,
            mayHaveBeenApplied: maybeApplied)
    }

    static func network(
        _ kind: TransportFailure.Kind, _ failureClass: FailureClass, _ reason: String, sent: Bool
    ) -> FailureCase {
        FailureCase(
            body: .empty, says: "", transport: kind, failureClass: failureClass, reason: reason,
            mayHaveBeenApplied: sent)
    }
}
