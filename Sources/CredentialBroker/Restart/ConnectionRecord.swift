internal import ConnectedAccounts
internal import JSON
internal import SecretBytes

/// What the vault keeps of a connection beside its secrets, as JSON: all that a restart would lose otherwise.
///
/// A member that a reader does not know is passed over, so a newer writer may add some.
struct ConnectionRecord {
    var connection: Connection
    /// See ``ConnectionSecrets``.
    var seed: String?
    var rotates = false
    /// Refreshes that failed in a row.
    var failures = 0
    /// Whether the configuration named it.
    var isConfigured = false
    /// The generation of the tokens that the vault had when this was written: others in it are newer than this.
    var tokens: UInt64 = 0

    func written() -> SecretBuffer {
        var json = JSONWriter()
        json.object { json in
            json.member("id", connection.id)
            json.member("userId", connection.userID)
            json.member("authConfigId", connection.authConfigID)
            json.member("provider", connection.provider)
            json.member("toolkit", connection.toolkit)
            json.member("authScheme", connection.authScheme.rawValue)
            json.member("alias", connection.alias)
            json.member("scopes", connection.scopes)
            json.member("createdAt", connection.createdAt.seconds)
            json.member("updatedAt", connection.updatedAt.seconds)
            json.member("connectedAt", connection.connectedAt.seconds)
            json.member("lastRefreshedAt", connection.lastRefreshedAt.map { Int($0.seconds) })
            json.memberArray("subjects") { json in
                for subject in connection.subjects.sorted() { json.value(subject) }
            }
            json.memberArray("accounts") { json in
                for account in connection.accounts { Self.write(account, into: &json) }
            }
            Self.write(connection.standing, into: &json)
            json.member("seed", seed)
            json.member("rotates", rotates)
            json.member("failures", failures)
            json.member("isConfigured", isConfigured)
            json.member("tokens", tokens)
        }
        return json.finish()
    }

    private static func write(_ account: Account, into json: inout JSONWriter) {
        json.object { json in
            json.member("identifier", account.identifier)
            json.member("displayName", account.displayName)
            json.memberArray("fields") { json in
                for field in account.fields {
                    json.object { json in
                        json.member("name", field.name)
                        json.member("json", field.json)
                        json.member("text", field.text)
                    }
                }
            }
        }
    }

    private static func write(_ standing: ConnectionStanding, into json: inout JSONWriter) {
        json.member("isDisabled", standing.isDisabled)
        json.member("isEnding", standing.isEnding)
        json.member("awaitsIdentity", standing.awaitsIdentity)
        json.member("linkFailure", standing.linkFailure?.slug)
        json.member("lastFailure", standing.lastFailure?.slug)
        if let life = standing.life {
            json.memberObject("life") { json in
                json.member("generation", life.generation)
                json.member("obtainedAt", life.obtainedAt.nanoseconds)
                json.member("lifetime", life.lifetime.map { Int($0.nanoseconds) })
                json.member("isRefreshable", life.isRefreshable)
            }
        }
        switch standing.verdict {
        case .rejected(let reason): write("verdict", "rejected", reason, into: &json)
        case .revoked(let reason): write("verdict", "revoked", reason, into: &json)
        case .uncertain: write("verdict", "uncertain", .uncertain, into: &json)
        case nil: break
        }
        switch standing.link {
        case .open: write("link", "open", .consentPending, into: &json)
        case .expired(let reason): write("link", "expired", reason, into: &json)
        case .failed(let reason): write("link", "failed", reason, into: &json)
        case nil: break
        }
    }

    private static func write(
        _ key: StaticString, _ kind: StaticString, _ reason: StatusReason, into json: inout JSONWriter
    ) {
        json.memberObject(key) { json in
            json.member("kind", kind)
            json.member("reason", reason.slug)
        }
    }
}

extension ConnectionRecord {
    /// Nil if it is not what ``written()`` writes.
    init?(reading payload: Span<UInt8>) {
        guard let root = RecordJSON.parse(payload), let connection = Self.connection(root) else { return nil }
        self.init(connection: connection)
        seed = root["seed"]?.string
        rotates = root["rotates"]?.bool ?? false
        failures = min(max(0, root["failures"]?.int ?? 0), 1_000_000)
        isConfigured = root["isConfigured"]?.bool ?? false
        tokens = UInt64(max(0, root["tokens"]?.int ?? 0))
    }

