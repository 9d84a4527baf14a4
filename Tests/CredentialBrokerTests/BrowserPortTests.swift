import ConnectedAccounts
import CredentialBroker
import JSON
import TestKit
import Testing

@Suite("The port for browsers, as links need it", .timeLimit(.minutes(2)))
struct BrowserPortTests {
    private static let link: JSONTree = ["userId": "alice", "authConfigId": "ac_hub"]

    @Test("It is open before whoever began a link is told where to send the browser; a device's link needs none")
    func order() async throws {
        let stage = try LinkStage()
        let line = stage.world.connect(uid: 0)
        // All on this thread: the answer is there when the call returns.
        let first = line.begin("connectedAccounts.link", Self.link)
        #expect(line.answer(to: first) != nil)
        #expect(stage.world.browserPort.openings == 1)
        _ = line.begin("connectedAccounts.link", ["userId": "bob", "authConfigId": "ac_hub"])
        #expect(stage.world.browserPort.openings == 2)
        _ = await stage.ask("connectedAccounts.link", ["userId": "eve", "authConfigId": "ac_hub", "flow": "device"])
        _ = await stage.ask("connectedAccounts.list", [:])
        #expect(stage.world.browserPort.openings == 2)
    }

    @Test("It is open before the answer also where the issuer had to be asked first")
    func afterDiscovery() async throws {
        let clock = ManualClock()
        let transport = ScriptedTransport(clock: clock) { _ in
            .answer(
                #"{"issuer":"https://id.open.example","token_endpoint":"https://id.open.example/token","#
                    + #""authorization_endpoint":"https://id.open.example/authorize"}"#)
        }
        let world = try World(transport: transport)
        try world.apply(
            yaml: """
                providers: { open: { displayName: Open, issuer: "https://id.open.example" } }
                authConfigs: { ac_open: { provider: open, clientId: c } }
                agents: [ { name: all, match: { uid: 0 }, grants: [ { users: ["*"], toolkits: ["*"], connections: ["*"], operations: ["*"] } ] } ]
                """, secrets: [:])
        let broker = world.broker
        let runner = Task { await broker.run() }
        defer { runner.cancel() }
        let line = world.connect(uid: 0)
        let id = line.begin("connectedAccounts.link", ["userId": "alice", "authConfigId": "ac_open"])
        let answer = await line.arrivedAnswer(to: id)
        #expect(answer["status"] == "INITIATED")
        #expect(world.browserPort.openings == 1)
    }

    @Test("A link whose browser could not come back is refused with what to do, and harms no other link")
    func unavailable() async throws {
        let stage = try LinkStage()
        let other = await stage.link(["userId": "bob", "authConfigId": "ac_hub"])
        stage.world.browserPort.set(problem: "another program has 127.0.0.1:7580: stop it")
        let refused = await stage.ask("connectedAccounts.link", Self.link)
        #expect(refused["redirectUrl"] == nil)
        #expect(refused.error?["message"]?.string?.contains("another program has 127.0.0.1:7580: stop it") == true)
        let accounts = await stage.ask("connectedAccounts.list", ["userIds": ["alice"]])
        #expect(accounts["items"]?.elements.first?["statusReason"] == "callback_unavailable")
        #expect(await stage.status(other.id) == "INITIATED consent_pending")
        // Once it is free.
        stage.world.browserPort.set(problem: nil)
        guard case .connected = await stage.connect().result else {
            Issue.record("not connected")
            return
        }
        guard case .connected = await stage.comeBack("code=canary-code-1&state=\(other.state)") else {
            Issue.record("the other link is harmed")
            return
        }
    }

    @Test("A link that comes back to an address of the operator's own needs no port")
    func ownRedirect() async throws {
        let stage = try LinkStage()
        try stage.world.apply(
            yaml: LinkStage.yaml.replacing(
                "scopes: [repo] }", with: #"scopes: [repo], redirectUri: "https://app.example/back" }"#),
            secrets: ["hub-secret": "canary-client-secret"])
        stage.world.browserPort.set(problem: "another program has it")
        let answer = await stage.ask("connectedAccounts.link", Self.link)
        #expect(stage.parameter("redirect_uri", of: answer) == "https%3A%2F%2Fapp.example%2Fback")
    }

    @Test("A link that is over before anybody looked leaves the port closed")
    func overAtOnce() async throws {
        let world = try World()
        try world.apply(yaml: LinkStage.yaml, secrets: ["hub-secret": "canary-client-secret"])
        let line = world.connect(uid: 0)
        let id = line.begin("connectedAccounts.link", Self.link)
        #expect(world.browserPort.openings == 1)
        let connection = try #require(line.answer(to: id)?["result"]?["id"]?.string)
        world.clock.advance(by: .seconds(601))
        world.settle()
        var expectations = world.broker.browserExpectations.makeAsyncIterator()
        #expect(await expectations.next() == false)
        #expect(try world.ask("connectedAccounts.get", ["id": .string(connection)], uid: 0)["status"] == "EXPIRED")
    }
}
