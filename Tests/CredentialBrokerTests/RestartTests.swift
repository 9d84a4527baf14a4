import ConnectedAccounts
import CredentialBroker
import JSON
import SecretBytes
import SecretVault
import TestKit
import Testing

/// The process is killed at any instant, and the next one finds the vault as it was.
@Suite("A crash, and another process")
struct RestartTests {
    /// What management says of all connections, but for when they are refreshed next: that is drawn anew.
    private func accounts(_ stage: Stage) throws -> [String] {
        let answer = try stage.ask("connectedAccounts.list", nil, as: Stage.operator)
        return answer["items"]?.elements.map { item in
            JSONTree.object(item.members.filter { $0.key != "nextRefreshAt" }).json
        } ?? []
    }

    @Test("Every connection is as it was, with the tokens that it had")
    func sameAsBefore() throws {
        let stage = try Stage()
        stage.world.advance(by: .seconds(3000))
        _ = try stage.ask("connectedAccounts.disable", ["id": "con_again"], as: Stage.operator)
        let key = try stage.ask(
            "connectedAccounts.initiate",
            ["userId": "carol", "authConfigId": "ac_weather", "config": "canary-key", "alias": "home"],
            as: Stage.operator)
        let before = try accounts(stage)
        let tokens = try stage.ask("getAccounts").tree
        let requests = stage.world.ledger.count
        for _ in 0..<3 {
            try stage.restart()
            #expect(try accounts(stage) == before)
            #expect(try stage.ask("getAccounts").tree == tokens)
        }
        #expect(stage.world.ledger.count == requests)
        #expect(stage.world.broker.restored.connections == before.count)
        #expect(before.contains { $0.contains(key["id"]?.string ?? "?") })
        #expect(stage.world.warnings.isEmpty)
    }

    @Test("The newest one-use token is the one that is presented next, each once")
    func oneUse() throws {
        let stage = try Stage()
        for _ in 0..<20 {
            stage.world.advance(by: .seconds(3600))
            try stage.restart()
        }
        #expect(try stage.status("con_acme") == "ACTIVE -")
        let presented = stage.presentations("acme").compactMap(\.refreshToken)
        #expect(presented.count >= 20 && Set(presented).count == presented.count)
    }

    /// The process is killed after a refresh was sent, and before its answer came.
    private func killedWhileWaiting(_ connectionID: String) throws -> Stage {
        let stage = try Stage()
        stage.world.advance(by: .seconds(60))
        stage.provider.override = { _ in .hold }
        let line = stage.world.connect(uid: Stage.alice)
        _ = line.begin("refreshAccount", ["connectionId": .string(connectionID)])
        stage.world.settle()
        #expect(stage.world.pendingRequests.count == 1)
        stage.provider.override = nil
        try stage.restart()
        #expect(stage.world.broker.restored.uncertain == 1)
        return stage
    }

    @Test("Never: a token whose answer was lost is served to its end and not presented again")
    func lostForEver() throws {
        let stage = try killedWhileWaiting("con_acme")
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-1")
        stage.world.advance(by: .seconds(86_400))
        #expect(try stage.status("con_acme") == "EXPIRED uncertain")
        try stage.restart()
        #expect(try stage.status("con_acme") == "EXPIRED uncertain")
        #expect(stage.presentations("acme").count == 1)
    }

    @Test("Within the provider's grace the token is presented again, counted from the first time; not after it")
    func grace() throws {
        let stage = try killedWhileWaiting("con_grace")
        stage.world.advance(by: .seconds(60))
        #expect(try stage.credentials("con_grace")["generation"] == 2)

        let late = try Stage()
        late.world.advance(by: .seconds(60))
        late.provider.override = { _ in .hold }
        let line = late.world.connect(uid: Stage.alice)
        _ = line.begin("refreshAccount", ["connectionId": "con_grace"])
        late.world.settle()
        // Sent again by the second process, which is killed as well: the grace is that of the first.
        try late.restart()
        late.world.advance(by: .seconds(500))
        try late.restart()
        late.provider.override = nil
        late.world.suspend(for: .seconds(200))
        #expect(try late.status("con_grace") == "ACTIVE -")
        late.world.advance(by: .seconds(3600))
        #expect(try late.status("con_grace") == "EXPIRED uncertain")
    }

