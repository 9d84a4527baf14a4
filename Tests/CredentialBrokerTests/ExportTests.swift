import ConnectedAccounts
import CredentialBroker
import JSON
import SecretVault
import TestKit
import Testing
import VaultExport

/// `daemon.export` at one daemon, and the next one that goes on from it after a reboot.
@Suite("An export, a reboot, and an import")
struct ExportTests {
    private static let keyText = "canary-export-key-0123456789abcdef"

    /// The stage with a key for exports.
    private func stage(seed: UInt64 = 1) throws -> Stage {
        let stage = try Stage(seed: seed)
        stage.yaml += "\nexport: { key: { credential: export-key } }\n"
        stage.secrets["export-key"] = Self.keyText
        try stage.reload()
        return stage
    }

    /// All pages, as `purser export` writes them.
    private func export(_ stage: Stage) throws -> String {
        var text = ""
        var cursor: JSONTree = .null
        repeat {
            let page = try stage.ask("daemon.export", ["cursor": cursor], as: Stage.operator)
            let lines = try #require(page["lines"]?.elements, "\(page.tree.json)")
            #expect(lines.count <= 4 && lines.isEmpty == (cursor == .null))
            for line in lines { text += (line.string ?? "?") + "\n" }
            cursor = page["nextCursor"] ?? .null
        } while cursor != .null
        return text
    }

    /// The one page behind an answer that was waited for.
    private func text(_ answer: JSONTree?, _ stage: Stage) throws -> String {
        let cursor = try #require(answer?["result"]?["nextCursor"], "\(answer?.json ?? "no answer")")
        let page = try stage.ask("daemon.export", ["cursor": cursor], as: Stage.operator)
        #expect(page["nextCursor"] == JSONTree.null)
        return (page["lines"]?.elements ?? []).map { $0.string ?? "?" }.joined(separator: "\n")
    }

    /// What management says of all connections, but for when they are refreshed next: that is drawn anew.
    private func accounts(_ stage: Stage) throws -> [String] {
        let answer = try stage.ask("connectedAccounts.list", nil, as: Stage.operator)
        return answer["items"]?.elements.map { item in
            JSONTree.object(item.members.filter { $0.key != "nextRefreshAt" }).json
        } ?? []
    }

    @Test("After it every account is as it was, and no refresh token is presented twice")
    func nothingIsLost() throws {
        let before = try stage()
        before.world.advance(by: .seconds(7000))
        let key = try before.ask(
            "connectedAccounts.initiate",
            ["userId": "carol", "authConfigId": "ac_weather", "config": "canary-key", "alias": "home"],
            as: Stage.operator)
        _ = try before.ask("connectedAccounts.disable", ["id": "con_again"], as: Stage.operator)
        let session = try before.ask("session.create", ["userId": "alice"])
        let tokens = try before.ask("getAccounts").tree
        let accounts = try accounts(before)
        let text = try export(before)

        let after = try Stage(rebooting: before, export: text, after: .seconds(60))
        #expect(try self.accounts(after) == accounts)
        #expect(try after.ask("getAccounts").tree == tokens)
        #expect(after.world.broker.restored.connections == accounts.count)
        #expect(after.world.warnings.isEmpty)
        #expect(after.world.imported?.age == .seconds(60))
        let restored = try after.ask("session.get", ["sessionId": session["sessionId"] ?? .null])
        #expect(restored["userId"] == "alice")
        #expect(accounts.contains { $0.contains(key["id"]?.string ?? "?") })

        after.world.advance(by: .seconds(86_400))
        #expect(try after.status("con_acme") == "ACTIVE -")
        #expect(after.provider.core.reused.isEmpty)
        let presented = (before.world.ledger + after.world.ledger).compactMap(\.refreshToken)
            .filter { $0.contains("acme") }
        #expect(Set(presented).count == presented.count && presented.count > 40)
        try before.world.check()
        try after.world.check()
    }

    @Test("Time that passed while the machine was off counts: what ran out is refreshed before it is served")
    func timePassed() throws {
        let before = try stage()
        before.world.advance(by: .seconds(60))
        let text = try export(before)
        let after = try Stage(rebooting: before, export: text, after: .seconds(15 * 3600))
        let account = try after.credentials("con_acme")
        #expect(account["accessToken"] == "access-acme-2")
        #expect(after.provider.core.reused.isEmpty)
    }

