import ConnectedAccounts
import CredentialBroker
import JSON
import TestKit
import Testing

/// An answer that is on its way when the process ends is taken in by the next one.
struct KeptExchangeTests {
    /// The refresh of `con_acme` was sent, and its provider holds the answer back.
    private func waiting(_ grant: String = "acme") throws -> Stage {
        var setup = WorldSetup()
        setup.keepsExchanges = true
        let stage = try Stage(setup)
        stage.provider.override = { $0.refreshToken == "canary-refresh-\(grant)-1" ? .hold : nil }
        stage.world.advance(by: .seconds(60))
        _ = stage.world.connect(uid: Stage.alice).begin("refreshAccount", ["connectionId": .string("con_\(grant)")])
        stage.world.settle()
        try #require(stage.presentations(grant).count == 1)
        stage.provider.override = nil
        return stage
    }

    private func answer(_ stage: Stage) { stage.world.releaseAll { stage.provider.core.receive($0) } }

    @Test("However often the process is killed meanwhile, the answer is taken in, and nothing is presented twice")
    func outlives() throws {
        let stage = try waiting()
        for _ in 0..<3 {
            try stage.restart()
            #expect(stage.world.broker.restored.awaited == 1 && stage.world.broker.restored.uncertain == 0)
            #expect(stage.world.broker.refreshesInFlight == 1)
            stage.world.advance(by: .seconds(100))
        }
        let line = stage.world.connect(uid: Stage.alice)
        let call = line.begin("refreshAccount", ["connectionId": "con_acme"])
        answer(stage)
        #expect(line.answer(to: call)?["result"]?["accessToken"] == "access-acme-2")
        #expect(try stage.status("con_acme") == "ACTIVE -")
        #expect(stage.presentations("acme").count == 1)
        #expect(stage.world.exchangesKept == 0)
        // As old as its request: 3600 s from second 60 on.
        stage.world.advance(by: .seconds(3600 - 301))
        #expect(stage.presentations("acme").count == 2)
        try stage.restart()
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-3")
    }

    @Test("R8: wherever in a refresh the process dies, the next one has its token", arguments: 1...4)
    func diesAnywhere(changes: Int) throws {
        var setup = WorldSetup()
        setup.keepsExchanges = true
        let stage = try Stage(setup)
        stage.world.advance(by: .seconds(60))
        stage.world.die(afterChanges: changes)
        let line = stage.world.connect(uid: Stage.alice)
        _ = line.begin("refreshAccount", ["connectionId": "con_acme"])
        stage.world.settle()
        let died = stage.world.isDead
        #expect(died || changes > 2)
        try stage.restart()
        // Its caller is gone; whoever comes next may have to ask again.
        if try stage.credentials("con_acme")["accessToken"] == "access-acme-1" {
            _ = try stage.ask("refreshAccount", ["connectionId": "con_acme"])
        }
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-2")
        #expect(stage.presentations("acme").count == 1)
        #expect(stage.world.exchangesKept == 0)
    }

    @Test("One that died before anything left has presented nothing: its token is presented")
    func unsent() throws {
        var setup = WorldSetup()
        setup.keepsExchanges = true
        let stage = try Stage(setup)
        // Failures before it, in which nothing was presented either.
        stage.provider.override = { $0.url.contains("acme") ? .unreachable : nil }
        _ = try stage.ask("refreshAccount", ["connectionId": "con_acme", "timeoutMs": 0])
        stage.world.advance(by: .seconds(30))
        stage.provider.override = nil
        let before = stage.presentations("acme").count
        stage.world.die(afterChanges: 1)
        stage.world.advance(by: .seconds(600))
        #expect(stage.world.isDead && stage.world.unsent.count == 1 && stage.presentations("acme").count == before)
        try stage.restart()
        stage.world.advance(by: .seconds(600))
        #expect(try stage.status("con_acme") == "ACTIVE -")
        #expect(try stage.account("con_acme")["generation"] == 2)
        #expect(stage.presentations("acme").count == before + 1)
    }

    @Test("One that was the second to present a token has not undone the first")
    func unsentAgain() throws {
        let stage = try waiting("grace")
        // The first is lost, and the second dies before it leaves.
        stage.world.release(.lost)
        stage.world.die(afterChanges: 1)
        stage.world.advance(by: .seconds(60))
        #expect(stage.world.isDead)
        stage.provider.override = { $0.refreshToken == "canary-refresh-grace-1" ? .lost : nil }
        try stage.restart()
        stage.world.advance(by: .seconds(86_400))
        let presented = stage.presentations("grace").map(\.at)
        let first = try #require(presented.first)
        #expect(presented.count > 1 && presented.allSatisfy { first.duration(to: $0) < .seconds(600) })
        #expect(try stage.status("con_grace") == "EXPIRED uncertain")
    }

    @Test("An answer that never comes is lost when its time is up, and then nobody waits for it")
    func neverComes() throws {
        let stage = try waiting()
        try stage.restart()
        stage.world.advance(by: .seconds(599))
        #expect(stage.world.broker.refreshesInFlight == 1)
        stage.world.advance(by: .seconds(7200))
        #expect(try stage.status("con_acme") == "EXPIRED uncertain")
        #expect(stage.presentations("acme").count == 1)
        #expect(stage.world.exchangesKept == 0)
    }

    @Test("What no connection waits for is forgotten with the first configuration")
    func unclaimed() throws {
        let stage = try waiting()
        stage.yaml = stage.yaml.split(separator: "\n").filter { !$0.contains("con_acme,") }.joined(separator: "\n")
        #expect(stage.world.exchangesKept == 1)
        try stage.restart()
        #expect(stage.world.exchangesKept == 0 && stage.world.broker.refreshesInFlight == 0)
    }

