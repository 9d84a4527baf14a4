import ConnectedAccounts
import CredentialBroker
import JSON
import SecretBytes
import Synchronization
import TestKit

/// What the provider of a ``LinkStage`` does: by default it grants what it is asked for.
final class HubProvider: Sendable {
    struct Manners: Sendable {
        var login = "octocat"
        var subject = 583_231
        /// Instead of who it is.
        var identity: Reaction?
        /// Instead of tokens.
        var tokenAnswer: Reaction?
        var poll = Reaction.error("authorization_pending")
        var revocation = Reaction.answer("")
    }

    /// Each request, as it comes.
    let arrivals = AsyncStream<ReceivedRequest>.makeStream()
    private let state = Mutex<(manners: Manners, requests: [ReceivedRequest], grants: Int)>((Manners(), [], 0))

    func set(_ change: @Sendable (inout Manners) -> Void) { state.withLock { change(&$0.manners) } }

    /// The requests to this path, in order.
    func requests(to path: String) -> [ReceivedRequest] {
        state.withLock { $0.requests.filter { $0.url.hasSuffix(path) } }
    }

    func react(to request: ReceivedRequest) -> Reaction {
        defer { arrivals.continuation.yield(request) }
        return state.withLock { state in
            state.requests.append(request)
            let manners = state.manners
            switch request.url {
            case "https://api.hub.example/user":
                if let identity = manners.identity { return identity }
                return .answer(
                    #"{"login":"\#(manners.login)","id":\#(manners.subject),"name":"The \#(manners.login)"}"#)
            case "https://id.hub.example/revoke": return manners.revocation
            case "https://api.crew.example/connections":
                return .answer(
                    #"[{"id":"x-1","tenantId":"org-1","tenantName":"North","tenantType":"ORGANISATION"},"#
                        + #"{"id":"x-2","tenantId":"org-2","tenantName":"South","tenantType":"ORGANISATION"}]"#)
            case "https://api.crew.example/connections/x-2": return manners.revocation
            case "https://id.hub.example/device":
                return .answer(
                    #"{"device_code":"canary-device-code","user_code":"ABCD-EFGH","verification_uri":"https://id.hub.example/activate","expires_in":600,"interval":5}"#
                )
            default: break
            }
            if request.parameters["grant_type"]?.hasSuffix("device_code") == true,
                case .answer(200, _, _, _) = manners.poll
            {
            } else if request.parameters["grant_type"]?.hasSuffix("device_code") == true {
                return manners.poll
            }
            if let answer = manners.tokenAnswer { return answer }
            state.grants += 1
            return .answer(
                #"{"access_token":"access-hub-\#(state.grants)","refresh_token":"canary-refresh-hub-\#(state.grants)","expires_in":3600,"scope":"repo,user"}"#
            )
        }
    }
}

/// A running broker at whose provider accounts can be connected.
final class LinkStage {
    let world: World
    let provider = HubProvider()
    private var runner: Task<Void, Never>

    static let yaml = """
        providers:
          hub:
            displayName: Hub
            authorizationURL: "https://id.hub.example/authorize"
            tokenURL: "https://id.hub.example/token"
            deviceAuthorizationURL: "https://id.hub.example/device"
            revocation: { url: "https://id.hub.example/revoke" }
            selector: login
            identity: { from: request, url: "https://api.hub.example/user", selector: /login, stableId: /id, displayName: /name }
          crew:
            displayName: Crew
            authorizationURL: "https://id.crew.example/authorize"
            tokenURL: "https://id.crew.example/token"
            selector: organizationId
            identity:
              { from: request, url: "https://api.crew.example/connections", many: true, selector: /tenantId, stableId: /tenantId, displayName: /tenantName }
            accountFields: { crewId: { from: identity, member: /id, kind: pathSegment } }
            accountRevocation: { url: "https://api.crew.example/connections/{crewId}", method: DELETE }
          weather: { displayName: Weather, authScheme: api_key, credentialPlacement: { in: header, name: X-Key } }
        authConfigs:
          ac_hubtwo: { provider: hub, clientId: hub-client, clientSecret: { credential: hub-secret } }
          ac_hub: { provider: hub, clientId: hub-client, clientSecret: { credential: hub-secret }, scopes: [repo] }
          ac_weather: { provider: weather }
          ac_crew: { provider: crew, clientId: crew-client, clientSecret: { credential: hub-secret } }
        agents:
          - name: operator
            match: { uid: 0 }
            grants: [ { users: ["*"], toolkits: ["*"], connections: ["*"], operations: ["*"] } ]
          - name: alice
            match: { uid: 1001 }
            grants: [ { users: [alice], toolkits: ["*"], connections: ["*"], operations: ["*"] } ]
        """

    init() throws {
        let provider = provider
        let clock = ManualClock()
        world = try World(transport: ScriptedTransport(clock: clock) { provider.react(to: $0) })
        try world.apply(yaml: Self.yaml, secrets: ["hub-secret": "canary-client-secret"])
        let broker = world.broker
        runner = Task { await broker.run() }
    }

    deinit { runner.cancel() }

    /// The process ends, and is started again.
    func restart() async throws {
        runner.cancel()
        await runner.value
        try world.restart()
        try world.apply(yaml: Self.yaml, secrets: ["hub-secret": "canary-client-secret"])
        let broker = world.broker
        runner = Task { await broker.run() }
    }

    /// Calls a method and waits for its answer, however long the provider takes.
    func ask(_ method: String, _ params: JSONTree, as uid: UInt32 = 0) async -> Answer {
        let line = world.connect(uid: uid)
        return await answer(to: line.begin(method, params), on: line)
    }

    func answer(to id: Int, on line: Line) async -> Answer {
        await line.arrivedAnswer(to: id)
    }

    /// Begins a link; gives its answer and the `state` that the browser will bring back.
    func link(_ params: JSONTree = ["userId": "alice", "authConfigId": "ac_hub"]) async -> (id: String, state: String) {
        let answer = await ask("connectedAccounts.link", params)
        return (answer["id"]?.string ?? "\(answer.tree.json)", state(of: answer))
    }

    func state(of answer: Answer) -> String { parameter("state", of: answer) ?? "" }

    func parameter(_ name: String, of answer: Answer) -> String? {
        let query = answer["redirectUrl"]?.string?.split(separator: "?").last ?? ""
        return query.split(separator: "&").first { $0.hasPrefix("\(name)=") }.map {
            String($0.dropFirst(name.count + 1))
        }
    }

    /// The browser comes back.
    func comeBack(_ query: String) async -> LinkResult {
        await world.broker.receiveCallback(query: SecretBytes(utf8: query))
    }

    /// A link from its beginning to its end.
    func connect(
        _ params: JSONTree = ["userId": "alice", "authConfigId": "ac_hub"]
    ) async -> (id: String, result: LinkResult) {
        let link = await link(params)
        return (link.id, await comeBack("code=canary-code-1&state=\(link.state)"))
    }

    /// "STATUS reason".
    func status(_ id: String) async -> String {
        let account = await ask("connectedAccounts.get", ["id": .string(id)])
        return "\(account["status"]?.string ?? account.errorName ?? "?") \(account["statusReason"]?.string ?? "-")"
    }
}
