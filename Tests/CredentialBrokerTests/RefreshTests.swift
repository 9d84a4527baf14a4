import ConnectedAccounts
import JSON
import SecretBytes
import SecretVault
import TestKit
import Testing

@testable import CredentialBroker

struct RefreshTests {
    @Test("R1: 200 callers at expiry cause one request, and the first one's leaving changes nothing")
    func oneRequestForAll() throws {
        let stage = try Stage()
        stage.provider.override = { _ in .hold }
        stage.world.suspend(for: .seconds(2 * 3600))
        let lines = (0..<200).map { _ in stage.world.connect(uid: Stage.alice) }
        let ids = lines.map { $0.begin("getConnectionCredentials", ["connectionId": "con_acme"]) }
        #expect(zip(lines, ids).allSatisfy { $0.answer(to: $1) == nil })
        lines[0].abandon()
        stage.world.releaseAll { stage.provider.core.receive($0) }
        #expect(stage.presentations("acme").count == 1)
        for (line, id) in zip(lines, ids).dropFirst() {
            #expect(line.answers(to: id).map { $0["result"]?["accessToken"]?.string } == ["access-acme-2"])
        }
        #expect(lines[0].answers(to: ids[0]).isEmpty)
        try stage.world.check()
    }

    @Test("R2: that a token was sent is in the vault before it is, with its generation and the time")
    func sentMarkComesFirst() throws {
        let stage = try Stage()
        let world = stage.world
        var marks: [[UInt8]?] = []
        stage.provider.override = { _ in
            marks.append(
                world.broker.withState { state, _ in
                    let mark = SecretBytes(utf8: "con_acme").withBytes { state.vault.handle(kind: 2, key: $0) }
                    return mark.flatMap { state.vault.withPayload($0) { bytes in bytes.indices.map { bytes[$0] } } }
                })
            return nil
        }
        let before = stage.world.now
        stage.world.advance(by: .seconds(60))
        _ = try stage.ask("refreshAccount", ["connectionId": "con_acme"])
        #expect(marks.count == 1)
        let mark = try #require(marks.first ?? nil)
        #expect(mark.prefix(8).elementsEqual([1, 0, 0, 0, 0, 0, 0, 0]))
        let at = mark.dropFirst(8).enumerated().reduce(Int64(0)) { $0 | Int64($1.element) << (8 * Int64($1.offset)) }
        #expect(at == before.advanced(by: .seconds(60)).nanoseconds)
    }

    @Test("R2: new tokens are in the vault before any caller sees them")
    func committedBeforeSeen() throws {
        let stage = try Stage()
        stage.provider.override = { _ in .hold }
        stage.world.suspend(for: .seconds(2 * 3600))
        let line = stage.world.connect(uid: Stage.alice)
        let id = line.begin("getConnectionCredentials", ["connectionId": "con_acme", "timeoutMs": 0])
        let waiting = line.begin("getConnectionCredentials", ["connectionId": "con_acme"])
        #expect(line.answer(to: id)?["error"] != nil)
        // A vault that takes nothing more: what it cannot keep is handed to nobody.
        stage.world.broker.wipe()
        stage.world.releaseAll { stage.provider.core.receive($0) }
        stage.world.advance(by: .seconds(10))
        #expect(line.answer(to: waiting)?["error"] != nil)
        let leaked = line.received.filter { (answer: JSONTree) in answer.json.contains("access-acme-2") }
        #expect(leaked.isEmpty)
        #expect(stage.presentations("acme").count == 1)
    }

    @Test("R2: after a refresh the vault holds the new tokens and no old one")
    func vaultHoldsTheNew() throws {
        let stage = try Stage()
        stage.world.advance(by: .seconds(60))
        _ = try stage.ask("refreshAccount", ["connectionId": "con_acme"])
        let texts = stage.world.broker.withState { state, _ in
            var texts: [String] = []
            state.vault.forEachRecord { _, _, _, payload in texts.append(String(secret: payload)) }
            return texts
        }
        #expect(texts.contains { $0.contains("canary-refresh-acme-2") && $0.contains("access-acme-2") })
        #expect(!texts.contains { $0.contains("canary-refresh-acme-1") || $0.contains("access-acme-1") })
    }