    private static func connection(_ root: JSONValue) -> Connection? {
        guard let id = root["id"]?.string, let userID = root["userId"]?.string,
            let authConfigID = root["authConfigId"]?.string, let provider = root["provider"]?.string,
            let toolkit = root["toolkit"]?.string,
            let authScheme = root["authScheme"]?.string.flatMap({ AuthScheme(rawValue: $0) }),
            let createdAt = instant(root["createdAt"])
        else { return nil }
        var connection = Connection(
            id: id, userID: userID, authConfigID: authConfigID, provider: provider, toolkit: toolkit,
            authScheme: authScheme, alias: root["alias"]?.string, accounts: accounts(root["accounts"]),
            scopes: root["scopes"]?.string ?? "", createdAt: createdAt)
        connection.updatedAt = instant(root["updatedAt"]) ?? createdAt
        connection.connectedAt = instant(root["connectedAt"]) ?? createdAt
        connection.lastRefreshedAt = instant(root["lastRefreshedAt"])
        if let subjects = root["subjects"] {
            for subject in subjects.elements { subject.string.map { _ = connection.subjects.insert($0) } }
        }
        connection.standing = standing(root)
        return connection
    }

    private static func instant(_ value: JSONValue?) -> WallInstant? {
        value?.int.map { WallInstant(seconds: Int64($0)) }
    }

    private static func accounts(_ value: JSONValue?) -> [Account] {
        var accounts: [Account] = []
        guard let value else { return [] }
        for element in value.elements {
            guard let identifier = element["identifier"]?.string else { continue }
            var account = Account(
                identifier: identifier, displayName: element["displayName"]?.string ?? identifier)
            if let fields = element["fields"] { account.fields = self.fields(fields) }
            accounts.append(account)
        }
        return accounts
    }

    private static func fields(_ value: JSONValue) -> [Account.Field] {
        var fields: [Account.Field] = []
        for field in value.elements {
            guard let name = field["name"]?.string, let json = field["json"]?.string else { continue }
            fields.append(Account.Field(name: name, json: json, text: field["text"]?.string))
        }
        return fields
    }

    private static func standing(_ root: JSONValue) -> ConnectionStanding {
        var standing = ConnectionStanding()
        standing.isDisabled = root["isDisabled"]?.bool ?? false
        standing.isEnding = root["isEnding"]?.bool ?? false
        standing.awaitsIdentity = root["awaitsIdentity"]?.bool ?? false
        standing.linkFailure = root["linkFailure"]?.string.map { StatusReason($0) }
        standing.lastFailure = root["lastFailure"]?.string.map { StatusReason($0) }
        if let life = root["life"], let generation = life["generation"]?.int, let obtainedAt = life["obtainedAt"]?.int {
            standing.life = TokenLife(
                generation: UInt64(min(max(0, generation), Int.max / 2)),
                obtainedAt: BootInstant(nanoseconds: Int64(obtainedAt)),
                lifetime: life["lifetime"]?.int.map { .nanoseconds($0) },
                isRefreshable: life["isRefreshable"]?.bool ?? false)
        }
        if let (kind, reason) = kindAndReason(root["verdict"]) {
            switch kind {
            case "revoked": standing.verdict = .revoked(reason)
            case "uncertain": standing.verdict = .uncertain
            default: standing.verdict = .rejected(reason)
            }
        }
        if let (kind, reason) = kindAndReason(root["link"]) {
            switch kind {
            case "open": standing.link = .open
            case "expired": standing.link = .expired(reason)
            default: standing.link = .failed(reason)
            }
        }
        return standing
    }

    private static func kindAndReason(_ value: JSONValue?) -> (kind: String, reason: StatusReason)? {
        guard let value, let kind = value["kind"]?.string, let reason = value["reason"]?.string else { return nil }
        return (kind, StatusReason(reason))
    }
}

/// JSON in a vault record.
enum RecordJSON {
    /// Nil if it is no JSON, which only another program can have written.
    static func parse(_ payload: Span<UInt8>) -> JSONValue? {
        let document = JSONDocument()
        let limits = JSONLimits(maxBytes: 256 << 10, maxDepth: 16, maxNodes: 65_536)
        guard (try? document.parse(payload, limits: limits)) != nil else { return nil }
        return document.root
    }
}
