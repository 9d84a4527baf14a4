import JSON
import ProviderSimulator
import TestKit
import Testing

@Suite("What the seed providers do beside their rows", .timeLimit(.minutes(2)))
struct QuirkTests {
    @Test("GitHub's answers are read as forms where it does not hear that JSON is wanted", arguments: [true, false])
    func githubForms(isGranted: Bool) async throws {
        let stage = try SeedStage(.github, changes: #""tokenRequestHeaders":{"Accept":"*/*"}"#)
        if !isGranted { stage.web.setClientSecret("another") }
        let link = await stage.beginLink()
        _ = try await stage.consent(to: link)
        let status = await stage.status(link["id"]?.string ?? "")
        #expect(status == (isGranted ? "ACTIVE -" : "FAILED incorrect_client_credentials"))
        #expect(stage.web.issue.isNull)
        #expect(try await stage.accounts().first?["scopes"] == (isGranted ? "repo read:org" : nil))
    }

    @Test("An OAuth app of GitHub that lets its tokens expire is refreshed, and its scopes stay as they were")
    func githubExpiring() async throws {
        let stage = try SeedStage(.github, policy: .githubExpiringOAuthApp)
        let id = try await stage.connect()
        await stage.pass(.seconds(8 * 3600 * 9 / 10))
        #expect(await stage.generation(id) == 2)
        let account = try await stage.accounts().first
        #expect(account?["scopes"] == "repo read:org")
        #expect(stage.web.isLive(accessToken: account?["accessToken"]?.string))
    }

    @Test("alfe's GitHub accounts are those of both kinds of app")
    func githubKinds() async throws {
        for seed in [SeedProvider.github, .githubAppUser] {
            let stage = try SeedStage(seed)
            _ = try await stage.connect()
            let byProvider = await stage.ask("getAccounts", ["provider": "github"])
            #expect(byProvider["accounts"]?.elements.map { $0["login"] } == ["ada"])
        }
    }

    @Test("A Notion integration without refresh tokens has a token without end, which nobody can refresh")
    func notionWithoutRefreshToken() async throws {
        let policy = ClientPolicy.notion.with {
            $0.refreshTokens = .none
            $0.unchangedRefreshToken = .null
        }
        let stage = try SeedStage(.notion, policy: policy)
        let id = try await stage.connect()
        #expect(stage.web.issue["refresh_token"] == .null)
        await stage.pass(.seconds(400 * 86_400))
        #expect(await stage.status(id) == "ACTIVE -")
        #expect(await stage.ask("refreshAccount", ["connectionId": .string(id)]).errorName == "NOT_REFRESHABLE")
    }

    @Test("Salesforce's instance moves with a refresh, and the calls of its API with it")
    func salesforceInstance() async throws {
        let stage = try SeedStage(.salesforce)
        let id = try await stage.connect()
        stage.web.setPolicy { $0.answerMembers = [.init("instance_url", "https://moved.my.salesforce.com")] }
        await stage.tryRefresh(id)
        let answer = await stage.ask("getConnectionCredentials", ["connectionId": .string(id)])
        #expect(answer["instanceUrl"] == "https://moved.my.salesforce.com")
        #expect(answer["apiBaseURL"] == "https://moved.my.salesforce.com")
    }

    @Test(
        "An instance that is no Salesforce host is not taken over",
        arguments: ["https://evil.example", "http://127.0.0.1", "https://salesforce.com.evil.example"])
    func salesforceElsewhere(instance: String) async throws {
        let stage = try SeedStage(.salesforce)
        let id = try await stage.connect()
        stage.web.setPolicy { $0.answerMembers = [.init("instance_url", instance)] }
        await stage.tryRefresh(id)
        let answer = await stage.ask("getConnectionCredentials", ["connectionId": .string(id)])
        #expect(answer["generation"] == 2)
        #expect(answer["apiBaseURL"]?.string == SimulatedWeb.salesforceInstance)
    }

    @Test("A Xero organisation that is let go leaves the other one, and the grant, as they were")
    func xeroOrganisationLetGo() async throws {
        let stage = try SeedStage(.xero)
        _ = try await stage.connect()
        let names = SeedProvider.xero.accounts.map(\.identifier)
        let answer = await stage.ask("connectedAccounts.delete", ["id": .string(names[0])])
        #expect(answer["account"] == ["accountIdentifier": .string(names[0]), "outcome": "revoked"])
        let accounts = try await stage.accounts()
        #expect(accounts.map { $0["organizationId"]?.string } == [names[1]])
        let token = accounts.first?["accessToken"]?.string ?? ""
        for (name, status) in zip(names, [403, 200]) {
            let called = stage.web.get(
                SeedProvider.api(.xero, "/api.xro/2.0/Invoices"), authorization: "Bearer \(token)",
                headers: [.init("xero-tenant-id", name)])
            #expect(called?.status == status)
        }
    }

    @Test("A Microsoft account without a mailbox, and an Atlassian one that hides its address, have another selector")
    func hiddenAddresses() async throws {
        for (seed, selector) in [
            (SeedProvider.microsoft, "ada@simulated.onmicrosoft.com"), (.atlassian, "ada-1815"),
        ] {
            let stage = try SeedStage(seed)
            stage.web.with { server in
                var ada = AuthorizationServer.User.ada
                ada.showsEmail = false
                server.add(ada)
            }
            _ = try await stage.connect()
            #expect(try await stage.accounts().map { $0["email"]?.string } == [selector])
        }
    }
}
