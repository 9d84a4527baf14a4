import SecretBytes

/// What came of asking a provider to end a token (RFC 7009 section 2.2).
package enum RevocationOutcome: Sendable, Equatable {
    /// The provider says that it has ended it.
    case revoked
    /// The provider does not know it, or no longer: dead all the same.
    case alreadyDead
    /// The provider was not reached, or could not answer: worth another try. It may have ended the token.
    case unreachable(TokenFailure)
    /// The provider will not, as asked: the token lives on until it runs out or its user ends it there.
    case refused(TokenFailure)

    /// A stable name.
    package var slug: String {
        switch self {
        case .revoked: "revoked"
        case .alreadyDead: "already_dead"
        case .unreachable: "unreachable"
        case .refused: "refused"
        }
    }

    /// Reads what came back from a ``RevocationRequest`` sent with `method`; `receivedAt` in seconds since 1970.
    package static func read(
        _ outcome: consuming ProviderOutcome, method: ProviderRequest.Method, receivedAt: Int64
    ) -> RevocationOutcome {
        switch consume outcome {
        case .answered(let response):
            return read(response, method, receivedAt)
        case .failed(let failure):
            return judged(FailureTable.classify(.transport(failure), rules: [], retryAfter: nil))
        }
    }

    private static func read(
        _ response: consuming ProviderResponse, _ method: ProviderRequest.Method, _ receivedAt: Int64
    ) -> RevocationOutcome {
        if (200...299).contains(response.status), isConfirmation(response) { return .revoked }
        let description = TokenEndpointDescription(url: "")
        let failure = TokenAnswerReader.failure(in: response, description: description, receivedAt: receivedAt)
        // What is deleted by its address is gone when nothing is there (GitHub).
        if method == .delete, failure.oauthError == nil, failure.status == 404 || failure.status == 410 {
            return .alreadyDead
        }
        return judged(failure)
    }

    /// The standard says to ignore the body of a 200; but Slack reports errors in it, and a web page is no answer of a
    /// revocation endpoint.
    private static func isConfirmation(_ response: borrowing ProviderResponse) -> Bool {
        let isPage =
            response.contentType.map { ASCII.lowercased($0).hasPrefix("text/html") } ?? false
            || response.body.withBytes { text in
                text.indices.first { !ASCII.isWhitespace(text[$0]) }.map { text[$0] == UInt8(ascii: "<") } ?? false
            }
        switch AnswerBody(response.body, contentType: response.contentType) {
        case .json(let root):
            let report = ErrorReport.read(root, status: response.status)
            return report == nil
        case .form(let fields):
            let report = ErrorReport.read(fields)
            return report == nil
        case .empty:
            return true
        default:
            return !isPage
        }
    }

    /// Codes by which a token endpoint ends a grant say here that there is nothing left to end.
    private static let deadCodes: Set<String> = [
        "invalid_token", "invalid_grant", "token_revoked", "token_expired", "expired_token", "bad_refresh_token",
        "invalid_refresh_token", "invalid_auth", "account_inactive",
    ]

    private static func judged(_ failure: TokenFailure) -> RevocationOutcome {
        if let code = failure.oauthError, deadCodes.contains(ASCII.lowercased(code)) { return .alreadyDead }
        return failure.failureClass == .transient && failure.isWorthAnotherTry
            ? .unreachable(failure) : .refused(failure)
    }
}

extension TokenFailure {
    /// Whether asking the same again can help: no answer, or one that speaks of the moment. An unknown refusal does not.
    fileprivate var isWorthAnotherTry: Bool {
        reason != "unrecognized_error" && reason != "http_4xx"
    }
}
