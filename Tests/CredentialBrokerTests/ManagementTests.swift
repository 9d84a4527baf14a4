import ConnectedAccounts
import JSON
import TestKit
import Testing

struct ManagementTests {
    private func ids(_ answer: Answer) -> [String] {
        answer["items"]?.elements.compactMap { $0["id"]?.string } ?? []
    }

    @Test(
        "Lists are filtered",
        arguments: [
            (#"{"userIds":["bob"]}"#, ["con_bob"]),
            (#"{"toolkitSlugs":["acme"],"userIds":["alice"]}"#, ["con_acme", "con_acmetwo"]),
            (#"{"authConfigIds":["ac_xero","ac_pipe"]}"#, ["con_pipe", "con_xero"]),
            (#"{"connectedAccountIds":["con_maps","con_nothing"]}"#, ["con_maps"]),
            (#"{"statuses":["FAILED"]}"#, []),
            (#"{"statuses":["INACTIVE","FAILED"]}"#, ["con_again"]),
            (#"{"userIds":[]}"#, []),
        ])
    func filters(_ params: String, _ expected: [String]) throws {
        let stage = try Stage()
        _ = try stage.ask("connectedAccounts.disable", ["id": "con_again"], as: Stage.operator)
        let answer = try stage.ask("connectedAccounts.list", JSONTree(parsing: params), as: Stage.operator)
        #expect(ids(answer) == expected)
    }

    @Test("Pages neither overlap nor skip while connections come, go and change", arguments: 1...5)
    func pages(_ limit: Int) throws {
        let stage = try Stage()
        let all = ids(try stage.ask("connectedAccounts.list", as: Stage.operator))
        var seen: [String] = []
        var cursor: JSONTree = .null
        repeat {
            let page = try stage.ask(
                "connectedAccounts.list", ["limit": .int(limit), "cursor": cursor], as: Stage.operator)
            seen += ids(page)
            #expect(ids(page).count <= limit)
            cursor = page["nextCursor"] ?? .null
            // Between two pages: a token is refreshed, a credential replaced, an account disabled, and one goes.
            stage.world.advance(by: .seconds(60))
            _ = try stage.ask("refreshAccount", ["connectionId": "con_xero", "ifGeneration": 1], as: Stage.operator)
            stage.secrets["acme"]?.append(" ")
            stage.yaml = stage.yaml.replacing(
                "  - { id: con_maps, userId: alice, authConfig: ac_maps, credentials: { credential: maps } }\n",
                with: "")
            try stage.reload()
            _ = try stage.ask("connectedAccounts.disable", ["id": "con_grace"], as: Stage.operator)
        } while cursor != .null
        #expect(seen.filter { $0 != "con_maps" } == all.filter { $0 != "con_maps" })
        #expect(Set(seen).count == seen.count)
    }

    @Test("By updatedAt, what changed last comes last; a cursor holds for its own order only")
    func orderBy() throws {
        let stage = try Stage()
        stage.world.advance(by: .seconds(60))
        _ = try stage.ask("refreshAccount", ["connectionId": "con_acme"])
        let answer = try stage.ask("connectedAccounts.list", ["orderBy": "updatedAt"], as: Stage.operator)
        #expect(ids(answer).last == "con_acme")
        let page = try stage.ask("connectedAccounts.list", ["orderBy": "updatedAt", "limit": 1], as: Stage.operator)
        let cursor = try #require(page["nextCursor"])
        #expect(
            try stage.ask("connectedAccounts.list", ["cursor": cursor], as: Stage.operator).errorName
                == "INVALID_PARAMS")
        let wrong = try stage.ask("connectedAccounts.list", ["orderBy": "name"], as: Stage.operator)
        #expect(wrong.errorName == "INVALID_PARAMS")
    }

    @Test("Masking: a prefix, nothing, or what may be read anyway; a refresh token is masked always")
    func masking() throws {
        let stage = try Stage(changing: ["pipe": "1234"])
        func values(_ id: String, as uid: UInt32) throws -> JSONTree {
            try #require(
                try stage.ask("connectedAccounts.get", ["id": .string(id)], as: uid)["state"]?["val"])
        }
        #expect(try values("con_acme", as: Stage.alice)["access_token"] == "acce...")
        #expect(try values("con_acme", as: Stage.alice)["refresh_token"] == "cana...")
        #expect(try values("con_pipe", as: Stage.alice)["token"] == "REDACTED")
        #expect(try values("con_ledger", as: Stage.alice)["password"] == "ledg...")
        stage.yaml = stage.yaml.replacing("masking: prefix", with: "masking: full")
        try stage.reload()
        #expect(try values("con_acme", as: Stage.operator)["access_token"] == "REDACTED")
        #expect(try values("con_weather", as: Stage.operator)["api_key"] == "REDACTED")
        stage.yaml = stage.yaml.replacing("masking: full", with: "masking: off")
            .replacing(
                #"toolkits: [acme], connections: ["*"], operations: ["accounts:read", "credentials:read"]"#,
                with: #"toolkits: [acme], connections: ["*"], operations: ["accounts:read"]"#)
        try stage.reload()
        #expect(try values("con_acme", as: Stage.alice)["access_token"] == "access-acme-1")
        #expect(try values("con_acme", as: Stage.alice)["refresh_token"] == "cana...")
        #expect(try values("con_weather", as: Stage.alice)["api_key"] == "weather-api-key")
        #expect(try values("con_bob", as: Stage.bob)["access_token"] == "acce...")
    }

    @Test("A disabled account gives nothing, is listed, and comes back as it was")
    func disable() throws {
        let stage = try Stage()
        func call(_ method: String) throws -> Answer {
            try stage.ask(method, ["id": "con_acme"], as: Stage.operator)
        }
        for _ in 0..<2 { #expect(try call("connectedAccounts.disable")["success"] == true) }
        #expect(try stage.status("con_acme") == "INACTIVE disabled_by_caller")
        #expect(try stage.credentials("con_acme").errorName == "ACCOUNT_INACTIVE")
        #expect(try stage.ask("refreshAccount", ["connectionId": "con_acme"]).errorName == "ACCOUNT_INACTIVE")
        let listed = try stage.ask("getAccounts", ["toolkit": "acme"])["accounts"]?.elements ?? []
        #expect(listed.map { $0["accessToken"] == nil } == [true, false])
        stage.world.advance(by: .seconds(7200))
        #expect(stage.presentations("acme").isEmpty)
        for _ in 0..<2 { #expect(try call("connectedAccounts.enable")["success"] == true) }
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-2")
        #expect(try call("connectedAccounts.enable")["success"] == true)
        #expect(try stage.ask("connectedAccounts.disable", ["id": "con_acme"]).errorName == "FORBIDDEN")
    }

    @Test("What the provider ended comes back from INACTIVE as it was, and cannot be enabled")
    func disabledAndDead() throws {
        let stage = try Stage()
        stage.provider.core.grants["acme"]?.isDead = true
        stage.world.advance(by: .seconds(60))
        _ = try stage.ask("refreshAccount", ["connectionId": "con_acme"])
        func call(_ method: String) throws -> Answer {
            try stage.ask(method, ["id": "con_acme"], as: Stage.operator)
        }
        #expect(try call("connectedAccounts.enable").errorName == "REAUTHORIZATION_REQUIRED")
        #expect(try call("connectedAccounts.disable").error == nil)
        #expect(try call("connectedAccounts.enable").error == nil)
        #expect(try stage.status("con_acme") == "FAILED invalid_grant")
    }

    @Test("Disabling answers those who wait at once, and a refresh on its way is still taken in")
    func disableWhileWaiting() throws {
        let stage = try Stage()
        stage.provider.override = { $0.url.contains("acme") ? .hold : nil }
        stage.world.suspend(for: .seconds(4000))
        let line = stage.world.connect(uid: Stage.alice)
        let id = line.begin("getConnectionCredentials", ["connectionId": "con_acme", "timeoutMs": 60_000])
        _ = try stage.ask("connectedAccounts.disable", ["id": "con_acme"], as: Stage.operator)
        #expect(line.answer(to: id)?["error"]?["data"]?["code"] == "ACCOUNT_INACTIVE")
        stage.provider.override = nil
        stage.world.releaseAll { stage.provider.core.receive($0) }
        _ = try stage.ask("connectedAccounts.enable", ["id": "con_acme"], as: Stage.operator)
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-2")
        #expect(stage.presentations("acme").count == 1)
    }

    @Test("refreshAccount: any number of callers who saw the same 401 cause one refresh")
    func ifGeneration() throws {
        let stage = try Stage()
        stage.world.advance(by: .seconds(60))
        let line = stage.world.connect(uid: Stage.alice)
        let ids = (0..<100).map { _ in line.begin("refreshAccount", ["connectionId": "con_acme", "ifGeneration": 1]) }
        stage.world.settle()
        #expect(ids.allSatisfy { line.answer(to: $0)?["result"]?["generation"] == 2 })
        #expect(stage.presentations("acme").count == 1)
        let again = try stage.ask("refreshAccount", ["connectionId": "con_acme", "ifGeneration": 2])
        #expect(again.errorName == "RATE_LIMITED")
        #expect(try stage.ask("refreshAccount", ["connectionId": "con_acme"])["generation"] == 2)
        stage.world.advance(by: .seconds(10))
        #expect(try stage.ask("refreshAccount", ["connectionId": "con_acme", "ifGeneration": 2])["generation"] == 3)
    }

    @Test("refreshAccount: who saw an older token fail gets the current one, even after the grant died")
    func ifGenerationAfterDeath() throws {
        let stage = try Stage()
        stage.world.advance(by: .seconds(60))
        _ = try stage.ask("refreshAccount", ["connectionId": "con_acme"])
        stage.provider.core.grants["acme"]?.isDead = true
        stage.world.advance(by: .seconds(60))
        _ = try stage.ask("refreshAccount", ["connectionId": "con_acme"])
        #expect(try stage.status("con_acme") == "FAILED invalid_grant")
        let answer = try stage.ask("refreshAccount", ["connectionId": "con_acme", "ifGeneration": 1])
        #expect(answer["accessToken"] == "access-acme-2")
    }

    @Test("The wall clock being set moves what is shown, and nothing that is done")
    func wallClock() throws {
        let stage = try Stage()
        stage.world.setWallClock(by: .seconds(86_400))
        stage.world.settle()
        #expect(try stage.account("con_acme")["expiresAt"] == "2026-06-02T01:00:00Z")
        #expect(stage.world.ledger.isEmpty == false || stage.presentations("acme").isEmpty)
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-1")
        stage.world.advance(by: .seconds(3000))
        #expect(stage.presentations("acme").count == 1)
    }
}
