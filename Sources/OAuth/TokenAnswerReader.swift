import JSON
import SecretBytes

/// Reads what came back from a token endpoint: the body before the status (RFC 6749 sections 5.1 and 5.2, and how
/// providers deviate from them; ``FailureTable``).
package enum TokenAnswerReader {
    /// The longest access token, in bytes.
    package static let maximumTokenLength = 65_536
    /// The longest text kept beside the tokens, such as a scope, in bytes.
    package static let maximumTextLength = 16_384

    /// The tokens, or what to think of there being none. `receivedAt` is when the answer came, in seconds since 1970;
    /// it is used only where the server sent no `Date`.
    package static func read(
        _ outcome: consuming ProviderOutcome, description: TokenEndpointDescription, receivedAt: Int64
    ) -> TokenOutcome {
        switch consume outcome {
        case .answered(let response): read(response, description: description, receivedAt: receivedAt)
        case .failed(let failure): .failed(FailureTable.classify(.transport(failure), rules: [], retryAfter: nil))
        }
    }

    /// The tokens in a complete answer, or what to think of there being none.
    package static func read(
        _ response: consuming ProviderResponse, description: TokenEndpointDescription, receivedAt: Int64
    ) -> TokenOutcome {
        let serverTime = response.date.flatMap { HTTPDate.seconds($0, now: receivedAt) } ?? receivedAt
        let retryAfter = RetryAfter.duration(response.retryAfter, date: response.date, now: receivedAt)
        let status = response.status
        switch AnswerBody(response.body, contentType: response.contentType) {
        case .json(let root):
            let report = ErrorReport.read(root, status: status)
            let tokens = root.has("access_token") ? nil : description.alternateTokenMember.flatMap { root[$0] }
            return read(root, tokens: tokens ?? root, report, status, description, serverTime, retryAfter)
        case .form(let fields):
            let report = ErrorReport.read(fields)
            return read(fields, tokens: fields, report, status, description, serverTime, retryAfter)
        case .empty:
            return refused(RefusedAnswer(status: status, body: .empty), description, retryAfter)
        case .truncated:
            return refused(RefusedAnswer(status: status, body: .truncated), description, retryAfter)
        case .notJSON:
            return refused(RefusedAnswer(status: status, body: .notJSON), description, retryAfter)
        case .tooLarge:
            let failure = TransportFailure(.bodyTooLarge, mayHaveBeenReceived: true)
            return .failed(FailureTable.classify(.transport(failure), rules: [], retryAfter: retryAfter))
        }
    }

    /// What to think of an answer from which nothing could be taken, whatever was asked; one that holds tokens counts as
    /// one without.
    static func failure(
        in response: consuming ProviderResponse, description: TokenEndpointDescription, receivedAt: Int64
    ) -> TokenFailure {
        let status = response.status
        switch read(response, description: description, receivedAt: receivedAt) {
        case .failed(let failure):
            return failure
        case .granted:
            let answer = RefusedAnswer(status: status, body: .noToken)
            return FailureTable.classify(.answer(answer), rules: [], retryAfter: nil)
        }
    }

    private static func read<Source: TokenAnswerSource & ~Copyable>(
        _ source: borrowing Source, tokens: borrowing Source, _ report: consuming ErrorReport?, _ status: Int,
        _ description: TokenEndpointDescription, _ serverTime: Int64, _ retryAfter: Duration?
    ) -> TokenOutcome {
        if let report {
            let explanation = report.explanation.bytes()
            let answer = RefusedAnswer(status: status, body: .error, code: report.code, explanation: explanation)
            return refused(answer, description, retryAfter)
        }
        guard let accessToken = accessToken(tokens) else {
            let body: RefusedAnswer.Body = tokens.has("access_token") ? .malformedToken : .noToken
            return refused(RefusedAnswer(status: status, body: body), description, retryAfter)
        }
        guard (200...299).contains(status) else {
            return refused(RefusedAnswer(status: status, body: .token), description, retryAfter)
        }
        var answer = answer(tokens, accessToken, description, serverTime)
        answer.fields = fields(source, description)
        return .granted(answer)
    }

    private static func refused(
        _ answer: consuming RefusedAnswer, _ description: TokenEndpointDescription, _ retryAfter: Duration?
    ) -> TokenOutcome {
        let rules = description.failureRules
        return .failed(FailureTable.classify(.answer(answer), rules: rules, retryAfter: retryAfter))
    }
}

// MARK: - Tokens

extension TokenAnswerReader {
    /// Members that are never kept as fields, whatever a description asks for: fields are plain text.
    private static let secretMembers: Set<String> = [
        "access_token", "refresh_token", "id_token", "client_secret", "device_secret", "device_code", "assertion",
    ]

    /// A token goes into header fields as it is, so it must be printable ASCII (RFC 6749 appendix A.12).
    private static func accessToken<Source: TokenAnswerSource & ~Copyable>(_ source: borrowing Source) -> SecretBytes? {
        let token = source.withText("access_token") { text -> SecretBytes? in
            guard text.count <= maximumTokenLength, text.indices.allSatisfy({ ASCII.isPrintable(text[$0]) }) else {
                return nil
            }
            return SecretBytes(copying: text)
        }
        switch consume token {
        case .some(let token): return token
        case .none: return nil
        }
    }

    private static func answer<Source: TokenAnswerSource & ~Copyable>(
        _ source: borrowing Source, _ accessToken: consuming SecretBytes, _ description: TokenEndpointDescription,
        _ serverTime: Int64
    ) -> TokenAnswer {
        let claimed = accessToken.withBytes { JWTLifetime.read($0, now: serverTime) }
        var answer = TokenAnswer(accessToken: accessToken)
        answer.accessTokenExpiry = claimed
        answer.refreshToken = source.secret("refresh_token")
        answer.idToken = source.secret("id_token")
        answer.tokenType = source.scalar("token_type")
        answer.scope = source.scalar("scope") ?? source.list("scope")
        answer.expiresIn = source.lifetime("expires_in", inMilliseconds: description.expiresInMilliseconds)
        // GitHub, Google and Microsoft; QuickBooks; Keycloak.
        answer.refreshTokenExpiresIn =
            source.lifetime("refresh_token_expires_in") ?? source.lifetime("x_refresh_token_expires_in")
            ?? source.lifetime("refresh_expires_in")
        return answer
    }

    private static func fields<Source: TokenAnswerSource & ~Copyable>(
        _ source: borrowing Source, _ description: TokenEndpointDescription
    ) -> [NamedValue] {
        description.answerFields.compactMap { name in
            guard !secretMembers.contains(String(name.split(separator: ".").last ?? "")) else { return nil }
            return source.scalar(name).map { NamedValue(name, $0) }
        }
    }
}
