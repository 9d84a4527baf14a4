import ConnectedAccounts
import JSON
import OAuth
import ProviderSimulator
import RFC3339
import Synchronization
import TestKit

/// One simulated provider without a socket: requests go straight to its value, at the time of the test's clock.
final class SimulatedWeb: Sendable {
    static let base = "http://127.0.0.1:1"
    static let clientID = "sim-client"
    static let clientSecret = "sim_cs_1"
    static let redirectURI = "http://127.0.0.1:7580/callback"
    /// Where Salesforce's token answers send the calls of its API.
    static let salesforceInstance = "https://simulated.my.salesforce.com"

    private struct State {
        var server: AuthorizationServer
        var random = SeededGenerator(seed: 8)
        var requests: [ReceivedRequest] = []
        var issues: [JSONTree] = []
        var strays: [String] = []
    }

    private let slug: String
    private let clock: ManualClock
    private let state: Mutex<State>

    init(_ provider: SimulatedProvider, policy: ClientPolicy?, clock: ManualClock) {
        slug = provider.slug
        self.clock = clock
        var server = provider.server(
            clientID: Self.clientID, clientSecret: Self.clientSecret, redirectURIs: ["http://127.0.0.1/callback"],
            users: [.ada, .charles], policy: policy)
        server.issuer = "\(Self.base)/\(provider.slug)"
        state = Mutex(State(server: server))
    }

    private var now: Moment {
        let passed = ManualClock.start.duration(to: clock.now).components.seconds
        return Moment(boot: clock.now, wall: WallInstant(seconds: World.wallStart + passed))
    }

    // MARK: What reaches it

    /// Answers a request of the daemon.
    func react(to request: ReceivedRequest) -> Reaction {
        state.withLock { $0.requests.append(request) }
        let fields = request.headers.map { AuthorizationServer.Field($0.name, $0.value) }
        guard
            let reply = respond(
                request.method, request.url, authorization: request.authorization, headers: fields,
                body: Array(request.body.utf8))
        else { return .unreachable }
        return Reaction(reply)
    }

    /// A person's browser, or a program with an access token, comes to an address.
    func get(
        _ url: String, authorization: String? = nil, headers: [AuthorizationServer.Field] = []
    ) -> AuthorizationServer.Answer? {
        respond("GET", url, authorization: authorization, headers: headers, body: [])?.answer
    }

    private func respond(
        _ method: String, _ url: String, authorization: String?, headers: [AuthorizationServer.Field], body: [UInt8]
    ) -> AuthorizationServer.Reply? {
        guard let target = target(of: url) else {
            state.withLock { $0.strays.append(url) }
            return nil
        }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let request = AuthorizationServer.Request(
            method: method, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : "",
            authorization: authorization, headers: headers, body: body)
        let now = now
        return state.withLock { state in
            let reply = state.server.respond(to: request, at: now, random: &state.random)
            if request.path == "/token", let tokens = try? JSONTree(parsing: reply.answer.text),
                tokens["access_token"] != nil
            {
                state.issues.append(tokens)
            }
            return reply
        }
    }

    /// The part of the address below the provider's own; nil for any other place.
    private func target(of url: String) -> String? {
        if url.hasPrefix("\(Self.base)/\(slug)/") { return String(url.dropFirst("\(Self.base)/\(slug)".count)) }
        guard url.hasPrefix(Self.salesforceInstance + "/") else { return nil }
        return "/api" + url.dropFirst(Self.salesforceInstance.count)
    }

    // MARK: What it knows

    func with<Result: Sendable>(_ body: (inout AuthorizationServer) -> Result) -> Result {
        state.withLock { body(&$0.server) }
    }

    /// The token requests with this grant type, in order.
    func tokenRequests(_ grantType: String) -> [ReceivedRequest] {
        state.withLock { state in
            state.requests.filter { $0.url.hasSuffix("/token") && $0.parameters["grant_type"] == grantType }
        }
    }

    /// The newest token answer that was a JSON text.
    var issue: JSONTree { state.withLock { $0.issues.last ?? .null } }

    /// Addresses outside the provider that something was sent to.
    var strays: [String] { state.withLock { $0.strays } }

    /// The parameters of the newest authorization request.
    var authorizationRequest: [String: String] { with { $0.ledger.authorizationRequests.last ?? [:] } }

    func isLive(accessToken: String?) -> Bool {
        let now = now
        return with { $0.isLive(accessToken: accessToken ?? "", at: now) }
    }

    func isLive(refreshToken: String?) -> Bool { with { $0.isUnspent(refreshToken: refreshToken ?? "") } }

    /// The wall's time so much later, as the wire shows it.
    func date(after duration: Duration) -> String {
        RFC3339.string(unixSeconds: now.wall.seconds + duration.components.seconds) ?? "?"
    }

    // MARK: What happens to it

    /// Ada removes the application at the provider.
    func withdraw() { with { _ = $0.revokeGrants(userID: AuthorizationServer.User.ada.id, clientID: Self.clientID) } }

    /// The client has another secret at the provider than in the daemon's configuration; or the same again.
    func setClientSecret(_ secret: String) {
        with { server in
            guard var client = server.clients[Self.clientID] else { return }
            client.secret = secret
            server.add(client)
        }
    }

    func setPolicy(_ change: (inout ClientPolicy) -> Void) {
        with { server in
            guard var client = server.clients[Self.clientID] else { return }
            change(&client.policy)
            server.add(client)
        }
    }

    func setFault(_ schedule: FaultPlan.Schedule?) {
        with { server in
            server.faults.clear()
            if let schedule { server.faults.add(schedule) }
        }
    }
}

extension AuthorizationServer.Answer {
    var text: String { String(decoding: body, as: UTF8.self) }
}

extension AuthorizationServer.User {
    static let ada = Self(
        id: "ada-1815", number: 1815, login: "ada", email: "ada@example.com", name: "Ada Lovelace",
        organisations: [
            .init(id: "11111111-1111-4111-8111-111111111111", name: "Analytical Engines"),
            .init(id: "22222222-2222-4222-8222-222222222222", name: "Difference Engines"),
        ])
    static let charles = Self(
        id: "charles-1791", number: 1791, login: "charles", email: "charles@example.com", name: "Charles Babbage",
        organisations: [.init(id: "33333333-3333-4333-8333-333333333333", name: "Calculators")])
}
