package import SecretBytes

/// What was seen of a token request that gave no tokens; the left-hand side of ``FailureTable``.
package enum FailureObservation: ~Copyable {
    /// No complete answer came.
    case transport(TransportFailure)
    /// An answer came that grants nothing.
    case answer(RefusedAnswer)
}

/// An answer without tokens, reduced to what its class depends on.
package struct RefusedAnswer: ~Copyable {
    /// What the body was.
    package enum Body: String, Sendable, CaseIterable {
        /// An object that reports an error, whether or not its code is readable.
        case error
        /// JSON or a form without `error` and without `access_token`.
        case noToken = "no_access_token"
        /// An `access_token` that is no string of printable ASCII, or is empty.
        case malformedToken = "malformed_token"
        /// Tokens, under a status that denies them.
        case token
        /// Nothing but white space.
        case empty = "empty_answer"
        /// JSON that ends too early.
        case truncated
        /// HTML, other text, or JSON with two members of one name.
        case notJSON = "not_json"
    }

    /// The HTTP status.
    package var status: Int
    /// What the body was.
    package var body: Body
    /// The error code, if one was readable; see ``TokenFailure/oauthError``.
    package var code: String?
    /// `error_description`, `error_subtype` and their kin, to search in; it may hold anything, so it goes no further.
    package var explanation: SecretBytes

    /// An answer from all its parts.
    package init(status: Int, body: Body, code: String? = nil, explanation: consuming SecretBytes = .init(utf8: "")) {
        self.status = status
        self.body = body
        self.code = code
        self.explanation = explanation
    }

    /// Whether a server that speaks OAuth, or at least JSON, wrote it: only such an answer can end anything.
    var isStructured: Bool {
        switch body {
        case .error, .noToken, .malformedToken, .token: true
        case .empty, .truncated, .notJSON: false
        }
    }

    var isEmpty: Bool {
        if case .empty = body { true } else { false }
    }

    borrowing func says(_ part: String) -> Bool {
        explanation.withBytes { ASCII.contains($0, part) }
    }
}