    @Test("Processes that live for half a second each send the token again as well")
    func shortLives() throws {
        let stage = try killedWhileWaiting("con_grace")
        for _ in 0..<10 {
            stage.world.advance(by: .milliseconds(500))
            try stage.restart()
        }
        #expect(try stage.credentials("con_grace")["generation"] == 2)
        #expect(stage.presentations("grace").count == 2)
    }

    @Test(
        "Killed between any two steps of a deletion, what is deleted does not come back, and no token is presented again",
        arguments: 1...8)
    func killedWhileDeleting(_ changes: Int) throws {
        let stage = try killedWhileWaiting("con_acme")
        stage.world.die(afterChanges: changes)
        _ = try stage.ask("connectedAccounts.delete", ["id": "con_acme", "revoke": false], as: Stage.operator)
        let died = stage.world.isDead
        stage.world.die(afterChanges: nil)
        try stage.restart()
        stage.world.advance(by: .seconds(86_400))
        #expect(stage.presentations("acme").count == 1)
        let status = try stage.status("con_acme")
        #expect(status == "EXPIRED uncertain" || status == "? -", "\(status)")
        if !died { #expect(status == "? -") }
    }

    @Test("A provider whose tokens do not rotate is simply asked again")
    func resend() throws {
        let stage = try killedWhileWaiting("con_again")
        stage.world.advance(by: .seconds(60))
        #expect(try stage.credentials("con_again")["generation"] == 2)
    }

    @Test("A request that certainly did nothing leaves no doubt behind")
    func neverSent() throws {
        let stage = try Stage()
        stage.provider.override = { $0.refreshToken == "canary-refresh-acme-1" ? .unreachable : nil }
        stage.world.advance(by: .seconds(3300))
        try stage.restart()
        #expect(stage.world.broker.restored.uncertain == 0)
        #expect(try stage.account("con_acme")["refreshFailures"]?.int ?? 0 > 0)
        stage.provider.override = nil
        stage.world.advance(by: .seconds(300))
        #expect(try stage.status("con_acme") == "ACTIVE -")
        #expect(try stage.account("con_acme")["generation"] == 2)
    }

    @Test("Tokens that came in the very last instant count, whatever else was not noted of them")
    func committedTokens() throws {
        let stage = try Stage()
        let old = try record(5, "con_acme", of: stage.world)
        stage.world.advance(by: .seconds(60))
        _ = try stage.ask("refreshAccount", ["connectionId": "con_acme"])
        try stage.world.withVault { try Self.put(5, "con_acme", old, into: &$0) }
        try stage.restart()
        let credentials = try stage.credentials("con_acme")
        #expect(credentials["accessToken"] == "access-acme-2" && credentials["generation"] == 2)
        stage.world.advance(by: .seconds(3600))
        #expect(try stage.credentials("con_acme")["generation"] == 3)
        #expect(Set(stage.presentations("acme").compactMap(\.refreshToken)).count == 2)
    }

    @Test("A rejected grant stays rejected, and what the provider said of it")
    func rejected() throws {
        let stage = try Stage()
        stage.provider.override = { $0.refreshToken == "canary-refresh-acme-1" ? .error("account_revoked") : nil }
        stage.world.advance(by: .seconds(3600))
        let before = try stage.status("con_acme")
        try stage.restart()
        stage.provider.override = nil
        stage.world.advance(by: .seconds(86_400))
        #expect(try stage.status("con_acme") == before)
        #expect(before.hasPrefix("REVOKED "))
        #expect(stage.presentations("acme").count == 1)
    }

    @Test("Sessions keep their pins; those that are closed stay closed")
    func sessions() throws {
        let stage = try Stage()
        let first = try stage.ask("session.create", ["userId": "alice", "connectedAccounts": ["acme": ["main"]]])
        let second = try stage.ask("session.create", ["userId": "alice"])
        let id: JSONTree = first["sessionId"] ?? .null
        _ = try stage.ask("session.close", ["sessionId": second["sessionId"] ?? .null])
        let before = try stage.ask("session.get", ["sessionId": id]).tree
        try stage.restart()
        #expect(try stage.ask("session.get", ["sessionId": id]).tree == before)
        #expect(try stage.ask("session.get", ["sessionId": second["sessionId"] ?? .null]).error != nil)
        #expect(try stage.ask("session.get", ["sessionId": id], as: Stage.bob).error != nil)
    }

    @Test("A deleted connection stays deleted, and one that the configuration no longer names is wiped")
    func gone() throws {
        let stage = try Stage()
        _ = try stage.ask("connectedAccounts.delete", ["id": "con_pipe", "revoke": false], as: Stage.operator)
        stage.yaml = stage.yaml.replacing(
            "  - { id: con_maps, userId: alice, authConfig: ac_maps, credentials: { credential: maps } }\n", with: "")
        try stage.restart()
        #expect(try stage.credentials("con_pipe", as: Stage.operator).errorName == "NOT_FOUND")
        #expect(try stage.credentials("con_maps", as: Stage.operator).errorName == "NOT_FOUND")
        let isWiped = try stage.world.withVault { vault in Self.handle(1, "con_maps", in: vault) == nil }
        #expect(isWiped)
        #expect(stage.world.warnings.contains { $0.hasPrefix("connections con_maps: ") })
        // New credentials are a new login.
        stage.secrets["pipe"] = "another-pipe-token"
        try stage.restart()
        #expect(try stage.credentials("con_pipe", as: Stage.operator)["token"] == "another-pipe-token")
    }

    @Test("A configured credential that changed between runs is a new login; one that did not is older than the vault")
    func changedCredential() throws {
        let stage = try Stage()
        stage.world.advance(by: .seconds(3600))
        stage.secrets["acmetwo"] = stage.secrets["acmetwo"]?.replacing("access-acmetwo-1", with: "access-anew")
        try stage.restart()
        #expect(stage.world.warnings.contains { $0.hasPrefix("connections con_acmetwo: ") })
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-2")
        #expect(try stage.account("con_acmetwo")["generation"] == 3)
    }

    @Test("A record that cannot be read costs its connection's history alone: never its tokens")
    func unreadable() throws {
        let stage = try Stage()
        stage.world.advance(by: .seconds(3600))
        try stage.world.withVault { vault in
            // One is garbled, one is gone, as damaged memory would have it.
            if let record = Self.handle(5, "con_acmetwo", in: vault) { _ = vault.remove(record) }
            try Self.put(5, "con_acme", Array("{\"id\":".utf8), into: &vault)
            try Self.put(200, "from-the-future", [1, 2, 3], into: &vault)
        }
        try stage.restart()
        #expect(stage.world.broker.restored.unreadable == 2)
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-2")
        #expect(try stage.credentials("con_acmetwo")["accessToken"] == "access-acmetwo-2")
        stage.world.advance(by: .seconds(3600))
        #expect(try stage.credentials("con_acme")["generation"] == 3)
        #expect(Set(stage.presentations("acme").compactMap(\.refreshToken)).count == 2)
        #expect(try stage.status("con_acmetwo") == "ACTIVE -")
        #expect(try stage.ask("connectedAccounts.list", nil, as: Stage.operator)["items"]?.elements.count == 13)
    }

    @Test("Without the key of the fingerprints no credential is taken for a new one, and nothing deleted comes back")
    func lostKey() throws {
        let stage = try Stage()
        stage.world.advance(by: .seconds(3600))
        _ = try stage.ask("connectedAccounts.delete", ["id": "con_pipe", "revoke": false], as: Stage.operator)
        let isLost = try stage.world.withVault { vault in Self.handle(8, "", in: vault).map { vault.remove($0) } }
        #expect(isLost == true)
        for _ in 0..<2 {
            try stage.restart()
            #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-2")
            #expect(try stage.credentials("con_pipe", as: Stage.operator).errorName == "NOT_FOUND")
        }
        #expect(stage.presentations("acme").count == 1)
    }

    @Test("A client secret that cannot be read at this start is the one of the last")
    func clientSecret() throws {
        let stage = try Stage()
        stage.secrets["acme-secret"] = nil
        try stage.restart()
        stage.world.advance(by: .seconds(3600))
        #expect(try stage.credentials("con_acme")["generation"] == 2)
        stage.yaml = stage.yaml.replacing(", clientSecret: { credential: again-secret }", with: "")
        try stage.restart()
        let isWiped = try stage.world.withVault { vault in Self.handle(3, "ac_again", in: vault) == nil }
        #expect(isWiped)
    }

    @Test("An auth config that became another provider's gives nobody the tokens of the one before")
    func otherProvider() throws {
        let stage = try Stage()
        let made = try stage.ask(
            "connectedAccounts.initiate",
            ["userId": "carol", "authConfigId": "ac_weather", "config": "canary-key"], as: Stage.operator)
        let id = made["id"]?.string ?? ""
        stage.yaml = stage.yaml.replacing("ac_weather: { provider: weather }", with: "ac_weather: { provider: maps }")
        try stage.restart()
        #expect(stage.world.warnings.contains { $0.contains("ac_weather") && $0.contains(id) })
        #expect(try stage.credentials(id, as: Stage.operator).tree.json.contains("maps.example") == false)
        #expect(try stage.credentials(id, as: Stage.operator)["apiKey"] == nil)
    }

    // MARK: The vault

    private static func put(_ kind: UInt8, _ key: String, _ payload: [UInt8], into vault: inout SecretVault) throws {
        let (key, payload) = (Array(key.utf8), payload)
        _ = try vault.put(kind: kind, key: key.span, payload: payload.span)
    }

    private static func handle(_ kind: UInt8, _ key: String, in vault: borrowing SecretVault) -> RecordHandle? {
        let key = Array(key.utf8)
        return vault.handle(kind: kind, key: key.span)
    }

    private func record(_ kind: UInt8, _ key: String, of world: World) throws -> [UInt8] {
        try world.withVault { vault in
            guard let handle = Self.handle(kind, key, in: vault) else { return [] }
            return vault.withPayload(handle) { payload in payload.indices.map { payload[$0] } } ?? []
        }
    }
}

@Suite("A crash while accounts are being connected", .timeLimit(.minutes(2)))
struct RestartedLinkTests {
    @Test("A link that waits for its user is completed by the next process, and so is a device's")
    func pending() async throws {
        let stage = try LinkStage()
        let link = await stage.link()
        try await stage.restart()
        #expect(await stage.status(link.id) == "INITIATED consent_pending")
        guard case .connected = await stage.comeBack("code=canary-code-1&state=\(link.state)") else {
            Issue.record("not connected")
            return
        }
        #expect(stage.provider.requests(to: "/token").last?.parameters["code_verifier"]?.count == 43)
        try await stage.restart()
        let credentials = await stage.ask("getConnectionCredentials", ["connectionId": .string(link.id)])
        #expect(credentials["accessToken"] == "access-hub-1" && credentials["login"] == "octocat")
        try stage.world.check()
    }

