internal import JSON

/// One account that the caller may use, with its live credential.
///
/// Use the credential, do not keep it: ask again instead, the daemon answers from memory.
public struct Account: Sendable, Equatable {
    /// The connection that the account belongs to; several accounts of one grant share it.
    public let connectionID: String

    /// The provider's stable identifier of the account: a login, an email address, an organisation's id.
    public let accountIdentifier: String

    /// The account's name, for people.
    public let displayName: String

    /// Where the account is, such as `google`.
    public let provider: String

    /// What it was connected for, such as `gmail`.
    public let toolkit: String

    /// What the provider's API asks for; nil where there is none to give, for which ``status`` and ``statusReason`` say
    /// why.
    public let credential: Credential?

    /// When the access token ends; nil: never, or the provider does not say.
    public let accessTokenExpiresAt: Timestamp?

    /// The granted scopes.
    public let scopes: [String]

    /// When the account was connected.
    public let connectedAt: Timestamp

    /// The connection's state.
    public let status: ConnectionStatus

    /// Why it is not active, as the contract lists it; nil if nothing is wrong.
    public let statusReason: String?

    /// Counts the token sets of the connection. After the provider refused this one's token, pass it to
    /// ``PurserClient/refresh(connection:ifGeneration:timeout:)``.
    public let generation: Int

    /// The auth config's client secret, for callers that may have it.
    public let clientSecret: Secret?

    /// The provider's own fields, such as `instanceUrl`, `availableSites` or `tenantId`.
    public let details: JSONObject
}

/// What a provider's API asks for, by scheme.
public enum Credential: Sendable, Equatable {
    /// An OAuth 2 access token.
    case accessToken(Secret)
    /// An API key.
    case apiKey(Secret)
    /// User name and password for HTTP's basic authentication.
    case basic(username: String, password: Secret)
    /// A bearer token that is no OAuth grant's.
    case bearerToken(Secret)

    /// The access token; nil with any other scheme.
    public var accessToken: Secret? {
        if case .accessToken(let secret) = self { secret } else { nil }
    }
}

extension Account {
    /// Members that have a property of their own, and the selector's names, which repeat ``accountIdentifier``.
    private static let ownMembers: Set<String> = [
        "connectionId", "accountIdentifier", "displayName", "provider", "toolkit", "accessToken", "apiKey", "username",
        "password", "token", "accessTokenExpiresAt", "scopes", "connectedAt", "status", "statusReason", "generation",
        "clientSecret", "authScheme", "apiBaseURL", "headers", "login", "organizationId", "workspaceId", "businessId",
    ]

    init(_ account: AnswerReader) throws(PurserError) {
        connectionID = try account.text("connectionId")
        accountIdentifier = try account.text("accountIdentifier")
        displayName = try account.text("displayName")
        provider = try account.text("provider")
        toolkit = try account.text("toolkit")
        credential = Credential(account)
        accessTokenExpiresAt = account.optionalTimestamp("accessTokenExpiresAt")
        scopes = try account.text("scopes").split(separator: " ").map(String.init)
        connectedAt = try account.timestamp("connectedAt")
        status = ConnectionStatus(rawValue: try account.text("status"))
        statusReason = account.optionalText("statusReason")
        generation = try account.integer("generation")
        clientSecret = account.secret("clientSecret")
        details = JSONObject(distinct: account.members(except: Self.ownMembers))
    }
}

extension Credential {
    init?(_ account: AnswerReader) {
        if let secret = account.secret("accessToken") {
            self = .accessToken(secret)
        } else if let secret = account.secret("apiKey") {
            self = .apiKey(secret)
        } else if let secret = account.secret("token") {
            self = .bearerToken(secret)
        } else if let password = account.secret("password"), let username = account.optionalText("username") {
            self = .basic(username: username, password: password)
        } else {
            return nil
        }
    }
}

extension AnswerReader {
    /// The members that are none of `known`, in order.
    fileprivate func members(except known: Set<String>) -> [(key: String, value: JSONValue)] {
        value.members.compactMap { key, value in
            guard let key = key.string, !known.contains(key) else { return nil }
            return (key, JSONValue(value))
        }
    }
}
