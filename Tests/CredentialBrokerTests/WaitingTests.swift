import ConnectedAccounts
import CredentialBroker
import JSON
import SecretVault
import TestKit
import Testing

/// Calls that wait, the end of the daemon, and the vault at a quiet time.
struct WaitingTests {
    @Test("A connection may have 256 calls waiting; the next one is told, and the others are answered")
    func boundPerConnection() throws {
        let stage = try Stage()
        stage.provider.override = { $0.url.contains("acme") ? .hold : nil }
        stage.world.suspend(for: .seconds(4000))
        let line = stage.world.connect(uid: Stage.alice)
        let ids = (0..<257).map { _ in line.begin("getConnectionCredentials", ["connectionId": "con_acme"]) }
        #expect(line.answer(to: ids[256])?["error"]?["data"]?["code"] == "RATE_LIMITED")
        #expect(line.waiting == 256)
        stage.provider.override = nil
        stage.world.releaseAll { stage.provider.core.receive($0) }
        #expect(line.waiting == 0)
        #expect(ids.dropLast().allSatisfy { line.answers(to: $0).count == 1 })
    }

    private static let request =
        #"{"jsonrpc":"2.0","id":1,"method":"getConnectionCredentials","params":["con_acme",null,null,null,60000]}"#

    /// A stage where nobody gets an answer, and everybody of group 77 may ask.
    private func stageOfMany() throws -> Stage {
        let stage = try Stage()
        stage.yaml = stage.yaml.replacing("match: { uid: 1001 }", with: "match: { gid: 77 }")
        try stage.reload()
        stage.provider.override = { $0.url.contains("acme") ? .hold : nil }
        stage.world.suspend(for: .seconds(4000))
        return stage
    }

    /// Sixteen connections of one user, each with as many calls as it may have.
    private func fill(_ stage: Stage, uid: UInt32) -> [Line] {
        let lines = (0..<16).map { _ in stage.world.connect(uid: uid, gid: 77) }
        for line in lines {
            for _ in 0..<256 { line.send(Self.request) }
        }
        return lines
    }

    private func outcome(_ stage: Stage, uid: UInt32) -> [String?] {
        let line = stage.world.connect(uid: uid, gid: 77)
        line.send(Self.request)
        return line.received.map { $0["error"]?["data"]?["code"]?.string }
    }

    @Test("One user may have 4096 calls waiting, on all connections; others are not in their way")
    func boundPerUser() throws {
        let stage = try stageOfMany()
        let lines = fill(stage, uid: 2001)
        #expect(lines.allSatisfy { $0.received.isEmpty })
        #expect(outcome(stage, uid: 2001) == ["RATE_LIMITED"])
        #expect(outcome(stage, uid: 2002) == [])
        stage.provider.override = nil
        stage.world.releaseAll { stage.provider.core.receive($0) }
        #expect(lines.allSatisfy { $0.waiting == 0 })
        stage.provider.override = { $0.url.contains("acme") ? .hold : nil }
        stage.world.suspend(for: .seconds(4000))
        #expect(fill(stage, uid: 2001).allSatisfy { $0.received.isEmpty })
    }

    @Test("All connections together may have 16384 calls waiting; the next one is told when to try again")
    func boundInAll() throws {
        let stage = try stageOfMany()
        let lines = (2001..<2005 as Range<UInt32>).flatMap { fill(stage, uid: $0) }
        #expect(lines.allSatisfy { $0.received.isEmpty })
        #expect(outcome(stage, uid: 2005) == ["RATE_LIMITED"])
    }

    @Test("Calls of peers that are gone make room for others")
    func roomOfTheGone() throws {
        let stage = try stageOfMany()
        let lines = fill(stage, uid: 2001)
        lines[3].abandon()
        #expect(outcome(stage, uid: 2001) == [])
        for _ in 0..<255 { #expect(outcome(stage, uid: 2001) == []) }
        #expect(outcome(stage, uid: 2001) == ["RATE_LIMITED"])
        lines[4].abandon()
        // Whoever was refused was told to try again in a second.
        stage.world.suspend(for: .seconds(1))
        #expect(outcome(stage, uid: 2001) == [])
    }

    @Test(
        "At shutdown those who wait for what was sent have it, others are told, tokens that live are served, and nothing new is sent"
    )
    func shutdown() throws {
        let stage = try Stage()
        stage.provider.override = { $0.refreshToken == "canary-refresh-acme-1" ? .hold : nil }
        stage.world.suspend(for: .seconds(4000))
        let line = stage.world.connect(uid: Stage.alice)
        let waiting = line.begin("getConnectionCredentials", ["connectionId": "con_acme", "timeoutMs": 60_000])
        // So that no token counts as young.
        stage.world.advance(by: .seconds(20))
        stage.world.broker.beginStopping()
        #expect(line.answer(to: waiting) == nil)
        let joining = line.begin("getConnectionCredentials", ["connectionId": "con_acme", "timeoutMs": 60_000])
        let refused = line.begin("refreshAccount", ["connectionId": "con_again", "timeoutMs": 60_000])
        #expect(line.answer(to: refused)?["error"]?["data"]?["code"] == "SHUTTING_DOWN")
        #expect(try stage.credentials("con_grace")["accessToken"] == "access-grace-2")
        #expect(stage.world.broker.refreshesInFlight == 1)
        stage.provider.override = nil
        stage.world.releaseAll { stage.provider.core.receive($0) }
        #expect(stage.world.broker.refreshesInFlight == 0)
        for id in [waiting, joining] {
            #expect(line.answer(to: id)?["result"]?["accessToken"] == "access-acme-2")
        }
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-2")
        let sent = stage.world.ledger.count
        stage.world.advance(by: .seconds(7200))
        #expect(stage.world.ledger.count == sent)
    }

    @Test("The vault is compacted once a good part of it is dead, and everything in it stays")
    func compaction() throws {
        let stage = try Stage()
        let filler = String(repeating: "x", count: 30_000)
        var number = 1
        stage.provider.override = { request in
            guard request.url.contains("again") else { return nil }
            number += 1
            return .answer(#"{"access_token":"access-\#(number)-\#(filler)","expires_in":3600}"#)
        }
        for _ in 0..<20 {
            stage.world.advance(by: .seconds(60))
            _ = try stage.ask("refreshAccount", ["connectionId": "con_again"])
        }
        let before = stage.world.broker.vaultStatistics
        stage.world.broker.compactVault()
        let after = stage.world.broker.vaultStatistics
        #expect(before.deadBytes > 256 << 10 || before.compactions > 0)
        #expect(after.deadBytes <= max(before.deadBytes, 256 << 10))
        #expect(after.records == before.records)
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-1")
        #expect(try stage.credentials("con_again")["accessToken"]?.string?.hasPrefix("access-21-") == true)
    }

    @Test("A stop that has waited long enough tells those who still wait, and leaves nobody without an answer")
    func stopEnds() throws {
        let stage = try Stage()
        stage.provider.override = { $0.url.contains("acme") ? .hold : nil }
        stage.world.suspend(for: .seconds(4000))
        let line = stage.world.connect(uid: Stage.alice)
        let id = line.begin("getConnectionCredentials", ["connectionId": "con_acme", "timeoutMs": 60_000])
        stage.world.broker.beginStopping()
        #expect(line.answer(to: id) == nil, "its refresh was sent, and may still be answered")
        stage.world.broker.endWaiting()
        #expect(line.answer(to: id)?["error"]?["data"]?["code"] == "SHUTTING_DOWN")
    }
}
