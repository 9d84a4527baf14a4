import CredentialBroker
import JSON
import TestKit
import Testing

/// A vault that has no room left: who is in it keeps what they have, and newcomers are told.
@Suite("A full vault")
struct FullVaultTests {
    /// A stage whose vault takes no account more, in segments of 256 KiB.
    private func fullStage() throws -> Stage {
        var setup = WorldSetup()
        setup.maximumVaultBytes = 256 << 10
        let stage = try Stage(setup)
        for number in 0..<1000 {
            let answer = try stage.ask(
                "connectedAccounts.initiate",
                [
                    "userId": .string("user_\(number)"), "authConfigId": "ac_pipe",
                    "config": .string("canary-\(String(repeating: "t", count: 2000))"),
                ], as: Stage.operator)
            if answer.error != nil {
                #expect(answer.errorName == "INTERNAL_ERROR" && number > 50)
                #expect(answer.error?["message"]?.string?.contains("no room") == true)
                return stage
            }
        }
        Issue.record("the vault takes everything")
        return stage
    }

    @Test("Nothing new is taken: no account, no link, no session; STATUS says why")
    func refusals() throws {
        let stage = try fullStage()
        let link = try stage.ask(
            "connectedAccounts.link", ["userId": "carol", "authConfigId": "ac_acme"], as: Stage.operator)
        #expect(link.errorName == "INTERNAL_ERROR")
        #expect(try stage.ask("session.create", ["userId": "alice"]).errorName == "INTERNAL_ERROR")
        #expect(stage.world.broker.summary().shortcomings.contains("the vault is full: no account can be added"))
    }

    @Test("Refreshed tokens that are longer than those before are kept, over a restart too")
    func longerTokens() throws {
        let stage = try fullStage()
        for round in 2..<8 {
            let length = round * 400
            stage.provider.override = { request in
                guard request.refreshToken?.hasPrefix("canary-refresh-acme-") == true else { return nil }
                let token = "a\(round)" + String(repeating: "x", count: length)
                return .answer(
                    #"{"access_token":"\#(token)","refresh_token":"canary-refresh-acme-\#(round)","expires_in":3600}"#)
            }
            stage.world.advance(by: .seconds(3600))
            #expect(try stage.credentials("con_acme")["accessToken"]?.string?.hasPrefix("a\(round)x") == true)
            try stage.restart()
            #expect(try stage.credentials("con_acme")["accessToken"]?.string?.hasPrefix("a\(round)x") == true)
        }
        #expect(try stage.status("con_acme") == "ACTIVE -")
    }

    @Test("Room that is made is used again")
    func room() throws {
        let stage = try fullStage()
        let items =
            try stage.ask("connectedAccounts.list", ["limit": 1000], as: Stage.operator)["items"]?.elements ?? []
        for item in items.filter({ $0["toolkit"]?["slug"] == "pipe" }).prefix(40) {
            _ = try stage.ask(
                "connectedAccounts.delete", ["id": item["id"] ?? .null, "revoke": false], as: Stage.operator)
        }
        #expect(try stage.ask("session.create", ["userId": "alice"]).error == nil)
        #expect(stage.world.broker.summary().shortcomings.allSatisfy { !$0.contains("full") })
    }
}
