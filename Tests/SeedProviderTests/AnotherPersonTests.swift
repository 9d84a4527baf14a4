import ConnectedAccounts
import CredentialBroker
import JSON
import ProviderSimulator
import TestKit
import Testing

@Suite("Connecting a seed provider again (R11)", .timeLimit(.minutes(2)))
struct AnotherPersonTests {
    private func reason(_ result: LinkResult) -> String? {
        guard case .failed(let failed) = result else { return nil }
        return failed.reason.slug
    }

    @Test(
        "Another person's account never takes the place of the one before; the same person's does, under the same id",
        arguments: SeedProvider.refreshable)
    func reconnect(seed: SeedProvider) async throws {
        let stage = try SeedStage(seed)
        let id = try await stage.connect()
        stage.web.withdraw()
        await stage.tryRefresh(id)
        let status = await stage.status(id)
        #expect(status.hasPrefix("FAILED") || status.hasPrefix("REVOKED"))
        let wrong = await stage.ask("connectedAccounts.refresh", ["id": .string(id)])
        #expect(wrong["id"]?.string == id)
        #expect(reason(try await stage.consent(to: wrong, as: .charles)) == "another_account")
        #expect(await stage.status(id) == "\(status.split(separator: " ")[0]) another_account")
        #expect(await stage.connection(id)["identity"]?["accountIdentifier"]?.string == seed.accounts[0].identifier)
        let right = await stage.ask("connectedAccounts.refresh", ["id": .string(id)])
        #expect(reason(try await stage.consent(to: right)) == nil)
        #expect(await stage.status(id) == "ACTIVE -")
        #expect(stage.web.isLive(accessToken: try await stage.accounts().first?["accessToken"]?.string))
        try stage.check()
    }

    @Test(
        "An account that is connected is not connected a second time, though a grant of many may grow; another person's is",
        arguments: SeedProvider.all)
    func beside(seed: SeedProvider) async throws {
        let stage = try SeedStage(seed)
        _ = try await stage.connect()
        #expect(await stage.beginLink().errorName == "ALREADY_CONNECTED")
        let again = await stage.beginLink([.init("allowMultiple", true)])
        let grows = seed.accounts.count > 1
        #expect(reason(try await stage.consent(to: again)) == (grows ? nil : "already_connected"))
        let other = await stage.beginLink([.init("allowMultiple", true)])
        #expect(reason(try await stage.consent(to: other, as: .charles)) == nil)
        let accounts = try await stage.accounts()
        #expect(accounts.filter { $0["status"] == "ACTIVE" }.count == seed.accounts.count + 1)
        #expect(Set(accounts.compactMap { $0["accessToken"]?.string }).count == 2)
        try stage.check()
    }
}
