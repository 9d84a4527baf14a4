import ConnectedAccounts
import CredentialBroker
import JSON
import ProviderSimulator
import SecretBytes
import TestKit
import Testing

/// A running daemon without sockets, with one auth config at one simulated provider; nobody is connected.
final class SeedStage {
    let seed: SeedProvider
    let web: SimulatedWeb
    let world: World
    private let runner: Task<Void, Never>

    /// `changes` are more members of the provider's override, as YAML.
    init(_ seed: SeedProvider, policy: ClientPolicy? = nil, changes: String = "") throws {
        self.seed = seed
        let clock = ManualClock()
        let web = SimulatedWeb(seed.provider, policy: policy, clock: clock)
        self.web = web
        world = try World(transport: ScriptedTransport(clock: clock) { web.react(to: $0) })
        // Neither a refresh token nor a code leaves the daemon, by no answer.
        world.markers = ["sim_rt_", "sim_ac_"]
        let scopes = seed.extraScopes.map { "\"\($0)\"" }.joined(separator: ", ")
        let override = changes.isEmpty ? seed.override : seed.override.dropLast() + ", \(changes)}"
        try world.apply(
            yaml: """
                providers:
                  \(override)
                authConfigs:
                  ac_seed: { provider: \(seed.provider.slug), clientId: \(SimulatedWeb.clientID), \
                clientSecret: { credential: seed }, scopes: [\(scopes)] }
                agents:
                  - name: operator
                    match: { uid: 0 }
                    grants: [ { users: ["*"], toolkits: ["*"], connections: ["*"], operations: ["*"] } ]
                """, secrets: ["seed": SimulatedWeb.clientSecret])
        let broker = world.broker
        runner = Task { await broker.run() }
    }

    deinit { runner.cancel() }

    // MARK: Calls

    /// Calls a method and waits for its answer, however long the provider takes.
    func ask(_ method: String, _ params: JSONTree = [:]) async -> Answer {
        let line = world.connect(uid: 0)
        return await line.arrivedAnswer(to: line.begin(method, params))
    }

    /// alfe's list.
    func accounts() async throws -> [JSONTree] {
        try #require(await ask(seed.accountsMethod)["accounts"]).elements
    }

    func connection(_ id: String) async -> Answer { await ask("connectedAccounts.get", ["id": .string(id)]) }

    /// "STATUS reason".
    func status(_ id: String) async -> String {
        let answer = await connection(id)
        return "\(answer["status"]?.string ?? answer.errorName ?? "?") \(answer["statusReason"]?.string ?? "-")"
    }

    func generation(_ id: String) async -> Int? { await connection(id)["generation"]?.int }

    /// Has a refresh begun, and returns when the provider's answer to it has been taken in.
    func tryRefresh(_ id: String) async {
        let before = web.tokenRequests("refresh_token").count
        _ = await ask("connectedAccounts.refresh", ["id": .string(id), "timeoutMs": 0])
        await until { web.tokenRequests("refresh_token").count > before && world.broker.refreshesInFlight == 0 }
    }

    // MARK: Connecting

    func beginLink(_ more: [JSONTree.Member] = []) async -> Answer {
        await ask(
            "connectedAccounts.link",
            .object([.init("userId", "alice"), .init("authConfigId", "ac_seed")] + more))
    }

    /// The person opens the link's address, consents, and the browser comes back.
    func consent(to link: Answer, as person: AuthorizationServer.User = .ada) async throws -> LinkResult {
        web.with { $0.consent = .approve(userID: person.id) }
        let page = web.get(try #require(link["redirectUrl"]?.string, "\(link.tree.json)"))
        let location = try #require(page?.header("Location"))
        try #require(location.hasPrefix(SimulatedWeb.redirectURI + "?"), "\(location)")
        let query = location.dropFirst(SimulatedWeb.redirectURI.count + 1)
        let fields = query.split(separator: "&").map { String($0.prefix { $0 != "=" }) }
        #expect(Set(fields).subtracting(["code", "state", "iss"]) == seed.redirectFields)
        return await world.broker.receiveCallback(query: SecretBytes(utf8: String(query)))
    }

    /// Ada's account, connected; gives the connection's id.
    func connect() async throws -> String {
        let link = await beginLink()
        let result = try await consent(to: link)
        guard case .connected(let connected) = result else {
            Issue.record("\(result)")
            return ""
        }
        return connected.connectionID
    }

    // MARK: Time

    /// Waits, without time passing, until it is so.
    func until(_ isSo: () async -> Bool) async {
        await world.until(isSo)
    }

    /// Lets time pass in one jump, and returns when what is due then is done.
    func pass(_ duration: Duration) async {
        await world.pass(duration)
    }

    /// Throws where a secret left the daemon, or anything was sent past the provider.
    func check() throws {
        #expect(web.strays.isEmpty)
        try world.check()
    }
}
