import ConnectedAccounts
import JSON
import TestKit
import Testing

struct ReloadTests {
    @Test("Changed agents count at once, for open connections and for calls that wait")
    func agents() throws {
        let stage = try Stage()
        stage.provider.override = { $0.url.contains("acme") ? .hold : nil }
        stage.world.suspend(for: .seconds(4000))
        let line = stage.world.connect(uid: Stage.alice)
        let first = line.begin("listIntegrations")
        #expect(line.answer(to: first)?["result"] != nil)
        let waiting = line.begin("getConnectionCredentials", ["connectionId": "con_acme", "timeoutMs": 60_000])
        let stranger = stage.world.connect(uid: Stage.stranger)
        #expect(stranger.answer(to: stranger.begin("getAccounts"))?["error"] != nil)
        stage.yaml = stage.yaml.replacing("uid: 1001", with: "uid: 1003")
        try stage.reload()
        #expect(line.answer(to: waiting)?["error"]?["data"]?["code"] == "FORBIDDEN")
        #expect(line.answer(to: line.begin("listIntegrations"))?["error"] != nil)
        #expect(stranger.answer(to: stranger.begin("listIntegrations"))?["result"] != nil)
        stage.provider.override = nil
        stage.world.releaseAll { stage.provider.core.receive($0) }
        #expect(line.received.count == 3)
        try stage.world.check()
    }

    @Test("A connection that is configured no more is gone, with its secrets, and those who wait for it are told")
    func removedConnection() throws {
        let stage = try Stage()
        stage.provider.override = { $0.url.contains("acme") ? .hold : nil }
        stage.world.suspend(for: .seconds(4000))
        let line = stage.world.connect(uid: Stage.alice)
        let waiting = line.begin("getConnectionCredentials", ["connectionId": "con_acme", "timeoutMs": 60_000])
        let records = try recordCount(stage)
        stage.yaml = stage.yaml.replacing(
            "  - { id: con_acme, userId: alice, authConfig: ac_acme, alias: main, credentials: { credential: acme } }\n",
            with: "")
        try stage.reload()
        #expect(line.answer(to: waiting)?["error"]?["data"]?["code"] == "FORBIDDEN")
        // Its tokens, the mark that they were sent, and what else is known of it.
        #expect(try recordCount(stage) == records - 3)
        stage.provider.override = nil
        stage.world.releaseAll { stage.provider.core.receive($0) }
        #expect(try stage.credentials("con_acme").errorName == "FORBIDDEN")
        #expect(try stage.credentials("main").errorName == "FORBIDDEN")
        #expect(try recordCount(stage) == records - 3)
    }

    private func recordCount(_ stage: Stage) throws -> Int {
        try stage.ask("daemon.status", as: Stage.operator)["vault"]?["records"]?.int ?? -1
    }

    @Test("A changed credential is a new login: its tokens, at once, and nothing of the old one's verdict")
    func changedCredential() throws {
        let stage = try Stage()
        stage.provider.core.grants["acme"]?.isDead = true
        stage.world.advance(by: .seconds(60))
        _ = try stage.ask("refreshAccount", ["connectionId": "con_acme"])
        #expect(try stage.status("con_acme") == "FAILED invalid_grant")
        stage.provider.core.grants["acme"] = OneUseProvider.Grant()
        stage.provider.core.grants["acme"]?.current = 7
        stage.secrets["acme"] = stage.secrets["acme"]?.replacing("acme-1", with: "acme-7")
        try stage.reload()
        #expect(try stage.status("con_acme") == "ACTIVE -")
        let account = try stage.credentials("con_acme")
        #expect(account["accessToken"] == "access-acme-7")
        #expect(account["generation"] == 2)
        #expect(account["connectedAt"] == "2026-06-01T00:01:00Z")
        #expect(try stage.account("con_acme")["createdAt"] == "2026-06-01T00:00:00Z")
        _ = try stage.ask("refreshAccount", ["connectionId": "con_acme"])
        #expect(stage.presentations("acme").last?.refreshToken == "canary-refresh-acme-7")
    }

