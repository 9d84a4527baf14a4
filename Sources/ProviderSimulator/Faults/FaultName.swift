extension Fault {
    /// As it is written on a command line and counted in the ledger: `reset`, `gateway_page:503`. ``init(named:)`` reads
    /// it.
    package var name: String { kind + (setting.map { ":" + $0 } ?? "") }

    /// The name without what the fault is set to.
    package var kind: String {
        switch self {
        case .unresolvableHost: "unresolvable_host"
        case .tls(let handshake): "tls_" + handshake.rawValue
        case .delayed: "delayed"
        case .held: "held"
        case .hangBeforeAnswer: "hang_before_answer"
        case .hangAfterHeaders: "hang_after_headers"
        case .reset: "reset"
        case .closed: "closed"
        case .cutOff: "cut_off"
        case .slowBytes: "slow_bytes"
        case .answerLost(let loss): "answer_lost_" + loss.rawValue
        case .gatewayPage: "gateway_page"
        case .tooManyRequests: "too_many_requests"
        case .requestTimeout: "request_timeout"
        case .redirect: "redirect"
        case .captivePortal: "captive_portal"
        case .emptyBody: "empty_body"
        case .truncatedJSON: "truncated_json"
        case .oversizedBody: "oversized_body"
        case .wrongTypes: "wrong_types"
        case .duplicateKeys: "duplicate_keys"
        case .recorded: "recorded"
        case .wrongContentType: "wrong_content_type"
        case .expiresIn: "expires_in"
        case .invalidGrant: "invalid_grant"
        case .invalidClient: "invalid_client"
        case .tokenSpent: "token_spent"
        case .error: "error"
        case .githubError: "github_error"
        }
    }

    private var setting: String? {
        switch self {
        case .delayed(let time), .slowBytes(let time): String(Int(time / .milliseconds(1)))
        case .gatewayPage(let status): String(status)
        case .tooManyRequests(let retryAfter): retryAfter.setting
        case .redirect(let address): address
        case .oversizedBody(let bytes): String(bytes)
        case .recorded(let status, _, let body): "\(status)=\(body)"
        case .expiresIn(let text): text
        case .error(let code, let status): "\(status)=\(code)"
        case .githubError(let code): code
        default: nil
        }
    }

    /// Reads a ``name``. Without a setting the fault has that of its ``FaultKind``.
    package init(named name: String) throws(FaultNameError) {
        let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let kind = FaultKind.all.first(where: { $0.name == parts[0] }) else {
            throw FaultNameError(description: "there is no fault “\(parts[0])”; there are \(FaultKind.names)")
        }
        guard parts.count > 1 else {
            self = kind.fault
            return
        }
        guard let syntax = kind.setting else {
            throw FaultNameError(description: "\(kind.name) takes no setting; leave “:\(parts[1])” out")
        }
        guard let fault = syntax.read(parts[1]) else {
            throw FaultNameError(
                description: "“\(parts[1])” is no setting of \(kind.name); write \(kind.name):\(syntax.form)")
        }
        self = fault
    }
}

/// Why a text is no fault's name.
package struct FaultNameError: Error, Equatable, CustomStringConvertible {
    /// What to write instead.
    package var description: String
}

extension Fault.RetryAfter {
    fileprivate var setting: String? {
        switch self {
        case .missing: nil
        case .seconds(let seconds): "seconds=\(seconds)"
        case .date(let ahead): "date=\(ahead)"
        case .text(let text): "text=\(text)"
        }
    }
}
