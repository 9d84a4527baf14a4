internal import ConnectedAccounts

extension Fault {
    typealias Answer = AuthorizationServer.Answer
    typealias Delivery = AuthorizationServer.Delivery
    typealias Field = AuthorizationServer.Field

    /// What the client gets. `answer` is the right one, given where the fault is applied; else nil.
    func reply(insteadOf answer: Answer?, at now: Moment) -> (answer: Answer, delivery: Delivery) {
        let answer = answer ?? Self.plausibleAnswer
        return switch self {
        case .unresolvableHost: (answer, .unresolved)
        case .tls: (answer, .failedHandshake)
        case .delayed(let delay): (answer, .delayed(delay))
        case .held: (answer, .held)
        case .slowBytes(let interval): (answer, .bytewise(every: interval))
        case .hangBeforeAnswer: (answer, .silence)
        case .hangAfterHeaders: (answer, .headOnly)
        case .reset: (answer, .reset)
        case .closed: (answer, .closed)
        case .cutOff: (answer, .cutOff)
        case .answerLost(let loss): loss.reply(insteadOf: answer)
        default: (page(at: now) ?? body(insteadOf: answer), .whole)
        }
    }

    /// Answers that are made of a status and say nothing of tokens.
    private func page(at now: Moment) -> Answer? {
        switch self {
        case .gatewayPage(let status): .html("\(status) from the gateway", status: status)
        case .tooManyRequests(let retryAfter):
            .html("Too Many Requests", status: 429, headers: retryAfter.fields(at: now))
        case .requestTimeout: .empty(status: 408)
        case .redirect(let address): .empty(status: 302, headers: [Field("Location", address)])
        case .captivePortal: .html("Welcome. Sign in to use this network.", status: 200)
        case .emptyBody: .empty(status: 200, headers: [Field("Content-Type", "application/json")])
        case .recorded(let status, let contentType, let body):
            Answer(status: status, headers: [Field("Content-Type", contentType)], body: Array(body.utf8))
        case .invalidGrant: Self.errorAnswer("invalid_grant", status: 400)
        case .invalidClient: Self.errorAnswer("invalid_client", status: 401)
        case .error(let code, let status): Self.errorAnswer(code, status: status)
        case .githubError(let code): Self.errorAnswer(code, status: 200)
        default: nil
        }
    }

    private func body(insteadOf answer: Answer) -> Answer {
        var changed = answer
        switch self {
        case .truncatedJSON: changed.body.removeLast(changed.body.count / 3)
        case .oversizedBody(let bytes): changed.trailingSpaces = max(0, bytes - changed.body.count)
        case .wrongTypes:
            return .json(
                .object([
                    .init("access_token", .object([.init("value", .string("sim_at_unissued"))])),
                    .init("token_type", .array([])), .init("expires_in", .bool(true)),
                    .init("refresh_token", .number(7)), .init("scope", .number(1)),
                ]))
        case .duplicateKeys:
            return .json(
                .object([
                    .init("access_token", .string("sim_at_unissued")), .init("token_type", .string("Bearer")),
                    .init("expires_in", .number(3600)), .init("access_token", .string("sim_at_unissued_either")),
                ]))
        case .wrongContentType:
            changed.headers.removeAll { $0.name == "Content-Type" }
            changed.headers.append(Field("Content-Type", "text/plain"))
        case .expiresIn(let text): changed.body = Self.replacingLifetime(in: answer.body, with: text)
        default: break
        }
        return changed
    }

    /// An answer with tokens that were never issued: whoever takes it for a success holds nothing.
    private static let plausibleAnswer = Answer.json(
        .object([
            .init("access_token", .string("sim_at_unissued")), .init("token_type", .string("Bearer")),
            .init("expires_in", .number(3600)), .init("scope", .string("")),
        ]))

    private static func errorAnswer(_ code: String, status: Int) -> Answer {
        AuthorizationServer.RequestError.answer(code, "a simulated fault", status: status)
    }

    /// The answer's text with another `expires_in`; it is put in front if there is none. Answers that are not an object
    /// stay as they are.
    private static func replacingLifetime(in body: [UInt8], with text: String) -> [UInt8] {
        guard body.first == UInt8(ascii: "{"), body.count > 2 else { return body }
        let members = body.dropFirst().dropLast().split(separator: UInt8(ascii: ","))
            .filter { !$0.starts(with: Array("\"expires_in\":".utf8)) }
        return Array(("{\"expires_in\":" + text).utf8)
            + members.flatMap { [UInt8(ascii: ",")] + $0 } + [UInt8(ascii: "}")]
    }
}

extension Fault.Loss {
    fileprivate func reply(
        insteadOf answer: AuthorizationServer.Answer
    ) -> (answer: AuthorizationServer.Answer, delivery: AuthorizationServer.Delivery) {
        switch self {
        case .reset: (answer, .reset)
        case .closed: (answer, .closed)
        case .hang: (answer, .silence)
        case .hangAfterHeaders: (answer, .headOnly)
        case .cutOff: (answer, .cutOff)
        case .gatewayTimeout: (.html("504 from the gateway", status: 504), .whole)
        }
    }
}

extension Fault.RetryAfter {
    fileprivate func fields(at now: Moment) -> [AuthorizationServer.Field] {
        let value: String? =
            switch self {
            case .missing: nil
            case .seconds(let seconds): String(seconds)
            case .date(let ahead): httpDate(WallInstant(seconds: now.wall.seconds + Int64(ahead)))
            case .text(let text): text
            }
        return value.map { [.init("Retry-After", $0)] } ?? []
    }
}
