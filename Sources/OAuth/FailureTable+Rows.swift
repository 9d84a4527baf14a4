// The rows, in the order in which they are tried. Transport, then what speaks of the moment whatever code it comes
// with, then error codes, then bare statuses.

extension FailureTable {
    static let transportRows: [FailureRow] = [
        transport(.nameResolution, "dns"),
        transport(.connect, "connect"),
        transport(.tls, "tls"),
        transport(.timeout, "timeout"),
        transport(.connectionClosed, "connection_closed"),
        transport(.bodyTooLarge, "body_too_large"),
        transport(.cancelled, "cancelled"),
        transport(.withheld, "withheld", source: "it was to leave no more, and did not"),
        transport(.left, "left", source: "the daemon ended; the next process has the answer"),
        transport(.refusedAddress, "refused_address", .brokenApp),
        transport(.other, "transport"),
    ]

    static let momentRows: [FailureRow] = [
        // A limit speaks of the moment, not of the grant, even if some code comes with it.
        status(429...429, answerWithoutToken, .transient, "rate_limited", "RFC 6585 section 4"),
        says("too many requests", "rate_limited", "Zoho, Auth0"),
        says("rate limit", "rate_limited", "Google, Okta"),
        says("login_rate_exceeded", "rate_limited", "Salesforce"),
        says("AADSTS50196", "rate_limited", "Microsoft: a client seen looping"),
        says("internal_failure", "server_error", "Google", mayHaveBeenApplied: true),
        says("server_error", "server_error", "Google", mayHaveBeenApplied: true),
        says("temporarily_unavailable", "temporarily_unavailable", "Google"),
    ]

    static let codeRows: [FailureRow] = deadGrantRows + brokenAppRows + transientRows

    static let statusRows: [FailureRow] = [
        status(500...599, RefusedAnswer.Body.allCases, .transient, "upstream_5xx", mayHaveBeenApplied: true),
        status(200...299, [.noToken], .transient, "no_access_token", mayHaveBeenApplied: true),
        status(200...299, [.malformedToken], .transient, "malformed_token", mayHaveBeenApplied: true),
        status(200...299, [.empty], .transient, "empty_answer", mayHaveBeenApplied: true),
        status(200...299, [.truncated], .transient, "truncated", mayHaveBeenApplied: true),
        status(200...299, [.notJSON], .transient, "not_json", "a captive portal's page", mayHaveBeenApplied: true),
        status(300...399, answerWithoutToken, .transient, "redirect", "never followed", mayHaveBeenApplied: true),
        status(401...401, structured, .brokenApp, "http_401", "RFC 6749 section 5.2: 401 is about the client"),
        status(401...401, unstructured, .transient, "http_401", "a proxy's page"),
        status(
            403...403, answerWithoutToken, .transient, "http_403", "Google's HTML rate limit, web application firewalls"
        ),
        status(404...404, structured, .brokenApp, "http_404", "GitHub: unknown client id"),
        status(404...404, unstructured, .transient, "http_404", "a gateway without its backend"),
        status(408...408, answerWithoutToken, .transient, "http_408"),
        status(425...425, answerWithoutToken, .transient, "http_425"),
        status(200...499, [.error], .transient, "unrecognized_error", "an unknown code ends nothing"),
        status(400...499, answerWithoutToken, .transient, "http_4xx"),
        fallback,
    ]

    /// What no other row covers.
    static let fallback = status(
        0...999, RefusedAnswer.Body.allCases, .transient, "unexpected_status", "tokens under an error status included",
        mayHaveBeenApplied: true)

    private static let answerWithoutToken = RefusedAnswer.Body.allCases.filter { $0 != .token }
    private static let structured: [RefusedAnswer.Body] = [.error, .noToken, .malformedToken]
    private static let unstructured: [RefusedAnswer.Body] = [.empty, .truncated, .notJSON]
}

extension FailureTable {
    private static func transport(
        _ kind: TransportFailure.Kind, _ reason: String, _ failureClass: FailureClass = .transient, source: String = ""
    ) -> FailureRow {
        FailureRow(cause: .transport(kind), failureClass: failureClass, reason: reason, source: source)
    }

    private static func says(
        _ part: String, _ reason: String, _ source: String, mayHaveBeenApplied: Bool = false
    ) -> FailureRow {
        FailureRow(
            cause: .says(part), failureClass: .transient, reason: reason, mayHaveBeenApplied: mayHaveBeenApplied,
            source: source)
    }

    private static func status(
        _ range: ClosedRange<Int>, _ bodies: [RefusedAnswer.Body], _ failureClass: FailureClass, _ reason: String,
        _ source: String = "RFC 9110", mayHaveBeenApplied: Bool = false
    ) -> FailureRow {
        FailureRow(
            cause: .status(range, bodies), failureClass: failureClass, reason: reason,
            mayHaveBeenApplied: mayHaveBeenApplied, source: source)
    }
}
