import ConnectedAccounts
import CredentialBroker
import JSON
import TestKit
import Testing

@Suite("Connecting an account with keys and tokens, and ending it", .timeLimit(.minutes(2)))
struct InitiateTests {
    private static let weather: JSONTree = ["userId": "alice", "authConfigId": "ac_weather", "config": "canary-key-1"]

    @Test("A key is ACTIVE at once, and never shown")
    func key() async throws {
        let stage = try LinkStage()
        let answer = await stage.ask("connectedAccounts.initiate", Self.weather)
        #expect(answer["status"] == "ACTIVE" && answer["redirectUrl"] == .null)
        let account = await stage.ask("connectedAccounts.get", ["id": answer["id"] ?? .null])
        #expect(account["state"]?["val"]?["api_key"] == "cana...")
        let second = await stage.ask("connectedAccounts.initiate", Self.weather)
        #expect(second.errorName == "ALREADY_CONNECTED")
    }

    @Test("Existing tokens are asked whose they are before they are handed out")
    func tokens() async throws {
        let stage = try LinkStage()
        let answer = await stage.ask(
            "connectedAccounts.initiate",
            [
                "userId": "alice", "authConfigId": "ac_hub", "alias": "main",
                "config": [
                    "access_token": "access-given", "refresh_token": "canary-refresh-given",
                    "expires_at": .int(Int(World.wallStart) + 3600),
                ],
            ])
        #expect(answer["status"] == "ACTIVE")
        #expect(stage.provider.requests(to: "/user").first?.authorization == "Bearer access-given")
        let credentials = await stage.ask("getConnectionCredentials", ["connectionId": "main"])
        #expect(credentials["accessToken"] == "access-given" && credentials["login"] == "octocat")
        try stage.world.check()
    }

    @Test("Tokens of another account than they say are not handed out")
    func anotherAccount() async throws {
        let stage = try LinkStage()
        let answer = await stage.ask(
            "connectedAccounts.initiate",
            [
                "userId": "alice", "authConfigId": "ac_hub",
                "config": [
                    "access_token": "access-given", "refresh_token": "canary-refresh-given",
                    "account": ["login": "somebody-else"],
                ],
            ])
        #expect(answer.errorName == "INVALID_PARAMS" && answer.error?["data"]?["statusReason"] == "another_account")
        #expect(await stage.ask("connectedAccounts.list", [:])["items"] == [])
    }

    @Test(
        "What is born dead is refused",
        arguments: [(-1, true, "INVALID_PARAMS"), (3600, false, "INVALID_PARAMS"), (3600, true, nil)]
            as [(Int, Bool, String?)])
    func bornDead(rest: Int, allows: Bool, error: String?) async throws {
        let stage = try LinkStage()
        let answer = await stage.ask(
            "connectedAccounts.initiate",
            [
                "userId": "alice", "authConfigId": "ac_hub", "allowNonRefreshable": .bool(allows),
                "config": ["access_token": "access-given", "expires_at": .int(Int(World.wallStart) + rest)],
            ])
        #expect(answer.errorName == error)
    }

