import ConnectedAccounts
import CredentialBroker
import JSON
import TestKit
import Testing

/// Accounts that are connected again, and again: by the right person, under the right name, or not at all.
@Suite("Connecting again", .timeLimit(.minutes(2)))
struct ReconnectionTests {
    private static let tokens: JSONTree = [
        "access_token": "access-given", "refresh_token": "canary-refresh-given",
        "expires_at": .int(Int(World.wallStart) + 3600),
    ]
    private static let initiate: JSONTree = ["userId": "alice", "authConfigId": "ac_hub", "config": tokens]

    private func token(_ id: String, _ stage: LinkStage) async -> JSONTree? {
        let credentials = await stage.ask("getConnectionCredentials", ["connectionId": .string(id)])
        return credentials["accessToken"] ?? credentials.errorName.map { .string($0) }
    }

    /// Has the provider reject the connection's grant.
    private func kill(_ id: String, _ stage: LinkStage) async {
        stage.world.clock.advance(by: .seconds(60))
        stage.provider.set { $0.tokenAnswer = .error("invalid_grant") }
        _ = await stage.ask("connectedAccounts.refresh", ["id": .string(id)])
        stage.provider.set { $0.tokenAnswer = nil }
        #expect(await stage.status(id) == "FAILED invalid_grant")
    }

    private func become(_ login: String, _ subject: Int, _ stage: LinkStage) {
        stage.provider.set { ($0.login, $0.subject) = (login, subject) }
    }

    @Test("R11: tokens that a caller brings for a dead account are its own person's, or nobody's")
    func initiateOverDead() async throws {
        let stage = try LinkStage()
        let link = await stage.connect()
        await kill(link.id, stage)
        become("eve", 666, stage)
        let answer = await stage.ask("connectedAccounts.initiate", Self.initiate)
        #expect(answer["status"] == "FAILED" && answer["statusReason"] == "another_account")
        #expect(await token(link.id, stage) == "REAUTHORIZATION_REQUIRED")
        become("octocat", 583_231, stage)
        let again = await stage.ask("connectedAccounts.initiate", Self.initiate)
        #expect(again["status"] == "ACTIVE" && again["id"]?.string == link.id)
        #expect(await token(link.id, stage) == "access-given")
        try stage.world.check()
    }

    @Test("As long as the provider does not answer whose tokens they are, nobody gets them; then all goes on by itself")
    func identityOutage() async throws {
        let stage = try LinkStage()
        stage.provider.set { $0.identity = .error("oops", status: 503) }
        let link = await stage.connect()
        guard case .connected = link.result else {
            Issue.record("the tokens are lost")
            return
        }
        #expect(await stage.status(link.id) == "INITIATED identity_pending")
        #expect(await token(link.id, stage) == "UPSTREAM_UNAVAILABLE")
        try await stage.restart()
        #expect(await token(link.id, stage) == "UPSTREAM_UNAVAILABLE")
        stage.provider.set { $0.identity = nil }
        await stage.world.until(passing: .seconds(31)) { await stage.status(link.id) == "ACTIVE -" }
        #expect(await token(link.id, stage) == "access-hub-1")
        try stage.world.check()
    }

    @Test("A provider that will not say who it is connects a new account, and replaces none")
    func identityRefused() async throws {
        let stage = try LinkStage()
        let link = await stage.connect()
        await kill(link.id, stage)
        stage.provider.set { $0.identity = .error("forbidden", status: 403) }
        let again = await stage.connect()
        guard case .failed(let failed) = again.result else {
            Issue.record("connected")
            return
        }
        #expect(failed.reason == .identityUnknown && again.id == link.id)
        let other = await stage.connect(["userId": "bob", "authConfigId": "ac_hub"])
        #expect(await stage.status(other.id) == "ACTIVE -")
    }

    @Test("An alias is free again when its link came to nothing, or is replaced")
    func aliasOfLink() async throws {
        let stage = try LinkStage()
        let params: JSONTree = ["userId": "alice", "authConfigId": "ac_hub", "alias": "work"]
        _ = await stage.link(params)
        let denied = await stage.link(params)
        _ = await stage.comeBack("error=access_denied&state=\(denied.state)")
        let link = await stage.connect(params)
        #expect(await stage.ask("connectedAccounts.get", ["id": "work"])["id"]?.string == link.id)
        let taken = await stage.ask(
            "connectedAccounts.link",
            ["userId": "alice", "authConfigId": "ac_hub", "alias": "work", "allowMultiple": true])
        #expect(taken.errorName == "INVALID_PARAMS")
    }

