/// How the client proves itself at the token endpoint (RFC 6749 section 2.3, RFC 8414 section 2).
package enum ClientAuthentication: String, Sendable, CaseIterable {
    /// `Authorization: Basic`, id and secret form-encoded first. What RFC 8414 presumes when nothing is said.
    case clientSecretBasic = "client_secret_basic"
    /// `client_id` and `client_secret` in the body.
    case clientSecretPost = "client_secret_post"
    /// `Authorization: Basic` with the secret as the user name, no password and no client id: Stripe's API keys.
    case secretAsUserName = "secret_as_user_name"
    /// A public client: `client_id` alone in the body.
    case none
}

/// How a token request's body is written.
package enum RequestFormat: String, Sendable, CaseIterable {
    case form
    case json
}

/// What to do when a refresh was sent and its answer never came.
package enum LostAnswerPolicy: Sendable, Equatable {
    /// The same refresh token may be presented again, at any time.
    case resend
    /// … until this long after it was first presented: the provider's grace.
    case resendWithin(Duration)
    /// Presenting it again may end the grant: a person has to decide, or connect again.
    case never
}

/// The three classes of failure at a token endpoint.
package enum FailureClass: String, Sendable, CaseIterable {
    /// The provider rejected this grant; its user must connect again.
    case deadGrant = "dead_grant"
    /// The provider rejected the client registration; every connection of the auth config shares it, and none is dead.
    case brokenApp = "broken_app"
    /// Anything else: worth another try later.
    case transient
}

/// One deviation of a provider from the general table of failure classes; the first that matches decides.
package struct FailureRule: Sendable, Equatable {
    /// The `error` member of the answer, or nil for any.
    package var error: String?
    /// The HTTP status, or nil for any.
    package var status: Int?
    /// Text that `error_description` or `error_subtype` contains, without regard to case, or nil for any.
    package var descriptionContains: String?
    package var failureClass: FailureClass
    /// The provider says that the grant was withdrawn, not merely that it cannot be used: REVOKED instead of FAILED.
    package var isRevocation: Bool

    package init(
        error: String? = nil, status: Int? = nil, descriptionContains: String? = nil, failureClass: FailureClass,
        isRevocation: Bool = false
    ) {
        self.error = error
        self.status = status
        self.descriptionContains = descriptionContains
        self.failureClass = failureClass
        self.isRevocation = isRevocation
    }
}

/// A name and a value, in the order given: a header field or a request parameter that is no secret.
package struct NamedValue: Sendable, Equatable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Everything that a request to one provider's token endpoint, and the reading of its answer, depends on.
package struct TokenEndpointDescription: Sendable, Equatable {
    /// Absolute; `https`, or `http` to a loopback address.
    package var url: String
    /// Where refreshes go, if not to ``url``. As acceptable as that.
    package var refreshURL: String?
    package var clientAuthentication: ClientAuthentication = .clientSecretBasic
    package var requestFormat: RequestFormat = .form
    /// Sent besides the standard ones.
    package var headers: [NamedValue] = []
    /// Sent with an authorization code.
    package var codeParameters: [NamedValue] = []
    /// Sent with a device code.
    package var deviceParameters: [NamedValue] = []
    /// Sent with a refresh token.
    package var refreshParameters: [NamedValue] = []
    /// Sent where the client asks in its own name.
    package var clientCredentialsParameters: [NamedValue] = []
    /// Whether the connection's scopes are repeated in a refresh (RFC 6749 section 6 leaves it open; Microsoft needs
    /// it).
    package var sendsScopeOnRefresh = false
    /// The same with an authorization code; MYOB's examples have it, though no standard knows it.
    package var sendsScopeWithCode = false
    /// The unit of `expires_in`; a few providers answer in milliseconds.
    package var expiresInMilliseconds = false
    /// Members of the token answer to keep with the connection, such as `instance_url`.
    package var answerFields: [String] = []
    /// The member of the answer that holds the tokens where its top level has none (Slack's `authed_user`).
    package var alternateTokenMember: String?
    package var failureRules: [FailureRule] = []
    package var lostAnswer: LostAnswerPolicy = .resend

    package init(url: String) {
        self.url = url
    }
}
