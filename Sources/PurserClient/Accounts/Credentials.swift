internal import JSON
internal import SecretBytes

/// One account's credential with all that a call to the provider's API needs.
public struct Credentials: Sendable, Equatable {
    /// The account.
    public let account: Account

    /// `OAUTH2`, `OAUTH2_CLIENT_CREDENTIALS`, `JWT_BEARER`, `GOOGLE_SERVICE_ACCOUNT`, `API_KEY`, `BASIC` or
    /// `BEARER_TOKEN`.
    public let authScheme: String

    /// Where the provider's API begins; nil where that is not known.
    public let apiBaseURL: String?

    /// Request headers, ready to send. Their values hold the secret.
    public let headers: [Header]

    /// One request header.
    public struct Header: Sendable, Equatable {
        /// The field's name, such as `Authorization`.
        public let name: String

        /// The field's value.
        public let value: Secret
    }

    init(_ answer: AnswerReader) throws(PurserError) {
        account = try Account(answer)
        authScheme = try answer.text("authScheme")
        apiBaseURL = answer.optionalText("apiBaseURL")
        headers = try answer.object("headers", "credentials").headers()
    }
}

extension AnswerReader {
    fileprivate func headers() throws(PurserError) -> [Credentials.Header] {
        var headers: [Credentials.Header] = []
        for (name, value) in value.members {
            guard let name = name.string, let value = value.secret() else {
                throw .protocolViolation("credentials with a header that is no string")
            }
            headers.append(Credentials.Header(name: name, value: Secret(value)))
        }
        return headers
    }
}