    @Test("Of a wall clock that went back no time is taken for passed")
    func clockBehind() throws {
        let before = try stage()
        before.world.advance(by: .seconds(1000))
        let text = try export(before)
        let after = try Stage(rebooting: before, export: text, after: .seconds(-500_000))
        #expect(after.world.imported?.age == .zero)
        #expect(try after.credentials("con_acme")["accessToken"] == "access-acme-1")
        // 2600 s are left of it.
        after.world.advance(by: .seconds(2601))
        #expect(try after.credentials("con_acme")["accessToken"] == "access-acme-2")
    }

    @Test("Without the export the same reboot brings back what is configured, spent tokens included")
    func withoutExport() throws {
        let before = try stage()
        before.world.advance(by: .seconds(7000))
        let after = try Stage(rebooting: before, export: nil, after: .seconds(60))
        after.world.advance(by: .seconds(3600))
        #expect(try after.status("con_acme") == "FAILED invalid_grant")
    }

    @Test("From its call on nothing is refreshed or changed, and what lives is served")
    func handedOver() throws {
        let stage = try stage()
        _ = try export(stage)
        let requests = stage.world.ledger.count
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-1")
        for (method, params) in [
            ("connectedAccounts.disable", ["id": "con_acme"]), ("connectedAccounts.delete", ["id": "con_acme"]),
            ("connectedAccounts.update", ["id": "con_acme", "alias": "x"]),
            (
                "connectedAccounts.initiate",
                ["userId": "carol", "authConfigId": "ac_weather", "config": "canary-key"]
            ),
            ("session.create", ["userId": "alice"]),
        ] as [(String, JSONTree)] {
            let answer = try stage.ask(method, params, as: Stage.operator)
            #expect(answer.errorName == "SHUTTING_DOWN", "\(method)")
            #expect(answer.error?["message"]?.string?.contains("handed over") == true)
        }
        #expect(try stage.ask("refreshAccount", ["connectionId": "con_acme"]).errorName == "SHUTTING_DOWN")
        stage.world.advance(by: .seconds(86_400))
        #expect(stage.world.ledger.count == requests)
        let records = stage.world.auditRecords.filter { $0.outcome == .exported }
        #expect(records.count == 1 && records.first?.peer.uid == 0 && records.first?.agent == "operator")
        let status = try stage.ask("daemon.status", nil, as: Stage.operator)
        #expect(status["health"] == "degraded" && status["vault"]?["exportedAt"]?.string != nil)
        #expect(stage.world.broker.summary().shortcomings.contains { $0.contains("handed over") })
    }

    @Test("A restart in place of the reboot goes on as if there had been no export")
    func restart() throws {
        let stage = try stage()
        _ = try export(stage)
        try stage.restart()
        stage.world.advance(by: .seconds(7000))
        #expect(try stage.status("con_acme") == "ACTIVE -")
        #expect(stage.provider.core.reused.isEmpty)
    }

    @Test("It waits for a refresh that is under way, whose tokens are in it then")
    func waitsForAnswer() throws {
        let stage = try stage()
        stage.provider.override = { $0.refreshToken?.contains("acme-1") == true ? .hold : nil }
        let caller = stage.world.connect(uid: Stage.alice)
        let refresh = caller.begin("refreshAccount", ["connectionId": "con_acme"])
        stage.world.settle()
        let operators = stage.world.connect(uid: Stage.operator)
        let id = operators.begin("daemon.export")
        stage.world.settle()
        #expect(operators.answer(to: id) == nil)
        #expect(caller.answer(to: refresh) == nil)
        let request = try #require(stage.world.pendingRequests.first)
        stage.world.release(stage.provider.core.receive(request))
        #expect(caller.answer(to: refresh)?["result"]?["accessToken"] == "access-acme-2")
        let text = try text(operators.answer(to: id), stage)
        let after = try Stage(rebooting: stage, export: text, after: .seconds(10))
        #expect(try after.credentials("con_acme")["accessToken"] == "access-acme-2")
    }

    @Test("Where the answer does not come in time the export says that the token was sent")
    func answerTooLate() throws {
        let stage = try stage()
        stage.provider.override = { $0.refreshToken?.contains("acme-1") == true ? .hold : nil }
        _ = stage.world.connect(uid: Stage.alice).begin("refreshAccount", ["connectionId": "con_acme"])
        stage.world.settle()
        let operators = stage.world.connect(uid: Stage.operator)
        let id = operators.begin("daemon.export", ["timeoutMs": 3000])
        stage.world.advance(by: .seconds(3))
        let text = try text(operators.answer(to: id), stage)
        stage.provider.override = nil
        let after = try Stage(rebooting: stage, export: text, after: .seconds(10))
        #expect(after.world.broker.restored.uncertain == 1)
        #expect(try after.credentials("con_acme")["accessToken"] == "access-acme-1")
        after.world.advance(by: .seconds(86_400))
        #expect(try after.status("con_acme") == "EXPIRED uncertain")
        #expect(after.presentations("acme").isEmpty)
    }

