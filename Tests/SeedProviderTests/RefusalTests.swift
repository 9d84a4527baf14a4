import JSON
import ProviderSimulator
import TestKit
import Testing

@Suite("What each seed provider's refusal means", .timeLimit(.minutes(2)))
struct RefusalTests {
    @Test("Dead, broken or in passing, as the provider means it", arguments: Refusal.all)
    func meaning(row: Refusal) async throws {
        let stage = try SeedStage(row.seed)
        let id = try await stage.connect()
        let token = try await stage.accounts().first?["accessToken"]?.string
        row.happen(at: stage.web)
        await stage.tryRefresh(id)
        // A token that lives is served, whatever came of its refresh; one that was withdrawn is not.
        let isServed = row.meaning != .dead("REVOKED invalid_grant")
        #expect(try await stage.accounts().first?["accessToken"]?.string == (isServed ? token : nil))
        switch row.meaning {
        case .dead(let status): try await isDead(id, status, stage)
        case .brokenApp(let reason): try await waitsForItsOperator(id, reason, row, stage)
        case .transient: try await passes(id, row, stage)
        }
        try stage.check()
    }

    private func isDead(_ id: String, _ status: String, _ stage: SeedStage) async throws {
        #expect(await stage.status(id) == status)
        let sent = stage.web.tokenRequests("refresh_token").count
        for _ in 0..<4 { await stage.pass(.seconds(3600)) }
        #expect(await stage.status(id) == status)
        #expect(stage.web.tokenRequests("refresh_token").count == sent)
    }

    private func waitsForItsOperator(
        _ id: String, _ reason: String, _ row: Refusal, _ stage: SeedStage
    ) async throws {
        #expect(await stage.status(id) == "ACTIVE -")
        await stage.pass(try #require(row.seed.lifetime))
        #expect(await stage.status(id) == "EXPIRED \(reason)")
        row.pass(at: stage.web)
        await stage.pass(.seconds(600))
        #expect(await stage.status(id) == "ACTIVE -")
        #expect(await stage.generation(id) == 2)
    }

    private func passes(_ id: String, _ row: Refusal, _ stage: SeedStage) async throws {
        #expect(await stage.status(id) == "ACTIVE -")
        #expect(await stage.generation(id) == 1)
        row.pass(at: stage.web)
        await stage.pass(.seconds(600))
        #expect(await stage.status(id) == "ACTIVE -")
        #expect(await stage.generation(id) == 2)
        #expect(stage.web.with { $0.ledger.presentationsOfSpentTokens } == 0)
    }
}