    @Test("A new login does not enable what a caller disabled")
    func changedCredentialOfDisabled() throws {
        let stage = try Stage()
        _ = try stage.ask("connectedAccounts.disable", ["id": "con_acme"], as: Stage.operator)
        stage.secrets["acme"]?.append(" ")
        try stage.reload()
        #expect(try stage.credentials("con_acme").errorName == "ACCOUNT_INACTIVE")
        stage.world.advance(by: .seconds(7200))
        #expect(stage.presentations("acme").isEmpty)
        _ = try stage.ask("connectedAccounts.enable", ["id": "con_acme"], as: Stage.operator)
        #expect(try stage.credentials("con_acme").error == nil)
    }

    @Test("With an unchanged credential the rotated tokens stay")
    func unchangedCredential() throws {
        let stage = try Stage()
        stage.world.advance(by: .seconds(60))
        _ = try stage.ask("refreshAccount", ["connectionId": "con_acme"])
        for _ in 0..<3 { try stage.reload() }
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-2")
        stage.world.advance(by: .seconds(3600))
        #expect(stage.presentations("acme").map(\.refreshToken) == ["canary-refresh-acme-1", "canary-refresh-acme-2"])
        #expect(stage.provider.core.reused.isEmpty)
    }

    @Test("A secret that cannot be read is a warning; everything else works, and what was known stays")
    func unreadable() throws {
        let stage = try Stage(changing: ["pipe": nil])
        #expect(stage.world.warnings.contains { $0.contains("con_pipe") })
        #expect(try stage.status("con_pipe") == "EXPIRED credentials_missing")
        #expect(try stage.credentials("con_pipe").errorData?["statusReason"] == "credentials_missing")
        #expect(try stage.credentials("con_weather").error == nil)
        stage.secrets["pipe"] = "late-token"
        stage.secrets["weather"] = nil
        try stage.reload()
        #expect(try stage.credentials("con_pipe")["token"] == "late-token")
        #expect(try stage.credentials("con_weather")["apiKey"] == "weather-api-key")
        let warnings = try stage.ask("daemon.status", as: Stage.operator)["configuration"]?["warnings"]
        #expect(warnings?.elements.count == 1)
    }

    @Test("A client secret that is configured no more is not used any more")
    func removedClientSecret() throws {
        let stage = try Stage()
        stage.yaml = stage.yaml.replacing(
            "clientAuthentication: client_secret_post", with: "clientAuthentication: none"
        )
        .replacing("clientId: acme-client, clientSecret: { credential: acme-secret }", with: "clientId: acme-client")
        try stage.reload()
        stage.world.advance(by: .seconds(60))
        #expect(try stage.ask("refreshAccount", ["connectionId": "con_acme"]).error == nil)
        #expect(stage.world.ledger.last?.parameters["client_secret"] == nil)
    }

    @Test("An auth config that moves to another toolkit takes its connections with it, and out of the old grants")
    func movedToolkit() throws {
        let stage = try Stage()
        stage.yaml = stage.yaml.replacing(
            "provider: google, toolkit: gmail", with: "provider: google, toolkit: googledrive")
        try stage.reload()
        let answer = try stage.credentials("con_gmail")
        #expect(answer["toolkit"] == "googledrive")
        #expect(answer["accessToken"] == "access-gmail-1")
        let old = try stage.ask("getAccounts", ["toolkit": "gmail"])["accounts"]
        #expect(old == [])
    }

    @Test("A changed token address is used from then on")
    func movedEndpoint() throws {
        let stage = try Stage()
        stage.yaml = stage.yaml.replacing(
            "tokenURL: https://id.acme.example/token", with: "tokenURL: https://new.acme.example/token")
        try stage.reload()
        stage.world.advance(by: .seconds(3000))
        let urls = Set(stage.presentations("acme").map(\.url))
        #expect(urls == ["https://new.acme.example/token"])
    }

