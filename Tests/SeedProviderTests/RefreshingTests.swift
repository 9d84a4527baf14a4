import JSON
import ProviderSimulator
import TestKit
import Testing

@Suite("Refreshing the tokens of each seed provider", .timeLimit(.minutes(2)))
struct RefreshingTests {
    @Test(
        "Before the access token is over the daemon has another, and keeps the refresh token that the provider gives",
        arguments: SeedProvider.refreshedByItself)
    func byItself(seed: SeedProvider) async throws {
        let stage = try SeedStage(seed)
        let id = try await stage.connect()
        let lifetime = try #require(seed.lifetime)
        for generation in 2...3 {
            let old = try await stage.accounts().first?["accessToken"]?.string
            await stage.pass(lifetime * 9 / 10)
            #expect(await stage.generation(id) == generation)
            let accounts = try await stage.accounts()
            let new = try #require(accounts.first?["accessToken"]?.string)
            #expect(new != old && stage.web.isLive(accessToken: new))
            #expect(stage.web.isLive(accessToken: old) == !seed.endsOldAccessToken)
            // One grant, one token, for all its accounts (R9).
            #expect(accounts.map { $0["accessToken"]?.string } == seed.accounts.map { _ in new })
            #expect(accounts.map { $0["scopes"]?.string } == seed.accounts.map { _ in seed.scopes })
            #expect(
                accounts.first?["accessTokenExpiresAt"]?.string == stage.web.date(after: lifetime))
        }
        let presented = stage.web.tokenRequests("refresh_token").map(\.refreshToken)
        #expect(presented.count == 2)
        #expect((presented.first != presented.last) == seed.rotates)
        #expect(stage.web.with { $0.ledger.presentationsOfSpentTokens } == 0)
        #expect(await stage.status(id) == "ACTIVE -")
        try stage.check()
    }

    @Test("A caller has it refreshed by the method of alfe's row, and by the selector", arguments: SeedProvider.all)
    func byName(seed: SeedProvider) async throws {
        let stage = try SeedStage(seed)
        _ = try await stage.connect()
        let selector = JSONTree.string(seed.accounts[0].identifier)
        let old = try await stage.accounts().first?["accessToken"]?.string
        await stage.pass(.seconds(60))
        let answer: Answer
        switch seed.refreshing {
        case .own(let method):
            answer = await stage.ask(method, .object([.init(seed.selector, selector)]))
            #expect(answer.result?.members.map(\.key) == ["accessToken", "accessTokenExpiresAt"])
        case .refreshAccount, .never:
            answer = await stage.ask(
                "refreshAccount", ["provider": .string(seed.provider.slug), "account": selector])
        }
        guard seed.refreshing != .never else {
            #expect(answer.errorName == "NOT_REFRESHABLE")
            #expect(try await stage.accounts().first?["accessToken"]?.string == old)
            #expect(stage.web.tokenRequests("refresh_token").isEmpty)
            return
        }
        let new = try #require(answer["accessToken"]?.string, "\(answer.tree.json)")
        #expect(new != old && stage.web.isLive(accessToken: new))
        #expect(answer["accessTokenExpiresAt"]?.string == seed.lifetime.map { stage.web.date(after: $0) })
        #expect(stage.web.tokenRequests("refresh_token").count == 1)
        try stage.check()
    }

    @Test("A refresh for one Xero organisation serves the other: one request, one token")
    func xeroOrganisations() async throws {
        let stage = try SeedStage(.xero)
        _ = try await stage.connect()
        await stage.pass(.seconds(60))
        let organisations = SeedProvider.xero.accounts.map { JSONTree.string($0.identifier) }
        let first = await stage.ask("refreshXeroAccountToken", ["organizationId": organisations[0]])
        let second = await stage.ask("refreshXeroAccountToken", ["organizationId": organisations[1]])
        #expect(first["accessToken"] != nil && first == second)
        #expect(stage.web.tokenRequests("refresh_token").count == 1)
        #expect(await stage.ask("refreshXeroAccountToken").error?["code"] == -32602)
    }

    @Test("MYOB's selector may be left out where there is one business")
    func myobWithoutSelector() async throws {
        let stage = try SeedStage(.myob)
        _ = try await stage.connect()
        await stage.pass(.seconds(60))
        #expect(stage.web.isLive(accessToken: await stage.ask("refreshMYOBToken")["accessToken"]?.string))
    }

    @Test(
        "The client proves itself, and writes its requests, as the provider wants it",
        arguments: SeedProvider.refreshable)
    func requests(seed: SeedProvider) async throws {
        let stage = try SeedStage(seed)
        await stage.tryRefresh(try await stage.connect())
        let requests = stage.web.tokenRequests("authorization_code") + stage.web.tokenRequests("refresh_token")
        #expect(requests.count == 2)
        for request in requests {
            let isBasic = seed.provider == .xero || seed.provider == .notion
            #expect((request.authorization?.hasPrefix("Basic ") == true) == isBasic)
            #expect((request.parameters["client_secret"] != nil) == !isBasic)
            let isJSON = seed.provider == .notion || seed.provider == .atlassian
            #expect(request.body.hasPrefix("{") == isJSON)
            #expect(!request.url.contains("?"))
        }
        let sendsScope = requests[1].parameters["scope"]
        #expect(sendsScope == (seed.provider == .microsoft ? seed.scopes : nil))
    }
}