    @Test("A link whose answer was being exchanged is over, and says so")
    func interrupted() async throws {
        let stage = try LinkStage()
        let link = await stage.link()
        stage.provider.set { $0.tokenAnswer = .lost }
        let claimed = stage.world.broker
        _ = await claimed.receiveCallback(query: SecretBytes(utf8: "error=access_denied&state=made-up"))
        try stage.world.withVault { vault -> Void in
            // As the process leaves it that is killed between the claim and the answer.
            let key = Array(link.id.utf8)
            guard let handle = vault.handle(kind: 6, key: key.span) else { return }
            let text = vault.withPayload(handle) { bytes in
                String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
            }
            let claimedText = Array((text ?? "").replacing("\"isClaimed\":false", with: "\"isClaimed\":true").utf8)
            _ = try vault.put(kind: 6, key: key.span, payload: claimedText.span)
        }
        try await stage.restart()
        #expect(await stage.status(link.id) == "FAILED link_interrupted")
        #expect(await stage.comeBack("code=canary-code-1&state=\(link.state)") == .unknown)
        // The same user simply begins anew.
        stage.provider.set { $0.tokenAnswer = nil }
        let again = await stage.connect()
        #expect(await stage.status(again.id) == "ACTIVE -")
        try stage.world.check()
    }
}
