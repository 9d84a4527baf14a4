internal import JSON

/// A connection as management sees it: no live secret.
public struct ConnectedAccount: Sendable, Hashable {
    /// The connection's id.
    public let id: String

    /// Whose grant it is, in the words of whoever uses the daemon.
    public let userID: String

    /// What it was connected for.
    public let toolkit: String

    /// The client registration that it belongs to.
    public let authConfigID: String

    /// `OAUTH2`, `OAUTH2_CLIENT_CREDENTIALS`, `JWT_BEARER`, `GOOGLE_SERVICE_ACCOUNT`, `API_KEY`, `BASIC` or
    /// `BEARER_TOKEN`.
    public let authScheme: String

    /// The connection's state.
    public let status: ConnectionStatus

    /// Why it is not active, as the contract lists it; nil if nothing is wrong.
    public let statusReason: String?

    /// A name that its user gave it.
    public let alias: String?

    /// The accounts that it gives access to, as the provider calls them; none before they are known.
    public let accounts: [Identity]

    /// When the access token ends; nil: never, or the provider does not say.
    public let expiresAt: Timestamp?

    /// When it was refreshed last; nil: never.
    public let lastRefreshedAt: Timestamp?

    /// When the next refresh is planned; nil: not at all.
    public let nextRefreshAt: Timestamp?

    /// Failures in a row since the last success.
    public let refreshFailures: Int

    /// Counts the token sets of the connection.
    public let generation: Int

    /// When it was connected.
    public let createdAt: Timestamp

    /// When it changed last.
    public let updatedAt: Timestamp

    /// An account as its provider calls it.
    public struct Identity: Sendable, Hashable {
        /// The provider's stable identifier.
        public let accountIdentifier: String

        /// The account's name, for people.
        public let displayName: String
    }

    init(_ account: AnswerReader) throws(PurserError) {
        id = try account.text("id")
        userID = try account.text("userId")
        toolkit = try account.object("toolkit", "toolkit").text("slug")
        let authConfig = try account.object("authConfig", "authConfig")
        authConfigID = try authConfig.text("id")
        authScheme = try authConfig.text("authScheme")
        status = ConnectionStatus(rawValue: try account.text("status"))
        statusReason = account.optionalText("statusReason")
        alias = account.optionalText("alias")
        accounts = try account.identities()
        expiresAt = account.optionalTimestamp("expiresAt")
        lastRefreshedAt = account.optionalTimestamp("lastRefreshedAt")
        nextRefreshAt = account.optionalTimestamp("nextRefreshAt")
        refreshFailures = try account.integer("refreshFailures")
        generation = try account.integer("generation")
        createdAt = try account.timestamp("createdAt")
        updatedAt = try account.timestamp("updatedAt")
    }
}

extension AnswerReader {
    fileprivate func identities() throws(PurserError) -> [ConnectedAccount.Identity] {
        guard let identity = value["identity"], !identity.isNull else { return [] }
        return try AnswerReader(value: identity, subject: "identity").list("accounts", of: "identity") {
            (account) throws(PurserError) in
            ConnectedAccount.Identity(
                accountIdentifier: try account.text("accountIdentifier"), displayName: try account.text("displayName"))
        }
    }
}