    @Test("Deleting ends both tokens at the provider, wipes them here, and says so; it is not undone by a reload")
    func delete() async throws {
        let stage = try LinkStage()
        let link = await stage.connect()
        let listener = stage.world.connect(uid: 0)
        _ = await stage.answer(to: listener.begin("events.subscribe"), on: listener)
        let answer = await stage.ask("connectedAccounts.delete", ["id": .string(link.id)])
        #expect(answer["success"] == true)
        await listener.arrival { !listener.notifications.isEmpty }
        #expect(
            listener.notifications.map { "\($0["type"]?.string ?? "") \($0["status"]?.string ?? "")" }
                == ["connection.deleted ACTIVE"])
        let ends = answer["tokens"]?.elements.map { "\($0["token"]?.string ?? "") \($0["outcome"]?.string ?? "")" }
        #expect(ends == ["refresh_token revoked", "access_token revoked"])
        #expect(
            stage.provider.requests(to: "/revoke").map { $0.parameters["token"] }
                == ["canary-refresh-hub-1", "access-hub-1"])
        #expect(await stage.status(link.id) == "NOT_FOUND -")
        try stage.world.apply(yaml: LinkStage.yaml, secrets: ["hub-secret": "canary-client-secret"])
        #expect(await stage.status(link.id) == "NOT_FOUND -")
        try stage.world.check()
    }

    @Test("A provider that cannot be reached keeps nobody from deleting, and the answer says what lives on")
    func deleteDuringOutage() async throws {
        let stage = try LinkStage()
        let link = await stage.connect()
        stage.provider.set { $0.revocation = .unreachable }
        let answer = await stage.ask("connectedAccounts.delete", ["id": .string(link.id)])
        #expect(answer["tokens"]?.elements.compactMap { $0["outcome"]?.string } == ["unreachable", "unreachable"])
        #expect(await stage.status(link.id) == "NOT_FOUND -")
    }

    @Test(
        "One organisation of several is taken out alone; the others keep their tokens",
        arguments: [
            (true, Reaction.answer(status: 204, ""), "revoked" as JSONTree, 1), (true, .unreachable, "unreachable", 1),
            (true, .answer(status: 404, ""), "already_dead", 1), (false, .unreachable, .null, 0),
        ])
    func oneOrganisation(revokes: Bool, reaction: Reaction, outcome: JSONTree, requests: Int) async throws {
        let stage = try LinkStage()
        let link = await stage.connect(["userId": "alice", "authConfigId": "ac_crew"])
        stage.provider.set { $0.revocation = reaction }
        let answer = await stage.ask("connectedAccounts.delete", ["id": "org-2", "revoke": .bool(revokes)])
        #expect(answer["account"] == ["accountIdentifier": "org-2", "outcome": outcome] && answer["tokens"] == [])
        let sent = stage.provider.requests(to: "/connections/x-2")
        #expect(sent.map(\.method) == Array(repeating: "DELETE", count: requests))
        #expect(sent.allSatisfy { $0.authorization == "Bearer access-hub-1" })
        let accounts = await stage.ask("getAccounts", ["provider": "crew"])
        #expect(accounts["accounts"]?.elements.map { $0["organizationId"] } == ["org-1"])
        #expect(accounts["accounts"]?.elements.first?["accessToken"] == "access-hub-1")
        // The last one is the connection itself.
        stage.provider.set { $0.revocation = .answer("") }
        let last = await stage.ask("connectedAccounts.delete", ["id": "org-1", "revoke": false])
        #expect(last["account"] == nil)
        #expect(await stage.status(link.id) == "NOT_FOUND -")
        try stage.world.check()
    }

    @Test("An alias is one connection's of its user and toolkit, and \"\" takes it away")
    func alias() async throws {
        let stage = try LinkStage()
        let link = await stage.connect(["userId": "alice", "authConfigId": "ac_hub", "alias": "main"])
        stage.provider.set { ($0.login, $0.subject) = ("hubot", 480_938) }
        let other = await stage.connect(["userId": "alice", "authConfigId": "ac_hub", "allowMultiple": true])
        let taken = await stage.ask("connectedAccounts.update", ["id": .string(other.id), "alias": "main"])
        #expect(taken.errorName == "INVALID_PARAMS")
        let cleared = await stage.ask("connectedAccounts.update", ["id": "main", "alias": ""])
        #expect(cleared["alias"] == .null && cleared["id"]?.string == link.id)
        let given = await stage.ask("connectedAccounts.update", ["id": .string(other.id), "alias": "main"])
        #expect(given["alias"] == "main")
    }

    @Test("Connections that were made at run time survive a reload that takes their auth config away, with a warning")
    func reload() async throws {
        let stage = try LinkStage()
        let link = await stage.connect()
        let without = LinkStage.yaml.replacing(
            "  ac_hub: { provider: hub, clientId: hub-client, clientSecret: { credential: hub-secret }, scopes: [repo] }\n",
            with: "")
        try stage.world.apply(yaml: without, secrets: [:])
        #expect(stage.world.warnings.contains { $0.contains("ac_hub") })
        let credentials = await stage.ask("getConnectionCredentials", ["connectionId": .string(link.id)])
        #expect(credentials["accessToken"] == "access-hub-1")
    }
}