    @Test("It is waited for also where the connection is disabled")
    func disabled() throws {
        let stage = try waiting()
        _ = try stage.ask("connectedAccounts.disable", ["id": "con_acme"], as: Stage.operator)
        try stage.restart()
        answer(stage)
        #expect(try stage.status("con_acme") == "INACTIVE disabled_by_caller")
        _ = try stage.ask("connectedAccounts.enable", ["id": "con_acme"], as: Stage.operator)
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-2")
        #expect(stage.presentations("acme").count == 1)
    }

    @Test("… and where the auth config is mended only later, of an account that was connected at run time")
    func mendedLater() throws {
        let stage = try waiting()
        let id = try #require(try stage.connectAtRunTime())
        stage.provider.override = { $0.refreshToken == "canary-refresh-run-1" ? .hold : nil }
        stage.world.advance(by: .seconds(3000))
        #expect(stage.presentations("run").count == 1)
        let (right, wrong) = ("ac_acme: { provider: acme,", "ac_acme: { provider: grace,")
        #expect(stage.yaml.contains(right))
        stage.yaml = stage.yaml.replacing(right, with: wrong)
        for _ in 0..<2 {
            try stage.restart()
            stage.world.advance(by: .seconds(60))
        }
        #expect(stage.world.pendingRequests.isEmpty && stage.world.exchangesKept == 1)
        stage.yaml = stage.yaml.replacing(wrong, with: right)
        try stage.reload()
        stage.provider.override = nil
        answer(stage)
        #expect(try stage.credentials(id, as: Stage.operator)["accessToken"] == "access-run-2")
        #expect(stage.presentations("run").count == 1 && stage.world.exchangesKept == 0)
    }

    @Test("Deleted while it is waited for, the connection does not come back with its answer")
    func deleted() throws {
        let stage = try waiting()
        try stage.restart()
        _ = stage.world.connect(uid: Stage.operator).begin(
            "connectedAccounts.delete", ["id": "con_acme", "revoke": false])
        answer(stage)
        #expect(stage.world.broker.refreshesInFlight == 0 && stage.world.exchangesKept == 0)
        // What the deletion waited for has come; the process dies before it is done.
        try stage.restart()
        #expect(try stage.account("con_acme").error != nil)
        #expect(stage.presentations("acme").count == 1)
    }

    @Test("Connected again meanwhile, the late answer is nobody's")
    func connectedAgain() throws {
        let stage = try waiting()
        stage.secrets["acme"] =
            #"{"access_token":"access-new-1","refresh_token":"canary-refresh-acmetwo-1","expires_at":\#(World.wallStart + 7200)}"#
        try stage.restart()
        #expect(stage.world.exchangesKept == 0)
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-new-1")
    }

    @Test("An answer for the tokens of one provider is not taken for another's that has the connection's name now")
    func anotherProvider() throws {
        let stage = try waiting()
        stage.provider.core.grants["run"] = OneUseProvider.Grant()
        stage.yaml = stage.yaml.replacing(
            "authConfig: ac_acme, alias: main, credentials: { credential: acme }",
            with: "authConfig: ac_grace, alias: main, credentials: { credential: acme }")
        stage.secrets["acme"] =
            #"{"access_token":"access-new-1","refresh_token":"canary-refresh-run-1","expires_at":\#(World.wallStart + 7200)}"#
        try stage.restart()
        #expect(stage.world.exchangesKept == 0 && stage.world.broker.refreshesInFlight == 0)
        // Nor is its own token taken for one that was presented.
        #expect(try stage.status("con_acme") == "ACTIVE -")
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-new-1")
        stage.world.advance(by: .seconds(7200))
        #expect(try stage.account("con_acme")["generation"] == 2)
        #expect(stage.presentations("run").count == 1)
    }

    @Test("Time in which no process waited counts: an answer is not waited for longer than by one process")
    func patienceIsOne() throws {
        let stage = try waiting()
        stage.world.advance(by: .seconds(500))
        try stage.restart()
        stage.world.advance(by: .seconds(99))
        #expect(stage.world.broker.refreshesInFlight == 1)
        stage.world.advance(by: .seconds(2))
        #expect(stage.world.broker.refreshesInFlight == 0)
    }

    @Test("… but what came while there was none is taken in, however long ago")
    func cameLongAgo() throws {
        let stage = try waiting()
        stage.world.clock.advance(by: .seconds(590))
        // In the midst of the pause.
        try stage.world.restart()
        stage.world.clock.advance(by: .seconds(300))
        try stage.reload()
        answer(stage)
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-2")
        #expect(stage.presentations("acme").count == 1)
    }

    @Test("While one hangs over a restart, its endpoint is asked by the others as if it were not there")
    func hangsAlone() throws {
        let stage = try waiting()
        // Another connection of the endpoint has failed before.
        stage.provider.override = { $0.refreshToken == "canary-refresh-acmetwo-1" ? .unreachable : nil }
        _ = try stage.ask("refreshAccount", ["connectionId": "con_acmetwo", "timeoutMs": 0], as: Stage.operator)
        stage.provider.override = nil
        try stage.restart()
        #expect(stage.world.broker.refreshesInFlight >= 1)
        stage.world.advance(by: .seconds(60))
        #expect(try stage.account("con_acmetwo")["generation"] == 2)
        #expect(stage.presentations("acme").count == 1)
    }
}