    @Test("A dead account is found by who its user is, beside one that lives, and keeps its id")
    func revived() async throws {
        let stage = try LinkStage()
        let dead = await stage.connect(["userId": "alice", "authConfigId": "ac_hub", "alias": "first"])
        become("hubot", 480_938, stage)
        let second: JSONTree = ["userId": "alice", "authConfigId": "ac_hub", "allowMultiple": true]
        let living = await stage.connect(second)
        await kill(dead.id, stage)
        become("octocat", 583_231, stage)
        let link = await stage.link(second)
        let line = stage.world.connect(uid: 0)
        let waiting = line.begin("connectedAccounts.waitForConnection", ["id": .string(link.id)])
        guard case .connected(let connected) = await stage.comeBack("code=canary-code-1&state=\(link.state)") else {
            Issue.record("not connected")
            return
        }
        #expect(connected.connectionID == dead.id)
        #expect(await stage.answer(to: waiting, on: line)["id"]?.string == dead.id)
        let later = await stage.ask("connectedAccounts.waitForConnection", ["id": .string(link.id)])
        #expect(later["id"]?.string == dead.id && later["alias"] == "first" && later["status"] == "ACTIVE")
        #expect(await stage.status(link.id) == "NOT_FOUND -")
        #expect(await stage.status(living.id) == "ACTIVE -")
        // Also for whoever waits on the other side of a restart.
        try await stage.restart()
        let again = await stage.ask("connectedAccounts.waitForConnection", ["id": .string(link.id)])
        #expect(again["id"]?.string == dead.id && again["status"] == "ACTIVE")
        // The living one is connected: once.
        let twice = await stage.connect(second)
        guard case .failed(let failed) = twice.result else {
            Issue.record("connected twice")
            return
        }
        #expect(failed.reason == .alreadyConnected)
        try stage.world.check()
    }

