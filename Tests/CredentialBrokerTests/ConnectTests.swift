import ConnectedAccounts
import CredentialBroker
import JSON
import TestKit
import Testing

@Suite("Connecting an account in a browser", .timeLimit(.minutes(2)))
struct ConnectTests {
    @Test(
        "The browser is sent to the provider with state, scopes and a challenge, and the code is exchanged with the key to it"
    )
    func authorizationRequest() async throws {
        let stage = try LinkStage()
        let answer = await stage.ask(
            "connectedAccounts.link", ["userId": "alice", "authConfigId": "ac_hub", "alias": "main"])
        #expect(answer["status"] == "INITIATED")
        #expect(answer["redirectUrl"]?.string?.hasPrefix("https://id.hub.example/authorize?") == true)
        #expect(stage.parameter("client_id", of: answer) == "hub-client")
        #expect(stage.parameter("scope", of: answer) == "repo")
        #expect(stage.parameter("redirect_uri", of: answer) == "http%3A%2F%2F127.0.0.1%3A7580%2Fcallback")
        #expect(stage.parameter("code_challenge_method", of: answer) == "S256")
        let id = try #require(answer["id"]?.string)
        #expect(await stage.status(id) == "INITIATED consent_pending")
        let result = await stage.comeBack("code=canary-code-1&state=\(stage.state(of: answer))")
        guard case .connected(let connected) = result else {
            Issue.record("not connected")
            return
        }
        #expect(connected.connectionID == id && connected.userID == "alice")
        #expect(connected.provider == "Hub" && connected.accounts == ["The octocat"])
        let exchange = try #require(stage.provider.requests(to: "/token").first)
        #expect(exchange.parameters["code"] == "canary-code-1")
        #expect(exchange.parameters["redirect_uri"] == "http://127.0.0.1:7580/callback")
        #expect((exchange.parameters["code_verifier"] ?? "").utf8.count >= 43)
        let credentials = await stage.ask("getConnectionCredentials", ["connectionId": "main"])
        #expect(credentials["accessToken"] == "access-hub-1")
        #expect(credentials["login"] == "octocat")
        #expect(credentials["scopes"] == "repo user")
        try stage.world.check()
    }

