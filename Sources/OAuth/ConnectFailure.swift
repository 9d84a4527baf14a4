import SecretBytes

/// Why connecting an account came to nothing, for the person who tried.
package struct ConnectFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The kinds of failure that a person can tell apart.
    package enum Kind: String, Sendable, CaseIterable {
        /// They, or somebody for them, said no.
        case denied
        /// The provider does not let this account be connected as it is.
        case accountRefused = "account_refused"
        /// The client registration is at fault: it is the operator's to mend.
        case brokenApp = "broken_app"
        /// The provider could not answer: later.
        case transient
        /// The code was used before, or is another client's: a new link is needed.
        case codeSpent = "code_spent"
        /// It took too long: a new link is needed.
        case expired
    }

    /// What the person can do about it.
    package let kind: Kind
    /// A stable name for `statusReason`: the kind's own, or the one of ``FailureTable`` where that says more.
    package let reason: String
    /// The code as the provider wrote it; see ``TokenFailure/oauthError``.
    package let oauthError: String?
    /// When another try makes sense, if the server said so.
    package let retryAfter: Duration?

    /// A failed exchange of a code, an assertion or a device code.
    package init(_ failure: TokenFailure) {
        let kind = Self.kind(of: failure)
        self.kind = kind
        self.reason =
            switch kind {
            case .denied: "access_denied"
            case .codeSpent, .expired: kind.rawValue
            case .accountRefused, .brokenApp, .transient: failure.reason
            }
        self.oauthError = failure.oauthError
        self.retryAfter = failure.retryAfter
    }

    /// What the server sent the browser back with instead of a code, by the provider's rules and the general table.
    package init(_ response: AuthorizationErrorResponse, rules: [FailureRule] = []) {
        // A redirect has no status; 400 is what a token endpoint would have said.
        let answer = RefusedAnswer(
            status: 400, body: .error, code: response.code, explanation: .init(utf8: response.explanation ?? ""))
        self.init(FailureTable.classify(.answer(answer), rules: rules, retryAfter: nil))
    }

    /// The end of a device flow.
    package init(_ end: DeviceFlowEnd) {
        switch end {
        case .denied: self.init(.denied, "access_denied")
        case .expired: self.init(.expired, "expired")
        case .failed(let failure): self.init(failure)
        }
    }

    private init(_ kind: Kind, _ reason: String) {
        self.kind = kind
        self.reason = reason
        self.oauthError = nil
        self.retryAfter = nil
    }

    private static let denials: Set<String> = ["access_denied", "authorization_declined"]
    private static let expiries: Set<String> = ["expired_token", "token_expired"]
    private static let spentCodes: Set<String> = [
        "invalid_grant", "bad_verification_code", "incorrect_device_code", "invalid_code", "code_already_used",
    ]

    private static func kind(of failure: TokenFailure) -> Kind {
        switch failure.failureClass {
        case .brokenApp: return .brokenApp
        case .transient: return .transient
        case .deadGrant: break
        }
        let code = failure.oauthError.map(ASCII.lowercased) ?? ""
        if denials.contains(code) { return .denied }
        if expiries.contains(code) { return .expired }
        // With a subtype of its own the same code speaks of the account (Google's session control).
        let speaksOfCode = spentCodes.contains(code) && failure.reason != "reauthentication_required"
        return speaksOfCode ? .codeSpent : .accountRefused
    }

    /// What happened and what to do, in one sentence for the person.
    package var description: String {
        switch kind {
        case .denied:
            "access was not granted; if that was a mistake, connect again and allow it"
        case .accountRefused:
            "the provider does not let this account be connected (\(reason)); sign in there, follow what it asks, then connect again"
        case .brokenApp:
            "the provider refused the app, not you (\(reason)); whoever runs this machine must mend its registration"
        case .transient:
            "the provider could not answer just now (\(reason)); connect again in a few minutes"
        case .codeSpent:
            "the code was already used or is too old; connect again, and open the new link only once"
        case .expired:
            "it took too long; connect again and finish within the time shown"
        }
    }
}
