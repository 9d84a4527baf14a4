import ConnectedAccounts
import JSON
import TestKit
import Testing

/// Who sees what.
struct ScopeTests {
    struct Probe: Sendable, CustomTestStringConvertible {
        let method: String
        let params: @Sendable (String) -> JSONTree
        var testDescription: String { method }

        init(_ method: String, _ params: @escaping @Sendable (String) -> JSONTree) {
            self.method = method
            self.params = params
        }
    }

    /// Every method in which a connection, an account or a user can be named.
    static let probes: [Probe] = [
        Probe("getConnectionCredentials") { ["connectionId": .string($0)] },
        Probe("refreshAccount") { ["connectionId": .string($0)] },
        Probe("refreshAccount") { ["provider": "acme", "account": .string($0)] },
        Probe("refreshXeroAccountToken") { ["organizationId": .string($0)] },
        Probe("refreshAtlassianAccountToken") { ["email": .string($0)] },
        Probe("refreshMYOBToken") { ["businessId": .string($0)] },
        Probe("refreshSalesforceAccountToken") { ["organizationId": .string($0)] },
        Probe("refreshMicrosoftAccountToken") { ["email": .string($0)] },
        Probe("connectedAccounts.get") { ["id": .string($0)] },
        Probe("connectedAccounts.enable") { ["id": .string($0)] },
        Probe("connectedAccounts.disable") { ["id": .string($0)] },
        Probe("session.create") { ["userId": "bob", "connectedAccounts": ["acme": [.string($0)]]] },
        Probe("session.get") { ["sessionId": .string($0)] },
        Probe("session.close") { ["sessionId": .string($0)] },
    ]

    @Test(
        "FORBIDDEN is the same, byte for byte, for what is not one's own and for what does not exist",
        arguments: probes,
        [Stage.alice, Stage.bob, Stage.stranger])
    func sameForMissing(_ probe: Probe, _ uid: UInt32) throws {
        let stage = try Stage()
        let foreign =
            uid == Stage.alice ? ["con_bob", "bobs", "bob"] : ["con_acme", "main", "ada", "org-1", "con_xero"]
        let missing = try stage.ask(probe.method, probe.params("con_nothing"), as: uid)
        #expect(missing.errorName == "FORBIDDEN")
        for reference in foreign {
            #expect(try stage.ask(probe.method, probe.params(reference), as: uid).tree.json == missing.tree.json)
        }
    }

    @Test("Every method but two is FORBIDDEN to who matches no agent, whatever it passes")
    func strangers() throws {
        let stage = try Stage()
        let methods = [
            "getAccounts", "getGithubAccounts", "getXeroAccounts", "listIntegrations", "connectedAccounts.list",
            "daemon.status",
        ]
        for method in methods + Self.probes.map(\.method) {
            for params: JSONTree in [[:], ["nonsense": 1]] {
                #expect(try stage.ask(method, params, as: Stage.stranger).errorName == "FORBIDDEN")
            }
        }
        #expect(try stage.ask("rpc.discover", as: Stage.stranger).error == nil)
        let explained = try stage.ask(
            "daemon.explain", ["operation": "accounts:read", "connectionId": "con_acme"], as: Stage.stranger)
        let missing = try stage.ask(
            "daemon.explain", ["operation": "accounts:read", "connectionId": "con_acne"], as: Stage.stranger)
        #expect(explained["decision"]?["reason"] == missing["decision"]?["reason"])
        #expect(explained["agent"] == .null)
    }

    @Test("daemon.explain tells nobody whether what it may not see exists")
    func explainTellsNothing() throws {
        let stage = try Stage()
        func explain(_ id: String) throws -> JSONTree? {
            try stage.ask(
                "daemon.explain", ["operation": "credentials:read", "connectionId": .string(id)], as: Stage.bob)[
                    "decision"]
        }
        #expect(try explain("con_acme")?["reason"] == explain("con_nothing")?["reason"])
        #expect(try explain("con_bob")?["allowed"] == true)
    }

    @Test(
        "NOT_FOUND is for those who may see everything",
        arguments: probes.filter { !$0.method.hasPrefix("session.create") })
    func notFound(_ probe: Probe) throws {
        #expect(try Stage().ask(probe.method, probe.params("con_nothing"), as: Stage.operator).errorName == "NOT_FOUND")
    }

