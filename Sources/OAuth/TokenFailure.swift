/// Why a token request gave no tokens: what to think of it, and nothing that could be a secret.
package struct TokenFailure: Error, Sendable, Equatable {
    /// What follows from it.
    package var failureClass: FailureClass
    /// A stable name for `statusReason`; `Protocol/FAILURES.md` lists them all.
    package var reason: String
    /// The provider says that the grant was withdrawn: REVOKED instead of FAILED.
    package var isRevocation: Bool
    /// When the server wants to be asked again, from zero to a day.
    package var retryAfter: Duration?
    /// The error code as the provider wrote it, if it looks like one: 1 to 64 of `A-Z a-z 0-9 _ . -`. The description
    /// that came with it is never kept, since it may hold anything.
    package var oauthError: String?
    /// The HTTP status; nil if no answer came.
    package var status: Int?
    /// Whether the provider may have acted on the request, and so rotated the refresh token, although no tokens came
    /// back.
    package var mayHaveBeenApplied: Bool

    /// A failure from all its parts.
    package init(
        failureClass: FailureClass, reason: String, isRevocation: Bool = false, retryAfter: Duration? = nil,
        oauthError: String? = nil, status: Int? = nil, mayHaveBeenApplied: Bool
    ) {
        self.failureClass = failureClass
        self.reason = reason
        self.isRevocation = isRevocation
        self.retryAfter = retryAfter
        self.oauthError = oauthError
        self.status = status
        self.mayHaveBeenApplied = mayHaveBeenApplied
    }
}
