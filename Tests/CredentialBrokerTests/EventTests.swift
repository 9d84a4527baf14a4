import ConnectedAccounts
import JSON
import TestKit
import Testing

/// What subscribers are told as things happen.
struct EventTests {
    private func subscribe(
        _ stage: Stage, _ params: JSONTree = [:], as uid: UInt32 = Stage.alice
    ) throws -> Line {
        let line = stage.world.connect(uid: uid)
        let answer = try stage.world.ask("events.subscribe", params, on: line)
        #expect(answer["subscriptionId"]?.string?.hasPrefix("sub_") == true)
        return line
    }

    /// "id what STATUS reason generation" of each event so far, without `connection.`.
    private func told(_ line: Line) -> [String] {
        line.notifications.map { event in
            let type = event["type"]?.string ?? ""
            return [
                event["connectionId"]?.string ?? "-", String(type.trimmingPrefix("connection.")),
                event["status"]?.string ?? "-", event["statusReason"]?.string ?? "-",
                event["generation"]?.int.map { "\($0)" } ?? "-",
            ].joined(separator: " ")
        }
    }

    private func seconds(_ line: Line, _ index: Int) -> String {
        line.notifications.indices.contains(index) ? line.notifications[index]["at"]?.string ?? "" : "none"
    }

    @Test("An event is one notification with these members, and no secret")
    func members() throws {
        let stage = try Stage()
        let line = stage.world.connect(uid: Stage.alice)
        let subscription = try stage.world.ask("events.subscribe", [:], on: line)["subscriptionId"]
        _ = try stage.ask("connectedAccounts.disable", ["con_acme"], as: Stage.operator)
        line.collect()
        #expect(
            line.received.dropFirst().map(\.json) == [
                JSONTree.object([
                    .init("jsonrpc", "2.0"), .init("method", "event"),
                    .init(
                        "params",
                        [
                            "subscriptionId": subscription ?? .null, "type": "connection.disabled",
                            "connectionId": "con_acme", "userId": "alice", "toolkit": "acme", "status": "INACTIVE",
                            "statusReason": "disabled_by_caller", "generation": 1, "at": "2026-06-01T00:00:00Z",
                        ]),
                ]).json
            ])
        try stage.world.check()
    }

    @Test("Each refresh is told, with the new generation")
    func refreshed() throws {
        let stage = try Stage()
        let line = try subscribe(stage, ["connectedAccountIds": ["con_acme"]])
        stage.world.advance(by: .seconds(3600))
        stage.world.advance(by: .seconds(3600))
        #expect(told(line) == (2...3).map { "con_acme refreshed ACTIVE - \($0)" })
        try stage.world.check()
    }

    @Test("An outage is told before the token ends, when it ends, and when it is over, on time")
    func outage() throws {
        let stage = try Stage()
        let line = try subscribe(stage, ["connectedAccountIds": ["con_acme"]])
        stage.provider.override = { $0.url.contains("acme") ? .unreachable : nil }
        stage.world.advance(by: .seconds(3599))
        #expect(told(line) == ["con_acme expiring ACTIVE - 1"])
        // The margin of an hour is 12 min, less a tenth.
        #expect(seconds(line, 0) == "2026-06-01T00:49:12Z")
        stage.world.advance(by: .seconds(1))
        #expect(told(line).dropFirst() == ["con_acme expired EXPIRED upstream_unavailable 1"])
        #expect(seconds(line, 1) == "2026-06-01T01:00:00Z")
        stage.provider.override = nil
        stage.world.advance(by: .seconds(700))
        #expect(
            told(line).dropFirst(2) == ["con_acme refreshed ACTIVE - 2", "con_acme recovered ACTIVE - 2"])
        try stage.world.check()
    }

    @Test("A token without a refresh token is told before its end and at its end")
    func notRefreshable() throws {
        let stage = try Stage(changing: [
            "acme": #"{"access_token":"access-acme-1","expires_at":"2026-06-01T01:00:00Z","account":{"login":"ada"}}"#
        ])
        let line = try subscribe(stage, ["connectedAccountIds": ["con_acme"]])
        stage.world.advance(by: .seconds(7200))
        #expect(
            told(line) == ["con_acme expiring ACTIVE - 1", "con_acme expired EXPIRED no_refresh_token 1"])
        #expect(seconds(line, 0) == "2026-06-01T00:49:12Z")
        #expect(seconds(line, 1) == "2026-06-01T01:00:00Z")
    }

    @Test("A dead grant is told, and a new login after it", arguments: ["invalid_grant", "account_revoked"])
    func deadGrant(_ error: String) throws {
        let stage = try Stage()
        let line = try subscribe(stage, ["connectedAccountIds": ["con_acme"]])
        stage.provider.override = { $0.url.contains("acme") ? .error(error) : nil }
        stage.world.advance(by: .seconds(3500))
        let status = error == "invalid_grant" ? "failed FAILED" : "revoked REVOKED"
        #expect(told(line) == ["con_acme \(status) \(error == "invalid_grant" ? error : "grant_rejected") 1"])
        stage.secrets["acme"] = stage.secrets["acmetwo"]?.replacing("01:00:00", with: "05:00:00")
        try stage.reload()
        #expect(
            told(line).dropFirst() == ["con_acme refreshed ACTIVE - 2", "con_acme recovered ACTIVE - 2"])
    }

    @Test("A reload tells what came and what went")
    func reload() throws {
        let stage = try Stage()
        let line = try subscribe(stage)
        let row = "  - { id: con_pipe, userId: alice, authConfig: ac_pipe, credentials: { credential: pipe } }\n"
        let yaml = stage.yaml
        stage.yaml = yaml.replacing(row, with: "")
        try stage.reload()
        #expect(told(line) == ["con_pipe deleted ACTIVE - 1"])
        stage.yaml = yaml
        try stage.reload()
        #expect(told(line).dropFirst() == ["con_pipe created ACTIVE - 1"])
        stage.yaml = yaml.replacing(row, with: row.replacing("alice", with: "bob"))
        try stage.reload()
        #expect(told(line).dropFirst(2) == ["con_pipe deleted ACTIVE - 1"], "what is bob's is not alice's to see")
    }

    @Test("After a suspend what has changed is told at once")
    func suspended() throws {
        let stage = try Stage()
        stage.provider.override = { _ in .unreachable }
        let line = try subscribe(stage, ["connectedAccountIds": ["con_acme", "con_again"]])
        stage.world.suspend(for: .seconds(100_000))
        #expect(told(line).count == 2)
        #expect(told(line).allSatisfy { $0.contains(" expired EXPIRED ") })
    }

    // MARK: Who sees what

    @Test("An agent sees what its grants let it see, and no more")
    func scope() throws {
        let stage = try Stage()
        let (alice, bob) = (try subscribe(stage), try subscribe(stage, as: Stage.bob))
        let all = try subscribe(stage, as: Stage.operator)
        for id in ["con_acme", "con_bob", "con_weather"] {
            _ = try stage.ask("connectedAccounts.disable", [.string(id)], as: Stage.operator)
        }
        #expect(told(alice).map { $0.prefix(8) } == ["con_acme", "con_weat"])
        #expect(told(bob).map { $0.prefix(8) } == ["con_bob "])
        #expect(told(all).count == 3)
    }

    @Test("Without the operation in any grant there is no subscription")
    func forbidden() throws {
        let stage = try Stage()
        #expect(try stage.ask("events.subscribe", as: Stage.stranger).errorName == "FORBIDDEN")
        stage.yaml = stage.yaml.replacing(", \"events:read\"", with: "")
        try stage.reload()
        #expect(try stage.ask("events.subscribe", as: Stage.alice).errorName == "FORBIDDEN")
        #expect(try stage.ask("events.unsubscribe", ["subscriptionId": "sub_x"]).errorName == "FORBIDDEN")
    }

    struct Filter: Sendable, CustomTestStringConvertible {
        var params: JSONTree
        var told: [String]
        var testDescription: String { params.json }
    }

    static let filters = [
        Filter(params: [:], told: ["con_acme disabled", "con_bob disabled", "con_gmail disabled", "con_acme enabled"]),
        Filter(params: ["userIds": ["bob"]], told: ["con_bob disabled"]),
        Filter(params: ["toolkitSlugs": ["gmail", "nobody"]], told: ["con_gmail disabled"]),
        Filter(params: ["connectedAccountIds": ["con_acme"]], told: ["con_acme disabled", "con_acme enabled"]),
        Filter(params: ["types": ["connection.enabled"]], told: ["con_acme enabled"]),
        Filter(params: ["userIds": ["bob"], "types": ["connection.enabled"]], told: []),
        Filter(params: ["userIds": []], told: []),
    ]

    @Test("A subscriber hears what it asked for", arguments: filters)
    func filter(_ filter: Filter) throws {
        let stage = try Stage()
        let line = try subscribe(stage, filter.params, as: Stage.operator)
        for id in ["con_acme", "con_bob", "con_gmail"] {
            _ = try stage.ask("connectedAccounts.disable", [.string(id)], as: Stage.operator)
        }
        _ = try stage.ask("connectedAccounts.enable", ["con_acme"], as: Stage.operator)
        #expect(told(line).map { $0.split(separator: " ").prefix(2).joined(separator: " ") } == filter.told)
    }

    static let badFilters: [JSONTree] = [
        ["types": ["connection.created", "created"]],
        ["userIds": "bob"],
        ["userIds": .array((0...100).map { .string("u\($0)") })],
        ["connectedAccountIds": [.string(String(repeating: "x", count: 257))]],
    ]

    @Test("A filter that cannot be meant is refused", arguments: badFilters)
    func badFilter(_ params: JSONTree) throws {
        let answer = try Stage().ask("events.subscribe", params)
        #expect(answer.errorName == "INVALID_PARAMS")
        #expect(answer.errorData?["parameter"]?.string?.hasPrefix(params.members[0].key) == true)
    }
}
