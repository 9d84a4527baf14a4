// The rows, in the order of the page: from what fails first on a request's way to what fails last.

extension FaultKind {
    static let unreached: [FaultKind] = [
        FaultKind(
            .unresolvableHost, "an address whose host no resolver knows (`.invalid`, RFC 6761)", .transient("dns")),
        FaultKind(.tls(.expired), "a certificate whose time was over yesterday", .transient("tls")),
        FaultKind(.tls(.wrongHost), "a certificate for another host", .transient("tls")),
        FaultKind(.tls(.selfSigned), "a certificate that only itself has signed", .transient("tls")),
        FaultKind(.tls(.oldVersion), "a server that speaks TLS 1.1 and nothing newer", .transient("tls")),
        FaultKind(.tls(.refused), "the alert `handshake_failure` and the end", .transient("tls")),
        FaultKind(.tls(.plaintext), "HTTP without TLS on a port for TLS", .transient("tls")),
    ]

    static let connection: [FaultKind] = [
        FaultKind(
            .delayed(.seconds(5)), "the right answer, later", .granted,
            setting: .number("MILLISECONDS", 0...3_600_000) { .delayed(.milliseconds($0)) }),
        FaultKind(
            .slowBytes(every: .milliseconds(100)), "the right answer, byte by byte", .granted,
            setting: .number("MILLISECONDS", 0...3_600_000) { .slowBytes(every: .milliseconds($0)) }),
        FaultKind(.hangBeforeAnswer, "nothing, on an open connection", .transient("timeout", maybeApplied: true)),
        FaultKind(
            .hangAfterHeaders, "status and header, then nothing, on an open connection",
            .transient("timeout", maybeApplied: true)),
        FaultKind(.reset, "a reset (TCP RST)", lost),
        FaultKind(.closed, "the end of the connection", lost),
        FaultKind(.cutOff, "half of an answer and the end of the connection", lost),
        FaultKind(.answerLost(.reset), "as `reset`", lost),
        FaultKind(.answerLost(.closed), "as `closed`", lost),
        FaultKind(.answerLost(.cutOff), "as `cut_off`, of the right answer", lost),
        FaultKind(.answerLost(.hang), "as `hang_before_answer`", .transient("timeout", maybeApplied: true)),
        FaultKind(.answerLost(.hangAfterHeaders), "as `hang_after_headers`", .transient("timeout", maybeApplied: true)),
        FaultKind(.answerLost(.gatewayTimeout), "504 and a page", .transient("upstream_5xx", maybeApplied: true)),
    ]

    private static let lost = Meaning.transient("connection_closed", maybeApplied: true)

    static let statuses: [FaultKind] = [
        FaultKind(
            .gatewayPage(status: 502), "this status and a page of HTML",
            .transient("upstream_5xx", maybeApplied: true),
            setting: .number("STATUS", 200...599) { .gatewayPage(status: $0) }),
        FaultKind(
            .tooManyRequests(.missing), "429, without `Retry-After` or with it in either form, or in none",
            .transient("rate_limited"), setting: .retryAfter),
        FaultKind(.requestTimeout, "408 without a body", .transient("http_408")),
        FaultKind(
            .redirect(to: "http://127.0.0.1:1/elsewhere"), "302 to an address",
            .transient("redirect", maybeApplied: true), setting: .text("ADDRESS") { .redirect(to: $0) }),
    ]

    static let bodies: [FaultKind] = [
        FaultKind(.captivePortal, "200 and a network's page of HTML", .transient("not_json", maybeApplied: true)),
        FaultKind(.emptyBody, "200 without a body", .transient("empty_answer", maybeApplied: true)),
        FaultKind(
            .truncatedJSON, "200 and JSON that ends in its middle, whole by its length",
            .transient("truncated", maybeApplied: true)),
        FaultKind(
            .oversizedBody(bytes: 10 << 20), "200 and JSON that goes on in spaces up to so many bytes",
            .transient("body_too_large", maybeApplied: true),
            setting: .number("BYTES", 0...(1 << 40)) { .oversizedBody(bytes: $0) }),
        FaultKind(
            .wrongTypes, "200 and an object where the token should be, `true` for `expires_in`",
            .transient("malformed_token", maybeApplied: true)),
        FaultKind(.duplicateKeys, "200 and two different `access_token`", .transient("not_json", maybeApplied: true)),
        FaultKind(.wrongContentType, "the right answer, as `text/plain`", .granted),
        FaultKind(
            .expiresIn("1e400"), "the right answer, with an absurd `expires_in`", .granted,
            setting: .text("JSON") { .expiresIn($0) }),
        FaultKind(
            .recorded(status: 529, body: #"{"object":"error","status":529,"code":"service_overload"}"#),
            "this status and this body as `application/json`", .transient("temporarily_unavailable"),
            setting: .status("BODY") { .recorded(status: $0, body: $1) }),
    ]

    static let errors: [FaultKind] = [
        FaultKind(.invalidGrant, "400 `invalid_grant`, though the grant lives", .dead("invalid_grant")),
        FaultKind(
            .tokenSpent, "what comes of a refresh token that another process has used, which may end the grant",
            .dead("invalid_grant")),
        FaultKind(.invalidClient, "401 `invalid_client`, though the client is right", .broken("invalid_client")),
        FaultKind(
            .error("invalid_scope", status: 400), "this status and this error code", .broken("invalid_scope"),
            setting: .status("CODE") { .error($1, status: $0) }),
        FaultKind(
            .githubError("bad_refresh_token"), "200 and this error code, as GitHub answers", .dead("bad_refresh_token"),
            setting: .text("CODE") { .githubError($0) }),
    ]
}
