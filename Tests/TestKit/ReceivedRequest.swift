package import ConnectedAccounts
internal import JSON
package import OAuth
internal import SecretBytes

/// A request as a simulated provider received it.
package struct ReceivedRequest: Sendable {
    package let at: BootInstant
    package let method: String
    package let url: String
    /// Without `Authorization`.
    package let headers: [NamedValue]
    package let authorization: String?
    /// As it was sent.
    package let body: String
    /// Of the body, a form or a flat JSON object.
    package let parameters: [String: String]
    package let timeout: Duration

    init(_ request: borrowing ProviderRequest, at instant: BootInstant, timeout: Duration) {
        at = instant
        method = request.method.rawValue
        url = request.url
        self.timeout = timeout
        headers = request.headers
        authorization = Self.text(request.authorization)
        body = Self.text(request.body) ?? ""
        parameters = body.hasPrefix("{") ? Self.members(body) : Self.fields(body)
    }

    package var refreshToken: String? { parameters["refresh_token"] }

    private static func text(_ secret: borrowing SecretBytes?) -> String? {
        switch secret {
        case .some(let secret): secret.withBytes { String(secret: $0) }
        case .none: nil
        }
    }

    private static func members(_ body: String) -> [String: String] {
        let tree = (try? JSONTree(parsing: body)) ?? .null
        return Dictionary(tree.members.map { ($0.key, $0.value.string ?? "") }) { first, _ in first }
    }

    private static func fields(_ body: String) -> [String: String] {
        let pairs = body.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1).map { decoded($0) } }
        return Dictionary(pairs.map { ($0[0], $0.count > 1 ? $0[1] : "") }) { first, _ in first }
    }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
                bytes.append(code)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// What a simulated provider does with a request.
package enum Reaction: Sendable {
    case answer(status: Int = 200, String, retryAfter: String? = nil, contentType: String = "application/json")
    case fail(TransportFailure)
    /// Nothing for now; the test decides later, or the request's time runs out.
    case hold

    /// The provider cannot be reached, and has received nothing.
    package static let unreachable = Reaction.fail(TransportFailure(.connect, mayHaveBeenReceived: false))
    /// The request went out, and no answer came.
    package static let lost = Reaction.fail(TransportFailure(.timeout, mayHaveBeenReceived: true))

    /// It could have been sent, but was not to leave any more.
    package static let withheld = Reaction.fail(TransportFailure(.withheld, mayHaveBeenReceived: false))

    package static func error(_ code: String, status: Int = 400) -> Reaction {
        .answer(status: status, #"{"error":"\#(code)"}"#)
    }

    /// Nil to hold.
    package var outcome: ProviderOutcome? {
        switch self {
        case .answer(let status, let body, let retryAfter, let contentType):
            .answered(
                ProviderResponse(
                    status: status, retryAfter: retryAfter, contentType: contentType, body: SecretBytes(utf8: body)))
        case .fail(let failure): .failed(failure)
        case .hold: nil
        }
    }
}