    @Test("Whoever waits is answered the moment it is connected, with the account")
    func wait() async throws {
        let stage = try LinkStage()
        let link = await stage.link()
        let line = stage.world.connect(uid: 1001)
        let id = line.begin("connectedAccounts.waitForConnection", ["id": .string(link.id)])
        #expect(line.answer(to: id) == nil)
        _ = await stage.comeBack("code=canary-code-1&state=\(link.state)")
        let answer = Answer(tree: try #require(line.answer(to: id)))
        #expect(answer["status"] == "ACTIVE")
        #expect(answer["identity"]?["accountIdentifier"] == "octocat")
        #expect(answer["state"]?["val"]?["access_token"] == "acce...")
    }

    @Test("A callback is taken once, and one with a made-up state does nothing")
    func replay() async throws {
        let stage = try LinkStage()
        let link = await stage.link()
        #expect(await stage.comeBack("code=canary-code-2&state=made-up") == .unknown)
        #expect(await stage.comeBack("code=canary-code-2") == .unknown)
        #expect(await stage.status(link.id) == "INITIATED consent_pending")
        guard case .connected = await stage.comeBack("code=canary-code-1&state=\(link.state)") else {
            Issue.record("not connected")
            return
        }
        #expect(await stage.comeBack("code=canary-code-1&state=\(link.state)") == .unknown)
        #expect(stage.provider.requests(to: "/token").count == 1)
        #expect(await stage.status(link.id) == "ACTIVE -")
    }

    @Test(
        "What goes wrong ends the link with its reason, and harms no other link",
        arguments: [
            ("error=access_denied", nil, "FAILED access_denied"),
            ("code=canary-code-1", Reaction.error("invalid_grant"), "FAILED code_spent"),
            ("code=canary-code-1", .error("invalid_client", status: 401), "FAILED invalid_client"),
            ("code=canary-code-1", .lost, "FAILED timeout"),
        ] as [(String, Reaction?, String)])
    func failures(query: String, tokenAnswer: Reaction?, status: String) async throws {
        let stage = try LinkStage()
        let other = await stage.link(["userId": "bob", "authConfigId": "ac_hub"])
        let link = await stage.link()
        stage.provider.set { $0.tokenAnswer = tokenAnswer }
        guard case .failed(let failed) = await stage.comeBack("\(query)&state=\(link.state)") else {
            Issue.record("not failed")
            return
        }
        #expect(failed.connectionID == link.id && !failed.explanation.isEmpty)
        #expect(await stage.status(link.id) == status)
        #expect(await stage.status(other.id) == "INITIATED consent_pending")
        stage.provider.set { $0.tokenAnswer = nil }
        guard case .connected = await stage.comeBack("code=canary-code-1&state=\(other.state)") else {
            Issue.record("the other link is harmed")
            return
        }
        try stage.world.check()
    }

    @Test("A link lives ten minutes, and a newer one of the same user and auth config takes its place")
    func lifetime() async throws {
        let stage = try LinkStage()
        let first = await stage.link()
        let line = stage.world.connect(uid: 0)
        let waiting = line.begin("connectedAccounts.waitForConnection", ["id": .string(first.id)])
        let second = await stage.link()
        #expect(await stage.answer(to: waiting, on: line)["statusReason"] == "link_replaced")
        #expect(await stage.comeBack("code=canary-code-1&state=\(first.state)") == .unknown)
        let expiring = line.begin(
            "connectedAccounts.waitForConnection", ["id": .string(second.id), "timeoutMs": 600_000])
        stage.world.clock.advance(by: .seconds(601))
        let expired = await stage.answer(to: expiring, on: line)
        #expect(expired["status"] == "EXPIRED" && expired["statusReason"] == "link_expired")
        #expect(await stage.comeBack("code=canary-code-1&state=\(second.state)") == .unknown)
        #expect(stage.provider.requests(to: "/token").isEmpty)
    }

    @Test("A second account needs allowMultiple, is another subject, and each session sees its own alone")
    func multiple() async throws {
        let stage = try LinkStage()
        let first = await stage.connect()
        let refused = await stage.ask("connectedAccounts.link", ["userId": "alice", "authConfigId": "ac_hub"])
        #expect(refused.errorName == "ALREADY_CONNECTED")
        #expect(refused.errorData?["connectionId"]?.string == first.id)
        let again: JSONTree = ["userId": "alice", "authConfigId": "ac_hub", "allowMultiple": true]
        let same = await stage.connect(again)
        #expect(await stage.status(same.id) == "FAILED already_connected")
        stage.provider.set { ($0.login, $0.subject) = ("hubot", 480_938) }
        let second = await stage.connect(again)
        #expect(await stage.status(second.id) == "ACTIVE -")
        let session = await stage.ask(
            "session.create", ["userId": "alice", "connectedAccounts": ["hub": [.string(second.id)]]])
        let accounts = await stage.ask("getAccounts", ["sessionId": session["sessionId"] ?? .null])
        #expect(accounts["accounts"]?.elements.compactMap { $0["login"]?.string } == ["hubot"])
        let foreign = await stage.ask(
            "getConnectionCredentials",
            ["connectionId": .string(first.id), "sessionId": session["sessionId"] ?? .null, "toolkit": "hub"])
        #expect(foreign.errorName == "FORBIDDEN")
    }

    @Test("R11: a dead account that is linked again keeps its id, alias and pins; another subject is refused")
    func reauthorization() async throws {
        let stage = try LinkStage()
        let link = await stage.connect(["userId": "alice", "authConfigId": "ac_hub", "alias": "main"])
        let session = await stage.ask(
            "session.create", ["userId": "alice", "connectedAccounts": ["hub": [.string(link.id)]]])
        stage.provider.set { $0.tokenAnswer = .error("invalid_grant") }
        stage.world.clock.advance(by: .seconds(3601))
        #expect(
            await stage.ask("getConnectionCredentials", ["connectionId": "main"]).errorName
                == "REAUTHORIZATION_REQUIRED")
        stage.provider.set { ($0.tokenAnswer, $0.login, $0.subject) = (nil, "hubot", 480_938) }
        let renewed = await stage.ask("connectedAccounts.refresh", ["id": "main"])
        #expect(renewed["id"]?.string == link.id)
        _ = await stage.comeBack("code=canary-code-2&state=\(stage.state(of: renewed))")
        #expect(await stage.status(link.id) == "FAILED another_account")
        stage.provider.set { ($0.login, $0.subject) = ("octocat-renamed", 583_231) }
        let again = await stage.link()
        #expect(again.id == link.id)
        _ = await stage.comeBack("code=canary-code-3&state=\(again.state)")
        #expect(await stage.status("main") == "ACTIVE -")
        let credentials = await stage.ask(
            "getConnectionCredentials", ["sessionId": session["sessionId"] ?? .null, "toolkit": "hub"])
        #expect(credentials["login"] == "octocat-renamed")
        try stage.world.check()
    }

    @Test("An address pasted from another machine's browser completes the link, once")
    func completeLink() async throws {
        let stage = try LinkStage()
        let link = await stage.link()
        let address = "http://127.0.0.1:7580/callback?code=canary-code-1&state=\(link.state)"
        let stranger = await stage.ask("connectedAccounts.completeLink", ["redirectUrl": .string(address)], as: 1002)
        #expect(stranger.errorName == "FORBIDDEN")
        let answer = await stage.ask("connectedAccounts.completeLink", ["redirectUrl": .string(address)])
        #expect(answer["status"] == "ACTIVE" && answer["id"]?.string == link.id)
        let again = await stage.ask("connectedAccounts.completeLink", ["redirectUrl": .string(address)])
        #expect(again.errorName == "INVALID_PARAMS")
        try stage.world.check()
    }

