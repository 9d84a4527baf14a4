import ConnectedAccounts
import CredentialBroker
import JSON
import TestKit
import Testing

struct AuditTests {
    private func records(_ stage: Stage, _ outcome: AuditRecord.Outcome) -> [AuditRecord] {
        stage.world.auditRecords.filter { $0.outcome == outcome }
    }

    @Test("Repeats of one read are one record with a count, and a new token is another")
    func repeats() throws {
        let stage = try Stage()
        let line = stage.world.connect(uid: Stage.alice)
        for _ in 0..<50 { _ = line.begin("getConnectionCredentials", ["connectionId": "con_acme"]) }
        _ = line.begin("getAccounts", ["toolkit": "acme"])
        stage.world.advance(by: .seconds(1))
        let first = records(stage, .issued)
        #expect(first.map(\.connectionID) == ["con_acme", "con_acme", "con_acmetwo"])
        #expect(first.map(\.count) == [50, 1, 1])
        #expect(first.map(\.method) == ["getConnectionCredentials", "getAccounts", "getAccounts"])
        #expect(first[0].agent == "alice")
        #expect(first[0].peer.uid == Stage.alice)
        #expect(first[0].remainingSeconds == 3600)
        #expect(first[0].fingerprint == first[1].fingerprint)
        #expect(first[0].fingerprint != first[2].fingerprint)
        stage.world.advance(by: .seconds(60))
        _ = line.begin("refreshAccount", ["connectionId": "con_acme"])
        stage.world.advance(by: .seconds(1))
        let last = try #require(records(stage, .issued).last)
        #expect(last.generation == 2)
        #expect(last.fingerprint != first[0].fingerprint)
    }

    @Test("Denials are recorded, and what gives no credential is not")
    func denials() throws {
        let stage = try Stage()
        _ = try stage.ask("getAccounts", as: Stage.stranger)
        _ = try stage.credentials("con_acme", as: Stage.bob)
        _ = try stage.credentials("con_nothing", as: Stage.operator)
        _ = try stage.ask("connectedAccounts.list")
        _ = try stage.ask("daemon.explain", as: Stage.stranger)
        _ = try stage.ask("getAccounts", ["nonsense": 1])
        stage.world.advance(by: .seconds(2))
        #expect(records(stage, .denied).map(\.peer.uid) == [Stage.stranger, Stage.bob, Stage.operator])
        #expect(records(stage, .denied).map(\.agent) == [nil, "bob", "operator"])
        #expect(records(stage, .issued).isEmpty)
    }

    @Test("An account that is listed without its credential is not recorded as handed out")
    func listedOnly() throws {
        let stage = try Stage()
        _ = try stage.ask("connectedAccounts.disable", ["id": "con_acme"], as: Stage.operator)
        _ = try stage.ask("getAccounts", ["toolkit": "acme"])
        stage.world.advance(by: .seconds(2))
        #expect(records(stage, .issued).map(\.connectionID) == ["con_acmetwo"])
    }

    @Test("The buffer is bounded; what it drops is counted and said")
    func bounded() throws {
        let stage = try Stage()
        for _ in 0..<5000 {
            let line = stage.world.connect(uid: Stage.alice)
            _ = line.begin("getConnectionCredentials", ["connectionId": "con_pipe"])
        }
        stage.world.advance(by: .seconds(1))
        #expect(stage.world.auditRecords.count == 4096)
        #expect(stage.world.auditDropped == 904)
        let status = try stage.ask("daemon.status", as: Stage.operator)["audit"]
        #expect(status?["written"] == 4096)
        #expect(status?["dropped"] == 904)
    }

    @Test("A slot that passes to another connection within one batch is recorded apart")
    func reusedSlot() throws {
        let stage = try Stage()
        let line = stage.world.connect(uid: Stage.alice)
        _ = line.begin("getConnectionCredentials", ["connectionId": "con_acme"])
        stage.yaml = stage.yaml.replacing("id: con_acme,", with: "id: con_heir,")
        try stage.reload()
        _ = line.begin("getConnectionCredentials", ["connectionId": "con_heir"])
        stage.world.advance(by: .seconds(1))
        #expect(records(stage, .issued).map(\.connectionID) == ["con_acme", "con_heir"])
    }
}