    @Test("A caller who does not come for the pages has no export, and the daemon goes on by itself")
    func abandoned() throws {
        let stage = try stage()
        let first = try stage.ask("daemon.export", nil, as: Stage.operator)
        #expect(try stage.ask("session.create", ["userId": "alice"]).errorName == "SHUTTING_DOWN")
        #expect(try stage.ask("daemon.status", nil, as: Stage.operator)["vault"]?["exportedAt"]?.string == nil)
        #expect(stage.world.broker.summary().shortcomings.contains { $0.contains("is being fetched") })
        stage.world.advance(by: .seconds(30))
        #expect(try stage.ask("session.create", ["userId": "alice"]).error == nil)
        let late = try stage.ask("daemon.export", ["cursor": first["nextCursor"] ?? .null], as: Stage.operator)
        #expect(late.errorName == "INVALID_PARAMS")
        stage.world.advance(by: .seconds(7200))
        #expect(try stage.status("con_acme") == "ACTIVE -")
        #expect(
            stage.presentations("acme").count >= 2 && stage.world.auditRecords.allSatisfy { $0.outcome != .exported })
    }

    @Test("Once an export was fetched, asking for another one gives nothing back")
    func fetchedOnce() throws {
        let stage = try stage()
        _ = try export(stage)
        _ = try stage.ask("daemon.export", nil, as: Stage.operator)
        let requests = stage.world.ledger.count
        stage.world.advance(by: .seconds(7200))
        #expect(stage.world.ledger.count == requests)
        #expect(try stage.ask("session.create", ["userId": "alice"]).errorName == "SHUTTING_DOWN")
    }

    @Test("A refresh that had not been sent yet is not sent after the export was made")
    func notSentYet() throws {
        let stage = try stage()
        stage.provider.override = { $0.url.contains(".well-known") ? .hold : nil }
        stage.world.advance(by: .seconds(3300))
        #expect(stage.world.pendingRequests.count == 1)
        let first = try stage.ask("daemon.export", ["timeoutMs": 0], as: Stage.operator)
        stage.provider.override = nil
        stage.world.releaseAll { stage.provider.react($0) }
        _ = try stage.ask("daemon.export", ["cursor": first["nextCursor"] ?? .null], as: Stage.operator)
        stage.world.advance(by: .seconds(600))
        #expect(stage.presentations("found").isEmpty)
    }

    @Test("However little time seems to have passed, a token that was sent is not presented again after a reboot")
    func graceIsOver() throws {
        let stage = try stage()
        stage.provider.override = { $0.refreshToken?.contains("grace-1") == true ? .hold : nil }
        _ = stage.world.connect(uid: Stage.alice).begin("refreshAccount", ["connectionId": "con_grace"])
        stage.world.settle()
        let first = try stage.ask("daemon.export", ["timeoutMs": 0], as: Stage.operator)
        let text = try text(["result": first.result ?? .null], stage)
        stage.provider.override = nil
        let after = try Stage(rebooting: stage, export: text, after: .seconds(5))
        after.world.advance(by: .seconds(86_400))
        #expect(try after.status("con_grace") == "EXPIRED uncertain")
        #expect(after.presentations("grace").isEmpty)
    }

    @Test("A vault knows its own newest export from all others")
    func ownExport() throws {
        let stage = try stage()
        let first = Array(try export(stage).utf8)
        let other = Array(try export(try self.stage(seed: 2)).utf8)
        try stage.world.withVault { vault in
            let isOwn = VaultImport.isExport(first.span, of: vault)
            let isOther = VaultImport.isExport(other.span, of: vault)
            let isGarbage = VaultImport.isExport(Array("garbage".utf8).span, of: vault)
            #expect(isOwn && !isOther && !isGarbage)
        }
    }

    @Test("A pending link goes on after the reboot, and ends when it would have ended")
    func link() throws {
        let before = try stage()
        let link = try before.ask(
            "connectedAccounts.link", ["userId": "carol", "authConfigId": "ac_acme"], as: Stage.operator)
        before.world.advance(by: .seconds(100))
        let text = try export(before)
        let after = try Stage(rebooting: before, export: text, after: .seconds(100))
        let id = try #require(link["id"]?.string)
        #expect(try after.status(id) == "INITIATED consent_pending")
        after.world.advance(by: .seconds(401))
        #expect(try after.status(id).hasPrefix("EXPIRED"))
    }

    @Test("Only who may see everything may have it made, and only where there is a key")
    func whoMay() throws {
        let stage = try stage()
        #expect(try stage.ask("daemon.export", nil, as: Stage.alice).errorName == "FORBIDDEN")
        #expect(try stage.ask("daemon.export", nil, as: Stage.stranger).errorName == "FORBIDDEN")
        stage.yaml = stage.yaml.replacing("operations: [\"*\"] } ]", with: "operations: [\"daemon:read\"] } ]")
        try stage.reload()
        #expect(try stage.ask("daemon.export", nil, as: Stage.operator).errorName == "FORBIDDEN")

        let plain = try Stage()
        #expect(try plain.ask("daemon.export", nil, as: Stage.operator).errorName == "NOT_CONFIGURED")
        // It has changed nothing.
        #expect(try plain.ask("session.create", ["userId": "alice"]).error == nil)
    }

    @Test("A key that cannot be read is kept from before; one that is too short, or configured no more, is not used")
    func keys() throws {
        let kept = try stage()
        kept.secrets["export-key"] = nil
        try kept.reload()
        #expect(kept.world.warnings.contains { $0.contains("export.key") })
        try kept.restart()
        #expect(try export(kept).hasPrefix("purser-export/1 "))

        let short = try Stage()
        short.yaml += "\nexport: { key: { credential: export-key } }\n"
        short.secrets["export-key"] = "too-short"
        try short.reload()
        #expect(short.world.warnings.contains { $0.contains("export.key") && $0.contains("at least 32") })
        #expect(try short.ask("daemon.export", nil, as: Stage.operator).errorName == "NOT_CONFIGURED")

        let removed = try stage()
        removed.yaml = StageText.yaml
        try removed.reload()
        #expect(try removed.ask("daemon.export", nil, as: Stage.operator).errorName == "NOT_CONFIGURED")
    }

    @Test("The text shows no secret, and none of the key; with another key, or cut short, it is refused whole")
    func sealed() throws {
        let before = try stage()
        let text = try export(before)
        #expect(!text.contains("canary") && !text.contains("con_acme"))
        before.secrets["export-key"] = "another-key-0123456789-0123456789"
        #expect(throws: VaultImport.Failure.self) {
            try Stage(rebooting: before, export: text, after: .zero)
        }
        before.secrets["export-key"] = Self.keyText
        for cut in [text.count / 3, text.count - 2] {
            #expect(throws: VaultImport.Failure.self) {
                try Stage(rebooting: before, export: String(text.prefix(cut)), after: .zero)
            }
        }
        before.secrets["export-key"] = nil
        #expect(throws: VaultImport.Failure.self) {
            try Stage(rebooting: before, export: text, after: .zero)
        }
    }

    @Test("Many connections come in pages, and a cursor is good for its own export only")
    func pages() throws {
        let stage = try stage()
        for number in 0..<40 {
            let answer = try stage.ask(
                "connectedAccounts.initiate",
                [
                    "userId": .string("user_\(number)"), "authConfigId": "ac_pipe",
                    "config": .string("canary-\(String(repeating: "t", count: 8000))\(number)"),
                ], as: Stage.operator)
            try #require(answer.error == nil)
        }
        let first = try stage.ask("daemon.export", nil, as: Stage.operator)
        let cursor = try #require(first["nextCursor"]?.string)
        #expect(first["lines"]?.elements == [] && first["connections"] == 53)
        let page = try stage.ask("daemon.export", ["cursor": .string(cursor)], as: Stage.operator)
        #expect(page["lines"]?.elements.count == 4 && page["nextCursor"]?.string != nil)
        // As long as nothing is new it is the same, whoever asks.
        let again = try stage.ask("daemon.export", nil, as: Stage.operator)
        #expect(again["nextCursor"] == first["nextCursor"])
        for wrong in ["", ".", "x.1", "\(cursor)9999"] {
            let answer = try stage.ask("daemon.export", ["cursor": .string(wrong)], as: Stage.operator)
            #expect(answer.errorName == "INVALID_PARAMS" && answer.errorData?["parameter"] == "cursor", "\(wrong)")
        }
        let after = try Stage(rebooting: stage, export: try export(stage), after: .seconds(5))
        #expect(after.world.broker.restored.connections == 53)
    }
}
