import SecretBytes

/// What one poll of the device flow means, if it brought no tokens (RFC 8628 section 3.5, and how providers deviate).
package enum DevicePollVerdict: Sendable, Equatable {
    /// The person has not decided yet.
    case pending
    /// The same, and we asked too often; with the new interval where the answer has one, as GitHub's does.
    case slowDown(interval: Duration?)
    /// Nothing is known: ask again, no sooner than the server wants.
    case tryLater(TokenFailure)
    /// The person said no.
    case denied
    /// The codes are too old.
    case expired
    /// No further poll can succeed.
    case failed(TokenFailure)
}

/// What one poll came to.
package enum DevicePollOutcome: ~Copyable, Sendable {
    /// The person consented.
    case granted(TokenAnswer)
    /// No tokens, or not yet.
    case refused(DevicePollVerdict)
}

extension DevicePollOutcome {
    /// Reads what came back from a ``DeviceTokenRequest``; `receivedAt` in seconds since 1970.
    package static func read(
        _ outcome: consuming ProviderOutcome, description: TokenEndpointDescription, receivedAt: Int64
    ) -> DevicePollOutcome {
        switch consume outcome {
        case .answered(let response):
            let interval = interval(in: AnswerBody(response.body, contentType: response.contentType))
            let tokens = TokenAnswerReader.read(response, description: description, receivedAt: receivedAt)
            return judged(tokens, interval)
        case .failed(let failure):
            return .refused(.tryLater(FailureTable.classify(.transport(failure), rules: [], retryAfter: nil)))
        }
    }

    private static func judged(_ tokens: consuming TokenOutcome, _ interval: Duration?) -> DevicePollOutcome {
        switch consume tokens {
        case .granted(let answer): .granted(answer)
        case .failed(let failure): .refused(DevicePollVerdict(failure, interval: interval))
        }
    }

    private static func interval(in body: consuming AnswerBody) -> Duration? {
        switch consume body {
        case .json(let root): root.lifetime("interval")
        case .form(let fields): fields.lifetime("interval")
        default: nil
        }
    }
}

extension DevicePollVerdict {
    /// The meaning of a failed token request in this flow; `interval` is the member of that name of the answer.
    package init(_ failure: TokenFailure, interval: Duration? = nil) {
        switch failure.oauthError.map(ASCII.lowercased) {
        case "authorization_pending":
            self = .pending
        case "slow_down", "rate_limit_exceeded":
            self = .slowDown(interval: interval)
        case "authorization_declined":
            self = .denied
        case "access_denied" where failure.failureClass == .deadGrant:
            // With 401 it is Atlassian's word for a wrong client secret.
            self = .denied
        case "expired_token", "token_expired":
            self = .expired
        case nil where failure.status == 428:
            // Google's status for a pending authorization, should a gateway have eaten the body.
            self = .pending
        default:
            self = failure.failureClass == .transient ? .tryLater(failure) : .failed(failure)
        }
    }
}