    @Test("Lists show one's own and nothing else")
    func lists() throws {
        let stage = try Stage()
        let items = try stage.ask("connectedAccounts.list", as: Stage.bob)["items"]?.elements ?? []
        #expect(items.map { $0["id"]?.string } == ["con_bob"])
        let integrations = try stage.ask("listIntegrations", as: Stage.bob)["integrations"]?.elements ?? []
        #expect(integrations.map { $0["connections"]?.elements.map { $0["connectionId"]?.string } } == [["con_bob"]])
        let accounts = try stage.ask("getAccounts", ["userId": "alice"], as: Stage.bob)["accounts"]
        #expect(accounts == [])
        // Without `accounts:refresh`, even its own is not to be refreshed.
        #expect(try stage.ask("refreshAccount", ["connectionId": "con_bob"], as: Stage.bob).errorName == "FORBIDDEN")
    }

    @Test("An ambiguous reference lists the candidates in scope, and none else")
    func ambiguous() throws {
        let stage = try Stage(changing: ["bob": StageText.secrets["bob"]?.replacing(#""bob"}"#, with: #""ada"}"#)])
        #expect(try stage.credentials("ada")["connectionId"] == "con_acme")
        let seen = try stage.credentials("ada", as: Stage.operator)
        #expect(seen.errorName == "AMBIGUOUS_ACCOUNT")
        #expect(seen.errorData?["candidates"]?.elements.map { $0["connectionId"]?.string } == ["con_acme", "con_bob"])
        let xero = try stage.credentials("con_xero")
        #expect(xero.errorName == "AMBIGUOUS_ACCOUNT")
        #expect(xero.errorData?["candidates"]?.elements.count == 2)
    }

    @Test("The client secret goes to those with the grant, whoever asked before them, and to nobody else")
    func clientSecret() throws {
        let stage = try Stage()
        for _ in 0..<2 {
            #expect(try stage.credentials("con_gmail")["clientSecret"] == nil)
            #expect(try stage.credentials("con_gmail", as: Stage.operator)["clientSecret"] == "gmail-client-secret")
            #expect(try stage.ask("getGoogleCredentials")["accounts"]?.elements.first?["clientSecret"] == nil)
            let given = try stage.ask("getGoogleCredentials", as: Stage.operator)["accounts"]?.elements.first
            #expect(given?["clientSecret"] == "gmail-client-secret")
        }
        #expect(try stage.credentials("con_acme", as: Stage.operator)["clientSecret"] == nil)
    }

    // MARK: Sessions

    private func session(_ stage: Stage, _ params: JSONTree, as uid: UInt32 = Stage.alice) throws -> JSONTree {
        try #require(try stage.ask("session.create", params, as: uid)["sessionId"])
    }

    @Test("In a session only what is pinned exists")
    func pins() throws {
        let stage = try Stage()
        let id = try session(stage, ["userId": "alice", "connectedAccounts": ["acme": ["main"], "xero": ["org-2"]]])
        let accounts = try stage.ask("getAccounts", ["sessionId": id])["accounts"]?.elements ?? []
        #expect(accounts.map { $0["connectionId"]?.string } == ["con_acme", "con_xero", "con_xero"])
        let byToolkit = try stage.ask("getConnectionCredentials", ["sessionId": id, "toolkit": "acme"])
        #expect(byToolkit["connectionId"] == "con_acme")
        #expect(
            try stage.ask("getConnectionCredentials", ["sessionId": id, "connectionId": "second"]).errorName
                == "FORBIDDEN")
        #expect(
            try stage.ask("getConnectionCredentials", ["sessionId": id, "toolkit": "grace"]).errorName == "FORBIDDEN")
        let ambiguous = try stage.ask("getConnectionCredentials", ["sessionId": id, "toolkit": "xero"])
        #expect(ambiguous.errorName == "AMBIGUOUS_ACCOUNT")
        #expect(try stage.ask("getAccounts", ["sessionId": id, "provider": "again"])["accounts"] == [])
    }

    @Test("Accounts in a session come in the order of their creation, always")
    func sessionOrder() throws {
        let stage = try Stage()
        let outside = try stage.ask("getAccounts")["accounts"]
        for _ in 0..<5 {
            let id = try session(stage, ["userId": "alice"])
            #expect(try stage.ask("getAccounts", ["sessionId": id])["accounts"] == outside)
        }
    }

    @Test("A session belongs to the agent that made it")
    func otherAgents() throws {
        let stage = try Stage()
        let id = try session(stage, ["userId": "alice"])
        for uid in [Stage.bob, Stage.stranger] {
            #expect(try stage.ask("session.get", ["sessionId": id], as: uid).errorName == "FORBIDDEN")
            #expect(try stage.ask("getAccounts", ["sessionId": id], as: uid).errorName == "FORBIDDEN")
        }
        #expect(try stage.ask("session.get", ["sessionId": id], as: Stage.operator).errorName == "NOT_FOUND")
        #expect(try stage.ask("session.close", ["sessionId": id], as: Stage.operator).errorName == "NOT_FOUND")
        #expect(try stage.ask("session.get", ["sessionId": id]).error == nil)
    }

    @Test("A session runs out to the second, says so, and is gone once closed")
    func sessionEnds() throws {
        let stage = try Stage()
        let id = try session(stage, ["userId": "alice", "expiresInSeconds": 60])
        stage.world.advance(by: .milliseconds(59_999))
        #expect(try stage.ask("session.get", ["sessionId": id]).error == nil)
        stage.world.advance(by: .milliseconds(1))
        #expect(try stage.ask("session.get", ["sessionId": id]).errorName == "SESSION_EXPIRED")
        #expect(try stage.ask("getAccounts", ["sessionId": id]).errorName == "SESSION_EXPIRED")
        let other = try session(stage, ["userId": "alice"])
        #expect(try stage.ask("session.close", ["sessionId": other])["success"] == true)
        #expect(try stage.ask("getAccounts", ["sessionId": other]).errorName == "FORBIDDEN")
    }

    @Test("requireExplicitSelection asks even where there is one")
    func explicitSelection() throws {
        let stage = try Stage()
        let id = try session(stage, ["userId": "alice", "requireExplicitSelection": true])
        let answer = try stage.ask("getConnectionCredentials", ["sessionId": id, "toolkit": "grace"])
        #expect(answer.errorName == "AMBIGUOUS_ACCOUNT")
        #expect(answer.errorData?["candidates"]?.elements.count == 1)
        #expect(try stage.ask("getConnectionCredentials", ["sessionId": id, "connectionId": "con_grace"]).error == nil)
    }

    @Test("What is connected later is in no older session")
    func laterConnections() throws {
        let stage = try Stage()
        let old = try session(stage, ["userId": "alice"])
        stage.yaml = stage.yaml.replacing(
            "  - { id: con_weather,",
            with:
                "  - { id: con_new, userId: alice, authConfig: ac_acme, credentials: { credential: new } }\n  - { id: con_weather,"
        )
        stage.secrets["new"] = StageText.secrets["acme"]
        try stage.reload()
        #expect(try stage.credentials("con_new").error == nil)
        #expect(
            try stage.ask("getConnectionCredentials", ["sessionId": old, "connectionId": "con_new"]).errorName
                == "FORBIDDEN")
        let new = try session(stage, ["userId": "alice"])
        #expect(try stage.ask("getConnectionCredentials", ["sessionId": new, "connectionId": "con_new"]).error == nil)
    }