    @Test("A refused reauthorization says why, and its tokens are ended at the provider")
    func refusedReauthorization() async throws {
        let stage = try LinkStage()
        let link = await stage.connect()
        await kill(link.id, stage)
        become("eve", 666, stage)
        let again = await stage.link()
        _ = await stage.comeBack("code=canary-code-1&state=\(again.state)")
        let told = await stage.ask("connectedAccounts.waitForConnection", ["id": .string(link.id)])
        #expect(told["status"] == "FAILED" && told["statusReason"] == "another_account")
        #expect(
            stage.provider.requests(to: "/revoke").map { $0.parameters["token"] }
                == ["canary-refresh-hub-2", "access-hub-2"])
        try await stage.restart()
        #expect(await stage.status(link.id) == "FAILED another_account")
        become("octocat", 583_231, stage)
        #expect(await stage.connect().id == link.id)
        #expect(await stage.status(link.id) == "ACTIVE -")
    }

    @Test("A link that was never completed is begun again under its own id")
    func oldLink() async throws {
        let stage = try LinkStage()
        let first = await stage.link()
        _ = await stage.comeBack("error=access_denied&state=\(first.state)")
        stage.world.clock.advance(by: .seconds(1))
        let second = await stage.link()
        _ = await stage.comeBack("error=access_denied&state=\(second.state)")
        let again = await stage.ask("connectedAccounts.refresh", ["id": .string(second.id)])
        #expect(again["id"]?.string == second.id && again["redirectUrl"]?.string != nil)
        _ = await stage.comeBack("code=canary-code-1&state=\(stage.state(of: again))")
        #expect(await stage.status(second.id) == "ACTIVE -")
    }

    @Test("A second consent adds its organisations to the connection that there is")
    func moreOrganisations() async throws {
        let stage = try LinkStage()
        let crew: JSONTree = ["userId": "alice", "authConfigId": "ac_crew", "allowMultiple": true]
        let first = await stage.connect(crew)
        let removed = await stage.ask("connectedAccounts.delete", ["id": "org-2", "revoke": false])
        #expect(removed["account"] != nil)
        let second = await stage.connect(crew)
        guard case .connected(let connected) = second.result else {
            Issue.record("refused")
            return
        }
        #expect(connected.connectionID == first.id)
        let accounts = await stage.ask("getAccounts", ["provider": "crew"])["accounts"]?.elements ?? []
        #expect(accounts.map { $0["organizationId"] } == ["org-1", "org-2"])
        #expect(accounts.allSatisfy { $0["accessToken"] == "access-hub-2" })
    }

    @Test("An organisation that cannot be ended at the provider now is not forgotten here")
    func organisationWithoutToken() async throws {
        let stage = try LinkStage()
        let link = await stage.connect(["userId": "alice", "authConfigId": "ac_crew"])
        _ = await stage.ask("connectedAccounts.disable", ["id": .string(link.id)])
        stage.world.clock.advance(by: .seconds(7200))
        let refused = await stage.ask("connectedAccounts.delete", ["id": "org-2"])
        #expect(refused.errorName == "UPSTREAM_UNAVAILABLE")
        #expect(await stage.ask("connectedAccounts.get", ["id": "org-2"])["id"]?.string == link.id)
        let forgotten = await stage.ask("connectedAccounts.delete", ["id": "org-2", "revoke": false])
        #expect(forgotten["account"]?["accountIdentifier"] == "org-2")
    }

    @Test("What is only a dead refresh token is refused")
    func deadRefreshToken() async throws {
        let stage = try LinkStage()
        stage.provider.set { $0.tokenAnswer = .error("invalid_grant") }
        let answer = await stage.ask(
            "connectedAccounts.initiate",
            ["userId": "alice", "authConfigId": "ac_hub", "config": ["refresh_token": "canary-refresh-dead"]])
        #expect(answer.errorName == "INVALID_PARAMS" && answer.error?["data"]?["statusReason"] == "invalid_grant")
        #expect(await stage.ask("connectedAccounts.list", [:])["items"] == [])
        stage.provider.set { $0.tokenAnswer = nil }
        let living = await stage.ask(
            "connectedAccounts.initiate",
            ["userId": "alice", "authConfigId": "ac_hub", "config": ["refresh_token": "canary-refresh-living"]])
        #expect(living["status"] == "ACTIVE")
        #expect(
            await stage.ask("connectedAccounts.get", ["id": living["id"] ?? .null])["identity"]?["accountIdentifier"]
                == "octocat")
        let twice = await stage.ask(
            "connectedAccounts.initiate",
            ["userId": "alice", "authConfigId": "ac_hub", "allowMultiple": true, "config": Self.tokens])
        #expect(twice.error?["data"]?["statusReason"] == "already_connected")
    }

    @Test("What other toolkits need of the same person and client outlives a deletion")
    func sharedGrant() async throws {
        let stage = try LinkStage()
        let yaml = LinkStage.yaml.replacing(
            "revocation: { url: \"https://id.hub.example/revoke\" }",
            with: "revocation: { url: \"https://id.hub.example/revoke\", endsOtherConnections: true }")
        try stage.world.apply(yaml: yaml, secrets: ["hub-secret": "canary-client-secret"])
        let one = await stage.connect()
        _ = await stage.connect(["userId": "alice", "authConfigId": "ac_hubtwo"])
        let answer = await stage.ask("connectedAccounts.delete", ["id": .string(one.id)])
        #expect(
            answer["tokens"]?.elements.map { $0["outcome"] } == [
                "kept_for_other_connection", "kept_for_other_connection",
            ])
        #expect(stage.provider.requests(to: "/revoke").isEmpty)
    }

    @Test("R11: a configured credential that becomes another person's replaces nobody")
    func importedAnother() async throws {
        let stage = try LinkStage()
        let yaml =
            LinkStage.yaml + """

                connections:
                  - { id: con_imported, userId: carol, authConfig: ac_hub, credentials: { credential: imported } }
                """
        func apply(_ token: String) throws {
            try stage.world.apply(
                yaml: yaml,
                secrets: [
                    "hub-secret": "canary-client-secret",
                    "imported": #"{"access_token":"\#(token)","refresh_token":"canary-refresh-\#(token)"}"#,
                ])
        }
        try apply("access-carol")
        #expect(await token("con_imported", stage) == "access-carol")
        // Known by its own name as soon as the provider has said it.
        await stage.world.until { await stage.ask("connectedAccounts.get", ["id": "octocat"]).error == nil }
        become("eve", 666, stage)
        try apply("access-eve")
        let refused = await token("con_imported", stage)
        #expect(refused == "UPSTREAM_UNAVAILABLE" || refused == "REAUTHORIZATION_REQUIRED")
        let told = await stage.ask("connectedAccounts.waitForConnection", ["id": "con_imported"])
        #expect(told["status"] == "FAILED" && told["statusReason"] == "another_account")
        try stage.world.check()
    }
}