    @Test("R3: a late invalid_grant counts only against the tokens that were presented")
    func lateRejection() throws {
        let stage = try Stage()
        stage.provider.override = { $0.refreshToken == OneUseProvider.refreshToken("acme", 1) ? .hold : nil }
        stage.world.suspend(for: .seconds(3000))
        #expect(stage.world.pendingRequests.count == 1)
        stage.secrets["acme"] = stage.secrets["acme"]?.replacing("-acme-1", with: "-acme-5")
        stage.provider.core.grants["acme"]?.current = 5
        try stage.reload()
        stage.world.release(.error("invalid_grant"))
        #expect(try stage.status("con_acme") == "ACTIVE -")
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-5")
        _ = try stage.ask("refreshAccount", ["connectionId": "con_acme"])
        #expect(stage.presentations("acme").map(\.refreshToken) == ["canary-refresh-acme-1", "canary-refresh-acme-5"])
    }

    @Test("R3: tokens that come for a login that was replaced are nobody's")
    func lateTokens() throws {
        let stage = try Stage()
        stage.provider.override = { $0.refreshToken == OneUseProvider.refreshToken("acme", 1) ? .hold : nil }
        stage.world.suspend(for: .seconds(3000))
        stage.secrets["acme"] = stage.secrets["acme"]?.replacing("-acme-1", with: "-acme-5")
        try stage.reload()
        stage.world.release(.answer(#"{"access_token":"access-late","refresh_token":"canary-refresh-late-1"}"#))
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-5")
    }

    struct Outage: Sendable, CustomTestStringConvertible {
        let name: String
        let reaction: Reaction
        var testDescription: String { name }
    }

    static let outages = [
        Outage(name: "unreachable", reaction: .unreachable), Outage(name: "lost", reaction: .lost),
        Outage(name: "500", reaction: .answer(status: 500, "oops")),
        Outage(name: "captive portal", reaction: .answer("<html>Welcome</html>", contentType: "text/html")),
        Outage(name: "429", reaction: .answer(status: 429, "", retryAfter: "30")),
        Outage(name: "hangs", reaction: .hold),
        Outage(name: "invalid_client", reaction: .error("invalid_client", status: 401)),
        Outage(name: "invalid_grant", reaction: .error("invalid_grant")),
        Outage(name: "truncated", reaction: .answer(#"{"access_token":"acc"#)),
        Outage(name: "empty", reaction: .answer("")),
    ]

    @Test(
        "R4: a token that lives is served at once, to its last second, whatever the provider does", arguments: outages,
        ["con_acme", "con_grace", "con_again"])
    func liveTokenIsServed(_ outage: Outage, _ connectionID: String) throws {
        let stage = try Stage()
        stage.provider.override = { _ in outage.reaction }
        let line = stage.world.connect(uid: Stage.alice)
        for minute in 0..<60 {
            stage.world.advance(by: .seconds(minute == 59 ? 59 : 60))
            let id = line.begin("getConnectionCredentials", ["connectionId": .string(connectionID)])
            let token = line.answer(to: id)?["result"]?["accessToken"]?.string
            #expect(token == "access-\(connectionID.dropFirst(4))-1", "after \(minute) min")
        }
        // Its end.
        stage.world.advance(by: .seconds(1))
        let answer = try stage.credentials(connectionID, timeoutMs: 0)
        #expect(answer.error != nil)
        let text: String = answer.tree.json
        #expect(text.contains("access-") == false)
        try stage.world.check()
    }

    struct LifetimeRow: Sendable, CustomTestStringConvertible {
        let name: String
        let connection: String
        let answer: String
        let seconds: Int64?
        var testDescription: String { name }
    }

    /// `{"exp":1780276500}`: 4500 s after the world's start.
    private static let jwt = "eyJhbGciOiJub25lIn0.eyJleHAiOjE3ODAyNzY1MDB9.c2ln"

    static let lifetimes = [
        LifetimeRow(
            name: "expires_in before the token's own", connection: "con_again",
            answer: #"{"access_token":"\#(jwt)","expires_in":700}"#, seconds: 700),
        LifetimeRow(
            name: "the token's own before the catalogue's", connection: "con_gmail",
            answer: #"{"access_token":"\#(jwt)"}"#, seconds: 4440),
        LifetimeRow(
            name: "the catalogue's", connection: "con_gmail", answer: #"{"access_token":"access-x"}"#, seconds: 3600),
        LifetimeRow(
            name: "nothing is known", connection: "con_again", answer: #"{"access_token":"access-x"}"#, seconds: nil),
    ]

    @Test("R5: the lifetime is what is known best", arguments: lifetimes)
    func lifetime(_ row: LifetimeRow) throws {
        let stage = try Stage()
        stage.provider.override = { _ in .answer(row.answer) }
        stage.world.advance(by: .seconds(60))
        let answer = try stage.ask("refreshAccount", ["connectionId": .string(row.connection)])
        let expected = row.seconds.flatMap { wireTime(World.wallStart + 60 + $0) }
        #expect(answer["accessTokenExpiresAt"]?.string == expected)
    }

    @Test("R5: an answer that states no lifetime gets the last known one")
    func lastKnownLifetime() throws {
        let stage = try Stage()
        var answers = [#"{"access_token":"access-x","expires_in":600}"#, #"{"access_token":"access-y"}"#]
        stage.provider.override = { $0.url.contains("again") ? .answer(answers.removeFirst()) : nil }
        stage.world.advance(by: .seconds(60))
        _ = try stage.ask("refreshAccount", ["connectionId": "con_again"])
        stage.world.advance(by: .seconds(60))
        let answer = try stage.ask("refreshAccount", ["connectionId": "con_again"])
        #expect(answer["accessToken"] == "access-y")
        #expect(answer["accessTokenExpiresAt"]?.string == wireTime(World.wallStart + 720))
    }

    @Test("R5: the lifetime counts from when the request was sent")
    func lifetimeCountsFromSending() throws {
        let stage = try Stage()
        stage.provider.override = { $0.url.contains("again") ? .hold : nil }
        stage.world.suspend(for: .seconds(3000))
        stage.world.advance(by: .seconds(20))
        stage.world.releaseAll { _ in .answer(#"{"access_token":"access-x","expires_in":600}"#) }
        let expiry = try stage.account("con_again")["expiresAt"]?.string
        #expect(expiry == wireTime(World.wallStart + 3600))
    }

    @Test("R5: tokens are refreshed once in their life, not per call")
    func oncePerLife() throws {
        let stage = try Stage()
        for _ in 0..<240 {
            stage.world.advance(by: .seconds(60))
            #expect(try stage.credentials("con_acme").error == nil)
        }
        #expect((4...5).contains(stage.presentations("acme").count))
    }

    @Test("R7: after 15 hours of sleep refreshes start at once, and the first callers wait for them")
    func afterSuspend() throws {
        let stage = try Stage()
        stage.provider.override = { $0.url.contains("acme") ? .hold : nil }
        stage.world.suspend(for: .seconds(15 * 3600))
        #expect(stage.world.pendingRequests.count == 3)
        let line = stage.world.connect(uid: Stage.alice)
        let id = line.begin("getConnectionCredentials", ["connectionId": "con_acme"])
        let all = line.begin("getAccounts")
        stage.world.advance(by: .seconds(1))
        #expect(line.answer(to: id) == nil)
        #expect(line.answer(to: all) == nil)
        stage.provider.override = nil
        stage.world.releaseAll { stage.provider.core.receive($0) }
        #expect(line.answer(to: id)?["result"]?["accessToken"] == "access-acme-2")
        let accounts = line.answer(to: all)?["result"]?["accounts"]?.elements ?? []
        #expect(accounts.allSatisfy { $0["status"] == "ACTIVE" })
    }

    @Test("R9: one refresh of a grant serves all its organisations")
    func oneGrantSeveralAccounts() throws {
        let stage = try Stage()
        stage.world.advance(by: .seconds(60))
        _ = try stage.ask("refreshXeroAccountToken", ["organizationId": "org-1"])
        let accounts = try stage.ask("getXeroAccounts")["accounts"]?.elements ?? []
        #expect(accounts.map { $0["organizationId"]?.string } == ["org-1", "org-2"])
        #expect(accounts.map { $0["accessToken"]?.string } == ["access-xero-2", "access-xero-2"])
        #expect(stage.presentations("xero").count == 1)
        // Asked for the other one within the same moment: the token that has just come.
        let other = try stage.ask("refreshXeroAccountToken", ["organizationId": "org-2"])
        #expect(other["accessToken"] == "access-xero-2")
        #expect(stage.presentations("xero").count == 1)
    }

    @Test("R10: a disabled account's grant is used within its idle limit")
    func keptAlive() throws {
        let stage = try Stage()
        _ = try stage.ask("connectedAccounts.disable", ["id": "con_grace"], as: Stage.operator)
        stage.world.advance(by: .seconds(2 * 86_400))
        #expect(stage.presentations("grace").isEmpty)
        stage.world.advance(by: .seconds(86_400))
        #expect(stage.presentations("grace").count == 1)
        #expect(try stage.credentials("con_grace").errorName == "ACCOUNT_INACTIVE")
    }

    private func wireTime(_ seconds: Int64) -> String? {
        // Whole days are not crossed here.
        let time = seconds - World.wallStart
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "2026-06-01T\(two(time / 3600)):\(two(time / 60 % 60)):\(two(time % 60))Z"
    }
}