    @Test("An issuer's metadata that arrives after a reload to another issuer is not used for that one")
    func metadataOfTheOldIssuer() throws {
        let stage = try Stage()
        stage.provider.override = { $0.url.contains(".well-known") ? .hold : nil }
        stage.world.suspend(for: .seconds(3000))
        #expect(stage.world.pendingRequests.contains { $0.url.contains("id.found.example") })
        stage.yaml = stage.yaml.replacing("id.found.example", with: "id.other.example")
        try stage.reload()
        let old = #"{"issuer":"https://id.found.example","token_endpoint":"https://id.found.example/token"}"#
        stage.world.release(.answer(old))
        #expect(stage.presentations("found").isEmpty)
        #expect(stage.world.pendingRequests.map(\.url) == ["https://id.other.example/.well-known/openid-configuration"])
    }

    private func endpoints(_ stage: Stage) throws -> [String: String] {
        let status = try stage.ask("daemon.status", as: Stage.operator)
        return Dictionary(
            (status["endpoints"]?.elements ?? []).map { ($0["tokenURL"]?.string ?? "", $0["state"]?.string ?? "") },
            uniquingKeysWith: { "\($0), \($1)" })
    }

    @Test("A token address that was mended leaves no failing endpoint behind, and the daemon is in health again")
    func mendedEndpoint() throws {
        let stage = try Stage()
        stage.provider.override = { $0.url == "https://id.acme.example/token" ? .unreachable : nil }
        stage.world.advance(by: .seconds(4000))
        #expect(try endpoints(stage)["https://id.acme.example/token"] == "failing")
        #expect(try stage.ask("daemon.status", as: Stage.operator)["health"] == "degraded")
        stage.yaml = stage.yaml.replacing("https://id.acme.example/token", with: "https://new.acme.example/token")
        try stage.reload()
        stage.world.advance(by: .seconds(600))
        #expect(try endpoints(stage)["https://id.acme.example/token"] == nil)
        #expect(try endpoints(stage)["https://new.acme.example/token"] == "healthy")
        #expect(try stage.ask("daemon.status", as: Stage.operator)["health"] == "ok")
    }

    @Test("An endpoint that was found by its issuer is shown by its address, and is the same one after a reload")
    func discoveredEndpoint() throws {
        let stage = try Stage()
        #expect(try endpoints(stage)["https://id.found.example"] == "healthy")
        stage.world.advance(by: .seconds(60))
        _ = try stage.ask("refreshAccount", ["connectionId": "con_found"])
        let tokenURL = "https://id.found.example/oauth/token"
        #expect(try endpoints(stage)[tokenURL] == "healthy")
        #expect(try endpoints(stage)["https://id.found.example"] == nil)
        stage.provider.override = { $0.url == tokenURL ? .unreachable : nil }
        stage.world.advance(by: .seconds(7200))
        #expect(try endpoints(stage)[tokenURL] == "failing")
        #expect(try stage.status("con_found") == "EXPIRED upstream_unavailable")
        let count = try endpoints(stage).count
        try stage.reload()
        #expect(try endpoints(stage).count == count)
        #expect(try endpoints(stage)[tokenURL] == "failing")
        // One of the same auth config that has never been tried itself is known to wait for the same endpoint.
        let late = "  - { id: con_late, userId: alice, authConfig: ac_found, credentials: { credential: late } }\n"
        stage.yaml = stage.yaml.replacing("connections:\n", with: "connections:\n" + late)
        stage.secrets["late"] =
            #"{"access_token":"access-late-1","refresh_token":"canary-refresh-late-1","expires_at":"2026-05-01T00:00:00Z"}"#
        try stage.reload()
        #expect(try stage.status("con_late") == "EXPIRED upstream_unavailable")
        #expect(stage.presentations("late").isEmpty)
    }
}
