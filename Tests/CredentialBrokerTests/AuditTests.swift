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
        for pid in 1...5000 as ClosedRange<Int32> {
            let line = stage.world.connect(uid: Stage.alice, pid: pid)
            _ = line.begin("getConnectionCredentials", ["connectionId": "con_pipe"])
        }
        stage.world.advance(by: .seconds(1))
        #expect(stage.world.auditRecords.count == 4096)
        #expect(stage.world.auditDropped == 904)
        let status = try stage.ask("daemon.status", as: Stage.operator)["audit"]
        #expect(status?["written"] == 4096)
        #expect(status?["dropped"] == 904)
    }

    @Test("While the log takes nothing, calls are answered and counted, and so is what the buffer cannot hold")
    func stalled() throws {
        let stage = try Stage()
        stage.world.auditHasRoom = false
        let line = stage.world.connect(uid: Stage.alice)
        for _ in 0..<20 {
            _ = line.begin("getConnectionCredentials", ["connectionId": "con_pipe"])
            stage.world.advance(by: .seconds(1))
        }
        for pid in 1...4100 as ClosedRange<Int32> {
            let other = stage.world.connect(uid: Stage.alice, pid: pid + 10_000)
            _ = other.begin("getConnectionCredentials", ["connectionId": "con_pipe"])
        }
        stage.world.advance(by: .seconds(5))
        #expect(stage.world.auditRecords.isEmpty)
        stage.world.auditHasRoom = true
        stage.world.advance(by: .seconds(1))
        #expect(stage.world.auditRecords.count == 4096)
        #expect(stage.world.auditRecords.first?.count == 20)
        #expect(stage.world.auditDropped == 5)
        let status = try stage.ask("daemon.status", as: Stage.operator)["audit"]
        #expect(status?["written"] == 4096)
        #expect(status?["dropped"] == 5)
    }

    @Test("At a stop what the audit holds is written, whatever its second")
    func ending() throws {
        let stage = try Stage()
        _ = try stage.credentials("con_acme", as: Stage.alice)
        #expect(stage.world.auditRecords.isEmpty)
        stage.world.broker.endAudit()
        #expect(stage.world.auditRecords.map(\.connectionID) == ["con_acme"])
        stage.world.advance(by: .seconds(2))
        #expect(stage.world.auditRecords.count == 1)
    }

    @Test("Who connects anew for each call makes no more records than who does not")
    func reconnecting() throws {
        let stage = try Stage()
        for pid in 1...500 as ClosedRange<Int32> {
            let stranger = stage.world.connect(uid: Stage.stranger, pid: pid)
            _ = stranger.begin("getConnectionCredentials", ["connectionId": "con_acme"])
            let line = stage.world.connect(uid: Stage.alice, pid: 7)
            _ = line.begin("getConnectionCredentials", ["connectionId": "con_acme"])
        }
        stage.world.advance(by: .seconds(1))
        #expect(records(stage, .denied).map(\.count) == [500])
        #expect(records(stage, .denied).map(\.peer.pid) == [1])
        #expect(records(stage, .issued).map(\.count) == [500])
        #expect(stage.world.auditDropped == 0)
    }

    @Test("One process is told from another, and one user from another")
    func apart() throws {
        let stage = try Stage()
        for pid in [7, 8, 7] as [Int32] {
            let line = stage.world.connect(uid: Stage.alice, pid: pid)
            _ = line.begin("getConnectionCredentials", ["connectionId": "con_acme"])
        }
        for uid in 2000..<2003 as Range<UInt32> {
            _ = stage.world.connect(uid: uid).begin("getAccounts")
            _ = stage.world.connect(uid: uid, gid: 1).begin("getAccounts")
        }
        stage.world.advance(by: .seconds(1))
        #expect(records(stage, .issued).map(\.peer.pid) == [7, 8])
        #expect(records(stage, .issued).map(\.count) == [2, 1])
        #expect(records(stage, .denied).count == 6)
    }

    @Test("Denials take a quarter of the buffer at most, and crowd out no record of a credential that was handed out")
    func denialsAreBounded() throws {
        let stage = try Stage()
        for uid in 10_000..<16_000 as Range<UInt32> { _ = stage.world.connect(uid: uid).begin("getAccounts") }
        for pid in 1...3000 as ClosedRange<Int32> {
            let line = stage.world.connect(uid: Stage.alice, pid: pid)
            _ = line.begin("getConnectionCredentials", ["connectionId": "con_pipe"])
        }
        stage.world.advance(by: .seconds(1))
        #expect(records(stage, .denied).count == 1024)
        #expect(records(stage, .issued).count == 3000)
        #expect(stage.world.auditDropped == 4976)
        _ = stage.world.connect(uid: 10_000).begin("getAccounts")
        stage.world.advance(by: .seconds(1))
        #expect(records(stage, .denied).count == 1025)
    }

    @Test("A denial says which operation was missing and which connection was asked for, by name and by position")
    func whatWasAskedFor() throws {
        let stage = try Stage()
        stage.world.advance(by: .seconds(1))
        for (method, params) in [
            ("getConnectionCredentials", ["connectionId": "con_acme"] as JSONTree),
            ("refreshAccount", ["con_maps"]), ("refreshAccount", ["provider": "acme", "account": "ada"]),
            ("refreshXeroAccountToken", ["organizationId": "org-1"]),
            ("connectedAccounts.disable", ["con_grace"]), ("daemon.status", [:]),
            ("session.create", ["userId": "canary-user"]), ("session.get", ["canary-session"]),
            ("getAccounts", ["provider": "canary-provider"]),
        ] {
            _ = try stage.ask(method, params, as: Stage.stranger)
            stage.world.advance(by: .seconds(1))
        }
        #expect(
            records(stage, .denied).map { "\($0.operation ?? "-") \($0.reference ?? "-")" } == [
                "credentials:read con_acme", "accounts:refresh con_maps", "accounts:refresh ada",
                "accounts:refresh org-1", "accounts:manage con_grace", "daemon:read -", "sessions:create -",
                "sessions:create -", "credentials:read -",
            ])
        try stage.world.check()
    }

    @Test("Of several denials in one batch the record has the first one's reference, and stays one")
    func firstReference() throws {
        let stage = try Stage()
        let line = stage.world.connect(uid: Stage.bob)
        for number in 1...100 {
            _ = line.begin("getConnectionCredentials", ["connectionId": .string("con_guess\(number)")])
        }
        stage.world.advance(by: .seconds(1))
        #expect(records(stage, .denied).map(\.reference) == ["con_guess1"])
        #expect(records(stage, .denied).map(\.count) == [100])
    }

    @Test("A call that is denied after it waited has its reference too")
    func deniedAfterWaiting() throws {
        let stage = try Stage()
        stage.provider.override = { $0.url.contains("acme") ? .hold : nil }
        stage.world.suspend(for: .seconds(4000))
        let line = stage.world.connect(uid: Stage.alice)
        _ = line.begin("getConnectionCredentials", ["connectionId": "main", "timeoutMs": 60_000])
        stage.yaml = stage.yaml.replacing("uid: 1001", with: "uid: 1009")
        try stage.reload()
        stage.world.advance(by: .seconds(1))
        #expect(records(stage, .denied).map(\.reference) == ["main"])
    }

    @Test(
        "A reference is short, printable and on one line, whatever a caller sends",
        arguments: [
            ("con_acme", "con_acme"), ("", ""), ("two words", "two words"), ("a\nb\u{1B}[2J", "a\\nb\\u{1B}[2J"),
            ("back\\slash", "back\\\\slash"), ("grün", "gr\\u{00FC}n"), ("\u{202E}x", "\\u{202E}x"),
            (String(repeating: "x", count: 64), String(repeating: "x", count: 64)),
            (String(repeating: "x", count: 200), String(repeating: "x", count: 64) + "..."),
        ])
    func referenceText(_ asked: String, _ text: String) throws {
        let stage = try Stage()
        _ = try stage.credentials(asked, as: Stage.bob)
        stage.world.advance(by: .seconds(1))
        #expect(records(stage, .denied).map(\.reference) == [text])
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
