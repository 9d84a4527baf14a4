import ConnectedAccounts
import ProviderSimulator
import Testing

/// A provider with one client `app` and one connected user, and a clock that tests move.
struct Trial {
    var server = AuthorizationServer(issuer: "http://127.0.0.1:1/provider")
    var now = Moment(boot: BootInstant(nanoseconds: 7_000_000_000), wall: WallInstant(seconds: 784_111_777))
    var random = SeededGenerator(seed: 11)
    var tokens: IssuedTokens

    static let user = AuthorizationServer.User(
        id: "sub-1", number: 41, login: "ada", email: "ada@home.example", name: "Ada \"the\" first\n",
        organisations: [.init(id: "org-1", name: "One"), .init(id: "org-2", name: "Two")])

    init(_ policy: ClientPolicy = ClientPolicy(), scopes: [String] = ["read", "write"]) throws {
        server.add(AuthorizationServer.Client(id: "app", secret: "s", scopes: ["admin"], policy: policy))
        server.add(AuthorizationServer.Client(id: "other", secret: "s"))
        server.add(Self.user)
        tokens = try #require(
            server.connect(clientID: "app", userID: Self.user.id, scopes: scopes, at: now, random: &random))
    }

    mutating func wait(_ duration: Duration) { now = now.advanced(by: duration) }

    mutating func respond(_ request: AuthorizationServer.Request) -> AuthorizationServer.Reply {
        server.respond(to: request, at: now, random: &random)
    }

    mutating func post(
        _ form: String, to path: String = "/token", authorization: String? = nil
    ) -> AuthorizationServer.Answer {
        respond(.post(path, form, authorization: authorization)).answer
    }

    mutating func get(_ path: String, bearer: String) -> AuthorizationServer.Answer {
        respond(.init(method: "GET", path: path, authorization: "Bearer \(bearer)")).answer
    }

    /// A refresh by the client `app`, with its secret in the body.
    mutating func refresh(_ token: String?, more: String = "") -> AuthorizationServer.Answer {
        post("grant_type=refresh_token&client_id=app&client_secret=s&refresh_token=\(token ?? "")\(more)")
    }
}

extension AuthorizationServer.Request {
    static func post(_ path: String, _ form: String, authorization: String? = nil) -> Self {
        Self(
            method: "POST", path: path, authorization: authorization,
            contentType: "application/x-www-form-urlencoded", headers: [.init("Accept", "application/json")],
            body: Array(form.utf8))
    }
}

extension AuthorizationServer.Answer {
    var text: String { String(decoding: body, as: UTF8.self) }

    /// The JSON text of the first member of that name; enough for answers without nested objects.
    func member(_ name: String) -> String? { ProviderSimulatorTests.member(name, of: text) }

    /// The same, for a string without escapes.
    func string(_ name: String) -> String? {
        guard let text = member(name), text.hasPrefix("\""), text.hasSuffix("\"") else { return nil }
        return String(text.dropFirst().dropLast())
    }
}

/// The JSON text of the first member of that name in `json`.
func member(_ name: String, of json: String) -> String? {
    guard let key = json.firstRange(of: "\"\(name)\":") else { return nil }
    let rest = json[key.upperBound...]
    guard rest.first == "\"" else { return String(rest.prefix { $0 != "," && $0 != "}" }) }
    return "\"" + rest.dropFirst().prefix { $0 != "\"" } + "\""
}

extension String {
    /// The first occurrence of `part`; the standard library alone has this for collections of elements only.
    func firstRange(of part: String) -> Range<Index>? {
        indices.first { self[$0...].hasPrefix(part) }.map { $0..<index($0, offsetBy: part.count) }
    }
}
