import ConnectedAccounts
import JSON
import TestKit
import Testing

/// R6: the three classes of failure, from the provider's answer to what callers are told.
struct FailureTests {
    @Test("A dead grant: FAILED, its token is served to its end, then its user must connect again")
    func deadGrant() throws {
        let stage = try Stage()
        stage.provider.core.grants["acme"]?.isDead = true
        stage.world.advance(by: .seconds(3500))
        #expect(try stage.status("con_acme") == "FAILED invalid_grant")
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-1")
        #expect(try stage.ask("refreshAccount", ["connectionId": "con_acme"]).errorName == "REAUTHORIZATION_REQUIRED")
        stage.world.advance(by: .seconds(100))
        let answer = try stage.credentials("con_acme")
        #expect(answer.errorName == "REAUTHORIZATION_REQUIRED")
        #expect(answer.errorData?["statusReason"] == "invalid_grant")
        stage.world.advance(by: .seconds(86_400))
        #expect(stage.presentations("acme").count == 1)
    }

    @Test("A withdrawn grant: REVOKED, and its token is served no more")
    func revoked() throws {
        let stage = try Stage()
        stage.provider.override = { $0.refreshToken == "canary-refresh-acme-1" ? .error("account_revoked") : nil }
        stage.world.advance(by: .seconds(60))
        let refresh = try stage.ask("refreshAccount", ["connectionId": "con_acme"])
        #expect(refresh.errorName == "REAUTHORIZATION_REQUIRED")
        #expect(try stage.account("con_acme")["status"] == "REVOKED")
        #expect(try stage.credentials("con_acme").errorName == "REAUTHORIZATION_REQUIRED")
        let listed = try stage.ask("getAccounts", ["toolkit": "acme"])["accounts"]?.elements ?? []
        #expect(listed.map { $0["accessToken"]?.string } == [nil, "access-acmetwo-1"])
    }