    @Test("A session gives no right that its agent does not have any more")
    func sessionAfterReload() throws {
        let stage = try Stage()
        let id = try session(stage, ["userId": "alice"])
        stage.yaml = stage.yaml.replacing("users: [alice]", with: "users: [nobody]")
        try stage.reload()
        #expect(try stage.ask("getAccounts", ["sessionId": id])["accounts"] == [])
    }

    @Test("Toolkits can be left out, and not be pinned then")
    func toolkitFilter() throws {
        let stage = try Stage()
        let only = try stage.ask("session.create", ["userId": "alice", "toolkits": ["enable": ["acme"]]])
        #expect(only["connectedAccounts"] == ["acme": ["con_acme", "con_acmetwo"]])
        let without = try stage.ask("session.create", ["userId": "alice", "toolkits": ["disable": ["acme"]]])
        #expect(without["connectedAccounts"]?["acme"] == nil)
        #expect(without["connectedAccounts"]?.members.isEmpty == false)
        let contradiction = try stage.ask(
            "session.create",
            ["userId": "alice", "toolkits": ["disable": ["acme"]], "connectedAccounts": ["acme": ["main"]]])
        #expect(contradiction.errorName == "INVALID_PARAMS")
    }

    @Test("An agent has at most 1000 open sessions")
    func sessionsAreBounded() throws {
        let stage = try Stage()
        let line = stage.world.connect(uid: Stage.alice)
        for _ in 0..<1000 { _ = line.begin("session.create", ["userId": "alice", "toolkits": ["enable": []]]) }
        #expect(line.received.allSatisfy { $0["result"] != nil })
        #expect(try stage.ask("session.create", ["userId": "alice"]).errorName == "RATE_LIMITED")
        #expect(try stage.ask("session.create", ["userId": "alice"], as: Stage.operator).error == nil)
    }
}
