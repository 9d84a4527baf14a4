import ConnectedAccounts
import JSON
import ProviderSimulator
import TestKit
import Testing

@Suite("A refresh of each seed provider whose answer is lost after it was carried out", .timeLimit(.minutes(2)))
struct LostAnswerTests {
    @Test(
        "Within Xero's and Atlassian's grace the token is presented again, and all is well",
        arguments: [SeedProvider.xero, .atlassian])
    func withinGrace(seed: SeedProvider) async throws {
        let stage = try SeedStage(seed)
        let id = try await stage.connect()
        stage.web.setFault(.next([.answerLost(.closed), .answerLost(.gatewayTimeout)]))
        await stage.tryRefresh(id)
        for _ in 0..<4 { await stage.pass(.seconds(60)) }
        #expect(await stage.generation(id) == 2)
        #expect(stage.web.isLive(accessToken: try await stage.accounts().first?["accessToken"]?.string))
        #expect(stage.web.with { $0.ledger.presentationsOfSpentTokens } == 2)
        // The next one in line is presented as ever.
        await stage.tryRefresh(id)
        #expect(await stage.generation(id) == 3)
        #expect(await stage.status(id) == "ACTIVE -")
    }

    @Test(
        "After the grace it is not, for that would end the grant: the user is asked again",
        arguments: [(SeedProvider.xero, 1800), (.atlassian, 600)])
    func afterGrace(seed: SeedProvider, grace: Int) async throws {
        let stage = try SeedStage(seed)
        let id = try await stage.connect()
        let sent = stage.world.clock.now
        stage.web.setFault(.always(.answerLost(.closed)))
        await stage.tryRefresh(id)
        for _ in 0..<(grace / 60 + 5) { await stage.pass(.seconds(60)) }
        stage.web.setFault(nil)
        for _ in 0..<3 { await stage.pass(.seconds(3600)) }
        #expect(await stage.status(id) == "EXPIRED uncertain")
        let requests = stage.web.tokenRequests("refresh_token")
        #expect(requests.count > 1)
        #expect(requests.allSatisfy { sent.duration(to: $0.at) < .seconds(grace) })
    }

    @Test(
        "GitHub's App, Salesforce, MYOB and Notion are never sent it twice",
        arguments: [SeedProvider.githubAppUser, .salesforce, .myob, .notion])
    func never(seed: SeedProvider) async throws {
        let stage = try SeedStage(seed)
        let id = try await stage.connect()
        stage.web.setFault(.next([.answerLost(.closed)]))
        await stage.tryRefresh(id)
        #expect(await stage.status(id) == "ACTIVE -")
        for _ in 0..<10 { await stage.pass(.seconds(3600)) }
        #expect(stage.web.tokenRequests("refresh_token").count == 1)
        // Notion's token has no end, so the old one is served on.
        #expect(await stage.status(id) == (seed.lifetime == nil ? "ACTIVE -" : "EXPIRED uncertain"))
        let answer = await stage.ask("refreshAccount", ["connectionId": .string(id)])
        #expect(answer.errorName == "REAUTHORIZATION_REQUIRED")
        #expect(answer.errorData?["statusReason"] == "uncertain")
        guard seed.lifetime != nil else { return }
        // What then helps is one consent, of the same connection.
        let link = await stage.ask("connectedAccounts.refresh", ["id": .string(id)])
        #expect(link["id"]?.string == id)
        _ = try await stage.consent(to: link)
        #expect(await stage.status(id) == "ACTIVE -")
    }

    @Test("Google's stays good, so it is simply sent again")
    func google() async throws {
        let stage = try SeedStage(.google)
        let id = try await stage.connect()
        stage.web.setFault(.next([.answerLost(.hang)]))
        await stage.tryRefresh(id)
        await stage.pass(.seconds(60))
        #expect(await stage.generation(id) == 2)
    }

    @Test("Microsoft takes the old one at any time; it is sent again when the access token is over")
    func microsoft() async throws {
        let stage = try SeedStage(.microsoft)
        let id = try await stage.connect()
        stage.web.setFault(.next([.answerLost(.hang)]))
        await stage.tryRefresh(id)
        await stage.pass(.seconds(1800))
        #expect(await stage.generation(id) == 1)
        await stage.pass(.seconds(1800))
        #expect(await stage.generation(id) == 2)
        #expect(await stage.status(id) == "ACTIVE -")
        #expect(stage.web.with { $0.ledger.presentationsOfSpentTokens } == 1)
    }
}
