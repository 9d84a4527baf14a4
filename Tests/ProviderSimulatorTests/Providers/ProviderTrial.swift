import ConnectedAccounts
import ProviderSimulator
import Testing

/// One of the eight providers with a client `app` and two users, a clock that tests move, and requests as the catalogue
/// has them sent.
struct ProviderTrial {
    typealias Answer = AuthorizationServer.Answer
    typealias Field = AuthorizationServer.Field

    let provider: SimulatedProvider
    var server: AuthorizationServer
    var now = Moment(boot: BootInstant(nanoseconds: 7_000_000_000), wall: WallInstant(seconds: 784_111_777))
    var random = SeededGenerator(seed: 23)

    static let ada = AuthorizationServer.User(
        id: "sub-ada", number: 41, login: "ada", email: "ada@home.example", name: "Ada",
        organisations: [.init(id: "org-1", name: "One"), .init(id: "org-2", name: "Two")])
    static let bob = AuthorizationServer.User(
        id: "sub-bob", number: 42, login: "bob", email: "bob@home.example", name: "Bob")
    /// RFC 7636 appendix B.
    static let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    static let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    static let redirectURI = "http://127.0.0.1:7580/callback"

    init(_ provider: SimulatedProvider, policy: ClientPolicy? = nil) {
        self.provider = provider
        server = provider.server(
            clientID: "app", clientSecret: "s", redirectURIs: ["http://127.0.0.1/callback"],
            users: [Self.ada, Self.bob], policy: policy)
        server.issuer = "http://127.0.0.1:1/\(provider.slug)"
        server.consent = .approve(userID: Self.ada.id)
    }

    mutating func wait(_ duration: Duration) { now = now.advanced(by: duration) }

    mutating func respond(_ request: AuthorizationServer.Request) -> Answer {
        server.respond(to: request, at: now, random: &random).answer
    }

    /// What the catalogue sends to the authorization endpoint, and the scopes that its provider needs for everything.
    static func parameters(_ provider: SimulatedProvider) -> [String: String] {
        let own: [String: String] =
            switch provider {
            case .google:
                ["access_type": "offline", "prompt": "consent", "scope": "openid email"]
            case .xero: ["scope": "offline_access openid profile email"]
            case .notion: ["owner": "user"]
            case .atlassian:
                ["audience": "api.atlassian.com", "prompt": "consent", "scope": "offline_access read:me"]
            case .myob: ["prompt": "consent", "scope": "sme-company-file"]
            case .salesforce: ["prompt": "consent", "scope": "api refresh_token openid id"]
            case .microsoft: ["scope": "offline_access openid profile email User.Read"]
            case .github: ["scope": "repo read:org"]
            case .githubAppUser: [:]
            }
        let common = [
            "client_id": "app", "response_type": "code", "redirect_uri": redirectURI, "state": "st", "nonce": "no",
            "code_challenge": challenge, "code_challenge_method": "S256",
        ]
        return common.merging(own) { _, own in own }
    }

    /// The usual request with some parameters changed; nil takes one away.
    mutating func authorize(_ changes: [String: String?] = [:]) -> Answer {
        var parameters = Self.parameters(provider)
        for (name, value) in changes { parameters[name] = value }
        return respond(.init(method: "GET", path: "/authorize", query: Self.query(parameters)))
    }

    /// The parameters with which the browser comes back.
    mutating func landing(_ changes: [String: String?] = [:]) throws -> [String: String] {
        try Self.landing(authorize(changes))
    }

    static func landing(_ answer: Answer) throws -> [String: String] {
        try #require(answer.status == 302)
        let location = try #require(answer.header("Location"))
        let query = try #require(location.split(separator: "?", maxSplits: 1).dropFirst().first)
        let pairs = query.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (String(parts[0]), parts.count > 1 ? decoded(parts[1]) : "")
        }
        return Dictionary(pairs) { _, _ in "twice" }
    }

    /// A token request with the client's credentials where the provider wants them, in the format that it wants.
    mutating func post(
        _ fields: [String: String], to path: String = "/token", secret: String = "s", clientID: String = "app",
        acceptsJSON: Bool = true
    ) -> Answer {
        var fields = fields
        var headers = acceptsJSON ? [Field("Accept", "application/json")] : []
        if provider == .notion { headers.append(Field("Notion-Version", "2025-09-03")) }
        if provider.authentication == .basic {
            headers.append(Field("Authorization", basic("\(clientID):\(secret)")))
        } else {
            fields.merge(["client_id": clientID, "client_secret": secret]) { _, new in new }
        }
        let isJSON = server.requestFormats.contains(.json)
        let body = isJSON ? json(fields) : Self.query(fields)
        return respond(
            .init(
                method: "POST", path: path,
                contentType: isJSON ? "application/json" : "application/x-www-form-urlencoded", headers: headers,
                body: Array(body.utf8)))
    }

    mutating func exchange(_ code: String?, _ changes: [String: String] = [:]) -> Answer {
        let fields = [
            "grant_type": "authorization_code", "code": code ?? "", "redirect_uri": Self.redirectURI,
            "code_verifier": Self.verifier,
        ]
        return post(fields.merging(changes) { _, new in new })
    }

    mutating func refresh(_ token: String?) -> Answer {
        post(["grant_type": "refresh_token", "refresh_token": token ?? ""])
    }

    /// The token answer of a user who just connected.
    mutating func connect(_ changes: [String: String?] = [:]) throws -> Answer {
        let answer = exchange(try landing(changes)["code"])
        try #require(answer.status == 200)
        return answer
    }

    /// A call of the API with the header fields that the catalogue sends.
    mutating func call(_ path: String, _ token: String?, method: String = "GET", headers: [Field] = []) -> Answer {
        let usual = [Field("User-Agent", "tests"), Field("Notion-Version", "2025-09-03")]
        return respond(
            .init(method: method, path: path, authorization: token.map { "Bearer \($0)" }, headers: usual + headers))
    }

    func isLive(_ token: String?) -> Bool { server.isLive(accessToken: token ?? "", at: now) }

    static func query(_ fields: [String: String]) -> String {
        fields.sorted { $0.key < $1.key }.map { "\($0.key)=\(encoded($0.value))" }.joined(separator: "&")
    }
}

func encoded(_ text: String) -> String {
    text.utf8.map { byte in
        let character = Character(Unicode.Scalar(byte))
        let hex = String(byte, radix: 16, uppercase: true)
        return character.isASCII && (character.isLetter || character.isNumber || "-._~".contains(character))
            ? String(character) : "%" + (byte < 16 ? "0" : "") + hex
    }
    .joined()
}

func decoded(_ text: some StringProtocol) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "%") else {
            bytes.append(byte)
            continue
        }
        bytes.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
        rest = rest.dropFirst(2)
    }
    return String(decoding: bytes, as: UTF8.self)
}

func json(_ fields: [String: String]) -> String {
    "{" + fields.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }.joined(separator: ",") + "}"
}

/// `Authorization: Basic` of a text.
func basic(_ text: String) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
    let bits = text.utf8.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
    let padded = bits + Array(repeating: 0, count: (6 - bits.count % 6) % 6)
    let characters = stride(from: 0, to: padded.count, by: 6).map { start in
        alphabet[Int(padded[start..<start + 6].reduce(0) { $0 << 1 | $1 })]
    }
    return "Basic " + String(characters) + String(repeating: "=", count: (4 - characters.count % 4) % 4)
}
