import CredentialBroker
import JSON
import ProviderSimulator
import TestKit
import Testing

@Suite("Deleting a connection of each seed provider", .timeLimit(.minutes(2)))
struct DeletingTests {
    @Test("The answer says what became of each token, and the provider agrees", arguments: SeedProvider.all)
    func delete(seed: SeedProvider) async throws {
        let stage = try SeedStage(seed)
        let id = try await stage.connect()
        let access = stage.web.issue["access_token"]?.string
        let refresh = stage.web.issue["refresh_token"]?.string
        #expect((refresh != nil) == (seed.refreshing != .never))
        #expect(stage.web.isLive(accessToken: access))
        let answer = await stage.ask("connectedAccounts.delete", ["id": .string(id)])
        #expect(answer["success"] == true)
        let ends = answer["tokens"]?.elements.map { "\($0["token"]?.string ?? "") \($0["outcome"]?.string ?? "")" }
        #expect(ends == seed.ends)
        #expect(stage.web.isLive(accessToken: access) == seed.outlivesDeletion)
        #expect(stage.web.isLive(refreshToken: refresh) == (refresh != nil && seed.outlivesDeletion))
        #expect(try await stage.accounts().isEmpty)
        #expect(await stage.connection(id).errorName == "NOT_FOUND")
        try stage.check()
    }

    @Test("Who only wants to forget a connection leaves the provider alone", arguments: SeedProvider.all)
    func forget(seed: SeedProvider) async throws {
        let stage = try SeedStage(seed)
        let id = try await stage.connect()
        let access = stage.web.issue["access_token"]?.string
        let answer = await stage.ask("connectedAccounts.delete", ["id": .string(id), "revoke": false])
        #expect(answer["tokens"]?.elements == [])
        #expect(stage.web.isLive(accessToken: access))
        #expect(stage.web.with { $0.ledger.requests(to: .revocation) } == 0)
    }

    @Test(
        "Where a revocation would end another user's connection of the same person too, it is not sent",
        arguments: [SeedProvider.google, .xero, .githubAppUser])
    func sharedGrant(seed: SeedProvider) async throws {
        let stage = try SeedStage(seed)
        let id = try await stage.connect()
        let link = await stage.ask("connectedAccounts.link", ["userId": "bob", "authConfigId": "ac_seed"])
        guard case .connected = try await stage.consent(to: link) else {
            Issue.record("not connected")
            return
        }
        let others = stage.web.issue["access_token"]?.string
        let answer = await stage.ask("connectedAccounts.delete", ["id": .string(id)])
        let outcomes = Set(answer["tokens"]?.elements.compactMap { $0["outcome"]?.string } ?? [])
        #expect(outcomes == ["kept_for_other_connection"])
        #expect(stage.web.isLive(accessToken: others))
        #expect(try await stage.accounts().count == seed.accounts.count)
        let last = await stage.ask("connectedAccounts.delete", ["id": link["id"] ?? .null])
        #expect(last["success"] == true)
        #expect(!stage.web.isLive(accessToken: others))
    }

    @Test("Where the provider cannot be reached the answer says so, and the connection is gone all the same")
    func unreachable() async throws {
        let stage = try SeedStage(.atlassian)
        let id = try await stage.connect()
        stage.web.with { $0.faults.add(.always(.gatewayPage(status: 503)), at: .revocation) }
        let answer = await stage.ask("connectedAccounts.delete", ["id": .string(id)])
        #expect(answer["tokens"]?.elements.map { $0["outcome"] } == ["unreachable", "unreachable"])
        #expect(try await stage.accounts().isEmpty)
    }
}