    @Test("A rejected registration is shared, marks nobody dead, and is over with the reload that mends it")
    func brokenApp() throws {
        let stage = try Stage()
        stage.provider.override = {
            $0.parameters["client_secret"] == "canary-secret-acme" ? .error("invalid_client", status: 401) : nil
        }
        stage.world.advance(by: .seconds(3590))
        #expect(try stage.status("con_acme") == "ACTIVE -")
        stage.world.advance(by: .seconds(3600))
        for id in ["con_acme", "con_acmetwo", "con_bob"] { #expect(try stage.status(id) == "EXPIRED invalid_client") }
        let answer = try stage.credentials("con_acmetwo")
        #expect(answer.errorName == "UPSTREAM_UNAVAILABLE")
        #expect(answer.errorData?["statusReason"] == "invalid_client")
        #expect(answer.errorData?["authConfigId"] == "ac_acme")
        let requests = stage.world.ledger.filter { $0.url.contains("acme") }.count
        #expect(requests < 50, "one probes for all")
        stage.secrets["acme-secret"] = "canary-secret-mended"
        try stage.reload()
        for id in ["con_acme", "con_acmetwo", "con_bob"] { #expect(try stage.status(id) == "ACTIVE -") }
        #expect(stage.provider.core.reused.isEmpty)
    }

    @Test(
        "A client secret that cannot be read: a warning, tokens are served while they live, and the reload that brings it mends all"
    )
    func missingClientSecret() throws {
        let stage = try Stage(changing: ["acme-secret": nil])
        #expect(stage.world.warnings.contains { $0.contains("ac_acme") })
        #expect(try stage.credentials("con_acme").error == nil)
        stage.world.advance(by: .seconds(7200))
        #expect(try stage.status("con_acme") == "EXPIRED credentials_missing")
        #expect(try stage.status("con_bob") == "EXPIRED credentials_missing")
        #expect(stage.world.ledger.allSatisfy { !$0.url.contains("acme") })
        stage.secrets["acme-secret"] = "canary-secret-acme"
        try stage.reload()
        #expect(try stage.status("con_acme") == "ACTIVE -")
    }

    @Test("An outage: EXPIRED upstream_unavailable, and ACTIVE again by itself")
    func transient() throws {
        let stage = try Stage()
        stage.provider.override = { $0.url.contains("acme") ? .unreachable : nil }
        stage.world.advance(by: .seconds(4000))
        for id in ["con_acme", "con_acmetwo"] { #expect(try stage.status(id) == "EXPIRED upstream_unavailable") }
        let answer = try stage.credentials("con_acme", timeoutMs: 0)
        #expect(answer.errorName == "UPSTREAM_UNAVAILABLE")
        #expect(answer.errorData?["statusReason"] == "upstream_unavailable")
        let status = try stage.ask("daemon.status", as: Stage.operator)
        #expect(status["health"] == "degraded")
        stage.provider.override = nil
        stage.world.advance(by: .seconds(400))
        for id in ["con_acme", "con_acmetwo"] { #expect(try stage.status(id) == "ACTIVE -") }
        #expect(try stage.account("con_acme")["refreshFailures"] == 0)
        #expect(try stage.ask("daemon.status", as: Stage.operator)["health"] == "ok")
    }

    @Test(
        "Who waits its turn while others are known to fail says why, without trying itself",
        arguments: [
            ("invalid_client", Reaction.error("invalid_client", status: 401)), ("upstream_unavailable", .unreachable),
        ])
    func sharedReason(_ reason: String, _ reaction: Reaction) throws {
        let stage = try Stage()
        stage.provider.override = { $0.url.contains("acme") ? reaction : nil }
        stage.world.advance(by: .seconds(3590))
        let end = #""expires_at":"2026-06-01T00:30:00Z""#
        stage.secrets["acmetwo"] = stage.secrets["acmetwo"]?.replacing(
            #""expires_at":"2026-06-01T01:00:00Z""#, with: end
        )
        .replacing("acmetwo-1", with: "late-1")
        try stage.reload()
        #expect(try stage.status("con_acmetwo") == "EXPIRED \(reason)")
        let listed = try stage.ask("getAccounts", ["toolkit": "acme", "timeoutMs": 0])["accounts"]?.elements ?? []
        #expect(listed.map { $0["statusReason"]?.string } == [nil, reason])
        #expect(stage.presentations("late").isEmpty)
    }

    @Test("A code that nobody knows is its own connection's affair: another one's refresh is not held up by it")
    func unknownCode() throws {
        let stage = try Stage()
        stage.provider.override = {
            $0.refreshToken == "canary-refresh-acme-1" ? .error("account_on_holiday") : nil
        }
        stage.world.advance(by: .seconds(3000))
        // Until it has just been refused once more.
        let refused = { stage.presentations("acme").filter { $0.refreshToken == "canary-refresh-acme-1" }.count }
        while refused() < 12 { stage.world.advance(by: .seconds(1)) }
        let before = stage.presentations("acmetwo").count
        _ = try stage.ask("refreshAccount", ["connectionId": "con_acmetwo", "timeoutMs": 0], as: Stage.operator)
        #expect(stage.presentations("acmetwo").count == before + 1)
        #expect(try stage.ask("daemon.status", as: Stage.operator)["health"] == "ok")
    }

    @Test("Who could not reach the provider waits for the registration too, once that is rejected, and says so")
    func rejectionAfterOutage() throws {
        let stage = try Stage()
        var reactions: [String: Reaction] = ["canary-refresh-acme-1": .error("invalid_scope")]
        stage.provider.override = { request in
            guard request.url.contains("acme"), let token = request.refreshToken else { return nil }
            return reactions[token] ?? .unreachable
        }
        stage.world.advance(by: .seconds(4000))
        for id in ["con_acme", "con_acmetwo"] { #expect(try stage.status(id) == "EXPIRED invalid_scope") }
        let get = try stage.account("con_acmetwo")
        #expect((get["refreshFailures"]?.int ?? 0) > 0, "it has met the outage itself")
        // Another verdict on the same client: the newest is everybody's.
        reactions["canary-refresh-acme-1"] = .error("invalid_client", status: 401)
        reactions["canary-refresh-acmetwo-1"] = .error("invalid_client", status: 401)
        stage.world.advance(by: .seconds(1200))
        for id in ["con_acme", "con_acmetwo"] { #expect(try stage.status(id) == "EXPIRED invalid_client") }
        stage.provider.override = nil
        stage.world.advance(by: .seconds(600))
        for id in ["con_acme", "con_acmetwo"] { #expect(try stage.status(id) == "ACTIVE -") }
    }

    @Test("What was said of a registration before it was mended is no reason any more, tried or not")
    func mendedInOutage() throws {
        let stage = try Stage()
        var isLimited = false
        stage.provider.override = {
            guard $0.url.contains("acme") else { return nil }
            return isLimited ? .answer(status: 429, "", retryAfter: "3600") : .error("invalid_client", status: 401)
        }
        stage.world.advance(by: .seconds(4000))
        isLimited = true
        stage.world.advance(by: .seconds(600))
        for id in ["con_acme", "con_acmetwo"] { #expect(try stage.status(id) == "EXPIRED invalid_client") }
        stage.secrets["acme-secret"] = "canary-secret-mended"
        try stage.reload()
        for id in ["con_acme", "con_acmetwo"] { #expect(try stage.status(id) == "EXPIRED upstream_unavailable") }
        stage.provider.override = nil
        stage.world.advance(by: .seconds(4200))
        for id in ["con_acme", "con_acmetwo"] { #expect(try stage.status(id) == "ACTIVE -") }
    }

    @Test("A 24 h outage costs a bounded number of attempts")
    func longOutage() throws {
        let stage = try Stage()
        stage.provider.override = { _ in .unreachable }
        stage.world.advance(by: .seconds(86_400))
        let acme = stage.world.ledger.filter { $0.url.contains("acme") }.count
        // At half the cap's five minutes at worst, one probe for the endpoint.
        #expect(acme < 86_400 / 150 + 60)
        #expect(acme > 100)
    }

    @Test("A waiting caller is told at its deadline, and one whose token comes in time is answered then")
    func deadlines() throws {
        let stage = try Stage()
        stage.provider.override = { $0.url.contains("acme") ? .hold : nil }
        stage.world.suspend(for: .seconds(4000))
        let line = stage.world.connect(uid: Stage.alice)
        let short = line.begin("getConnectionCredentials", ["connectionId": "con_acme", "timeoutMs": 1500])
        let long = line.begin("getConnectionCredentials", ["connectionId": "con_acme", "timeoutMs": 60_000])
        let list = line.begin("getAccounts", ["toolkit": "acme", "timeoutMs": 1500])
        stage.world.advance(by: .milliseconds(1499))
        #expect(line.answer(to: short) == nil)
        stage.world.advance(by: .milliseconds(1))
        #expect(line.answer(to: short)?["error"]?["data"]?["code"] == "TIMEOUT")
        let accounts = line.answer(to: list)?["result"]?["accounts"]?.elements ?? []
        #expect(accounts.map { $0["status"]?.string } == ["EXPIRED", "EXPIRED"])
        #expect(accounts.allSatisfy { $0["accessToken"] == nil && $0["statusReason"] == "refresh_pending" })
        #expect(line.answer(to: long) == nil)
        stage.world.releaseAll { stage.provider.core.receive($0) }
        #expect(line.answer(to: long)?["result"]?["accessToken"] == "access-acme-2")
        #expect(line.received.count == 3)
    }

    @Test("minValiditySeconds: never a token with less life than asked")
    func minimumValidity() throws {
        let stage = try Stage()
        stage.world.advance(by: .seconds(600))
        func ask(_ seconds: Int) throws -> Answer {
            try stage.ask(
                "getConnectionCredentials", ["connectionId": "con_acme", "minValiditySeconds": .int(seconds)])
        }
        #expect(try ask(3000)["accessToken"] == "access-acme-1")
        #expect(try ask(3001)["accessToken"] == "access-acme-2")
        #expect(try ask(3600)["accessToken"] == "access-acme-2")
        let tooLong = try ask(3601)
        #expect(tooLong.errorName == "UPSTREAM_UNAVAILABLE")
        #expect(tooLong.errorData?["longestValiditySeconds"] == 3600)
        #expect(stage.presentations("acme").count == 1)
    }

    @Test("Asking for the whole of a token's life does not have it refreshed without end")
    func wholeLife() throws {
        let stage = try Stage()
        stage.world.advance(by: .seconds(600))
        stage.provider.override = { $0.url.contains("acme") ? .hold : nil }
        let line = stage.world.connect(uid: Stage.alice)
        let id = line.begin(
            "getConnectionCredentials", ["connectionId": "con_acme", "minValiditySeconds": 3600, "timeoutMs": 60_000])
        stage.world.settle()
        stage.world.advance(by: .seconds(2))
        stage.provider.override = nil
        stage.world.releaseAll { stage.provider.core.receive($0) }
        stage.world.advance(by: .seconds(60))
        #expect(line.answer(to: id)?["error"]?["data"]?["longestValiditySeconds"] == 3598)
        #expect(stage.presentations("acme").count == 1)
    }
}