    @Test("A redirect address that is registered for one auth config goes to its provider, both times")
    func redirectURI() async throws {
        let stage = try LinkStage()
        try stage.world.apply(
            yaml: LinkStage.yaml.replacing(
                "scopes: [repo] }", with: "scopes: [repo], redirectUri: \"https://purser.example/oauth/back\" }"),
            secrets: ["hub-secret": "canary-client-secret"])
        let answer = await stage.ask("connectedAccounts.link", ["userId": "alice", "authConfigId": "ac_hub"])
        #expect(stage.parameter("redirect_uri", of: answer) == "https%3A%2F%2Fpurser.example%2Foauth%2Fback")
        let query = "?code=canary-code-1&state=\(stage.state(of: answer))"
        let stray = await stage.ask(
            "connectedAccounts.completeLink", ["redirectUrl": .string("https://purser.example/elsewhere" + query)])
        #expect(stray.errorName == "INVALID_PARAMS")
        let done = await stage.ask(
            "connectedAccounts.completeLink", ["redirectUrl": .string("https://purser.example/oauth/back" + query)])
        #expect(done["status"] == "ACTIVE")
        let exchange = stage.provider.requests(to: "/token").first
        #expect(exchange?.parameters["redirect_uri"] == "https://purser.example/oauth/back")
    }

    @Test("The device flow: a code for the user, polls in the provider's rhythm, and the account when it is entered")
    func device() async throws {
        let stage = try LinkStage()
        let answer = await stage.ask(
            "connectedAccounts.link", ["userId": "alice", "authConfigId": "ac_hub", "flow": "device"])
        #expect(answer["userCode"] == "ABCD-EFGH")
        #expect(answer["verificationUri"] == "https://id.hub.example/activate")
        let id = try #require(answer["id"]?.string)
        let line = stage.world.connect(uid: 0)
        let waiting = line.begin("connectedAccounts.waitForConnection", ["id": .string(id), "timeoutMs": 600_000])
        // Each step waits for the broker to have gone to sleep again.
        var sleeps = stage.world.clock.sleeps.makeAsyncIterator()
        while stage.provider.requests(to: "/token").count < 2 {
            stage.world.clock.advance(by: .seconds(2))
            _ = await sleeps.next()
        }
        #expect(await stage.status(id) == "INITIATED consent_pending")
        stage.provider.set { $0.poll = .answer("") }
        while line.answer(to: waiting) == nil {
            stage.world.clock.advance(by: .seconds(2))
            _ = await sleeps.next()
        }
        let connected = await stage.answer(to: waiting, on: line)
        #expect(connected["status"] == "ACTIVE")
        #expect(connected["identity"]?["displayName"] == "The octocat")
        try stage.world.check()
    }

    @Test("A device link that waits through an export which nobody fetches is polled again")
    func deviceAfterExport() async throws {
        let stage = try LinkStage()
        try stage.world.apply(
            yaml: LinkStage.yaml + "\nexport: { key: { credential: export-key } }\n",
            secrets: ["hub-secret": "canary-client-secret", "export-key": "0123456789abcdef0123456789abcdef"])
        let answer = await stage.ask(
            "connectedAccounts.link", ["userId": "alice", "authConfigId": "ac_hub", "flow": "device"])
        let id = try #require(answer["id"]?.string)
        #expect(await stage.ask("daemon.export", [:])["nextCursor"]?.string != nil)
        stage.provider.set { $0.poll = .answer("") }
        var sleeps = stage.world.clock.sleeps.makeAsyncIterator()
        for _ in 0..<14 {
            stage.world.clock.advance(by: .seconds(2))
            _ = await sleeps.next()
        }
        #expect(stage.provider.requests(to: "/token").isEmpty)
        var turns = 0
        while await stage.status(id) != "ACTIVE -", turns < 60 {
            stage.world.clock.advance(by: .seconds(2))
            _ = await sleeps.next()
            turns += 1
        }
        #expect(await stage.status(id) == "ACTIVE -")
        try stage.world.check()
    }

    @Test("Who may not connect a user's accounts learns nothing")
    func scope() async throws {
        let stage = try LinkStage()
        for params in [
            ["userId": "bob", "authConfigId": "ac_hub"], ["userId": "bob", "authConfigId": "ac_nothing"],
        ] as [JSONTree] {
            let answer = await stage.ask("connectedAccounts.link", params, as: 1001)
            #expect(answer.errorName == "FORBIDDEN")
        }
    }
}
