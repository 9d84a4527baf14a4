internal import ConnectedAccounts
internal import JSON
internal import JSONRPC

/// The errors of the wire contract (Protocol/README.md): each says what to do next and never holds a secret.
extension RPCError {
    /// Also for what does not exist, so that nothing can be probed.
    static let forbidden = RPCError(
        code: -32001, name: "FORBIDDEN",
        message: "not in this caller's scope; `daemon.explain` shows who the caller is and what it may do")

    /// Only to callers whose grant covers everything there is.
    static let notFound = RPCError(
        code: -32002, name: "NOT_FOUND",
        message: "no such connection or account; `connectedAccounts.list` shows those there are")

    static func ambiguousAccount(_ candidates: [JSONTree]) -> RPCError {
        RPCError(
            code: -32003, name: "AMBIGUOUS_ACCOUNT",
            message: "more than one account fits; choose one of the candidates by its connection id, alias or selector",
            data: ["candidates": .array(candidates)])
    }

    static func reauthorizationRequired(_ reason: StatusReason, connectionID: String) -> RPCError {
        RPCError(
            code: -32004, name: "REAUTHORIZATION_REQUIRED",
            message: "the account's user must connect it again",
            data: ["statusReason": .string(reason.slug), "connectionId": .string(connectionID)])
    }

    static func notRefreshable(connectionID: String) -> RPCError {
        RPCError(
            code: -32005, name: "NOT_REFRESHABLE",
            message: "this credential cannot be refreshed: it does not expire, or came without a refresh token; "
                + "if the provider refuses it, connect the account again",
            data: ["connectionId": .string(connectionID)])
    }

    static func accountInactive(connectionID: String) -> RPCError {
        RPCError(
            code: -32006, name: "ACCOUNT_INACTIVE",
            message: "the account is disabled; `connectedAccounts.enable` restores it",
            data: ["connectionId": .string(connectionID)])
    }

    static func upstreamUnavailable(retryAfter: Duration, reason: StatusReason, connectionID: String) -> RPCError {
        RPCError(
            code: -32007, name: "UPSTREAM_UNAVAILABLE",
            message: "the provider gives no new token at present; try again after retryAfterSeconds",
            data: [
                "retryAfterSeconds": .int(retryAfter.wholeSecondsRoundedUp),
                "statusReason": .string(reason.slug), "connectionId": .string(connectionID),
            ])
    }

    static func clientRejected(retryAfter: Duration, reason: StatusReason, authConfigID: String) -> RPCError {
        RPCError(
            code: -32007, name: "UPSTREAM_UNAVAILABLE",
            message: "the provider rejects the client registration; the operator must mend the auth config and reload",
            data: [
                "retryAfterSeconds": .int(retryAfter.wholeSecondsRoundedUp),
                "statusReason": .string(reason.slug), "authConfigId": .string(authConfigID),
            ])
    }

    static func lifetimeTooShort(longest: Duration, connectionID: String) -> RPCError {
        RPCError(
            code: -32007, name: "UPSTREAM_UNAVAILABLE",
            message: "the provider's tokens live \(longest.components.seconds) s; ask for less with minValiditySeconds",
            data: [
                "longestValiditySeconds": .int(Int(longest.components.seconds)), "connectionId": .string(connectionID),
            ])
    }

    static func timedOut(connectionID: String) -> RPCError {
        RPCError(
            code: -32008, name: "TIMEOUT",
            message: "no new token came in time; the refresh goes on, so ask again or allow a longer timeoutMs",
            data: ["connectionId": .string(connectionID)])
    }

    static func rateLimited(retryAfter: Duration, _ message: String) -> RPCError {
        RPCError(
            code: -32010, name: "RATE_LIMITED", message: message,
            data: ["retryAfterSeconds": .int(retryAfter.wholeSecondsRoundedUp)])
    }

    static let sessionExpired = RPCError(
        code: -32012, name: "SESSION_EXPIRED", message: "the session has expired; make a new one with `session.create`")

    static let shuttingDown = RPCError(
        code: -32013, name: "SHUTTING_DOWN", message: "the daemon is stopping; connect again and repeat the request")
}

extension Duration {
    /// At least one.
    var wholeSecondsRoundedUp: Int {
        let (seconds, attoseconds) = components
        return Int(max(1, attoseconds > 0 ? seconds + 1 : seconds))
    }
}
