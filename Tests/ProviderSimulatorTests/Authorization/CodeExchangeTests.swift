import ProviderSimulator
import Testing

@Suite("Redeeming a code at the simulated provider")
struct CodeExchangeTests {
    @Test("A code brings tokens that work, and an event that says whose")
    func redeems() throws {
        var trial = ProviderTrial(.google)
        let answer = try trial.connect()
        let access = try #require(answer.string("access_token"))
        #expect(trial.call("/userinfo", access).string("email") == "ada@home.example")
        #expect(trial.refresh(answer.string("refresh_token")).status == 200)
        #expect(answer.string("scope") == "openid email")
        #expect(trial.server.ledger.refreshes == 1)
    }

    @Test(
        "Only the verifier of the challenge opens it",
        arguments: [
            "", "x", String(repeating: "x", count: 43), ProviderTrial.challenge, ProviderTrial.verifier + "x",
            String(repeating: "x", count: 129),
        ])
    func verifiers(verifier: String) throws {
        var trial = ProviderTrial(.google)
        let code = try trial.landing()["code"]
        #expect(trial.exchange(code, ["code_verifier": verifier]).string("error") == "invalid_grant")
        // The failed attempt took nothing from its owner.
        #expect(trial.exchange(code).status == 200)
    }

    @Test("A verifier for a code without a challenge is refused, so that nobody talks a client out of it")
    func downgrade() throws {
        var trial = ProviderTrial(.google)
        let code = try trial.landing(["code_challenge": nil, "code_challenge_method": nil])["code"]
        #expect(trial.exchange(code).string("error") == "invalid_grant")
        #expect(trial.exchange(code, ["code_verifier": ""]).status == 200)
    }

    @Test("A code that comes again is refused and ends what came of it, refreshed tokens included")
    func replay() throws {
        var trial = ProviderTrial(.google)
        let code = try trial.landing()["code"]
        let first = trial.exchange(code)
        let refreshed = trial.refresh(first.string("refresh_token")).string("access_token")
        #expect(trial.isLive(refreshed))
        #expect(trial.exchange(code).string("error") == "invalid_grant")
        #expect(!trial.isLive(first.string("access_token")) && !trial.isLive(refreshed))
        #expect(trial.refresh(first.string("refresh_token")).string("error") == "invalid_grant")
        #expect(trial.server.ledger.replayedCodes == 1)
    }

    @Test("A code lives ten minutes, at MYOB five", arguments: [(SimulatedProvider.google, 600), (.myob, 300)])
    func lifetime(provider: SimulatedProvider, seconds: Int) throws {
        var trial = ProviderTrial(provider)
        let early = try trial.landing()["code"]
        let late = try trial.landing()["code"]
        trial.wait(.seconds(seconds) - .milliseconds(1))
        #expect(trial.exchange(early).status == 200)
        trial.wait(.milliseconds(1))
        #expect(trial.exchange(late).status == 400)
    }

    @Test("Another client's code is as good as unknown, and stays good for its own")
    func otherClient() throws {
        var trial = ProviderTrial(.google)
        trial.server.add(AuthorizationServer.Client(id: "other", secret: "s"))
        let code = try trial.landing()["code"]
        let fields = [
            "grant_type": "authorization_code", "code": code ?? "", "redirect_uri": ProviderTrial.redirectURI,
            "code_verifier": ProviderTrial.verifier,
        ]
        #expect(trial.post(fields, clientID: "other").string("error") == "invalid_grant")
        #expect(trial.exchange(code).status == 200)
    }

    @Test("The address must be named as it was, letter by letter, port included")
    func redirectURI() throws {
        var trial = ProviderTrial(.google)
        let code = try trial.landing()["code"]
        for other in ["", "http://127.0.0.1:7581/callback", "http://127.0.0.1/callback"] {
            #expect(trial.exchange(code, ["redirect_uri": other]).status == 400)
        }
        #expect(trial.exchange(code).status == 200)
    }

    @Test("What the user withheld is not in the grant")
    func withheld() throws {
        var trial = ProviderTrial(.google)
        trial.server.consent = .approve(Approval(userID: "sub-ada", withheldScopes: ["email"]))
        let answer = try trial.connect()
        #expect(answer.string("scope") == "openid")
        #expect(trial.call("/userinfo", answer.string("access_token")).member("email") == nil)
    }

    struct Asking: CustomTestStringConvertible, Sendable {
        var provider: SimulatedProvider
        var changes: [String: String?] = [:]
        var brings: Bool

        var testDescription: String { "\(provider.slug) \(changes)" }
    }

    @Test(
        "A refresh token comes where the real provider gives one",
        arguments: [
            Asking(provider: .google, brings: true),
            Asking(provider: .google, changes: ["access_type": nil], brings: false),
            Asking(provider: .xero, brings: true),
            Asking(provider: .xero, changes: ["scope": "openid"], brings: false),
            Asking(provider: .atlassian, brings: true),
            Asking(provider: .atlassian, changes: ["scope": "read:me"], brings: false),
            Asking(provider: .salesforce, brings: true),
            Asking(provider: .salesforce, changes: ["scope": "offline_access"], brings: true),
            Asking(provider: .salesforce, changes: ["scope": "api"], brings: false),
            Asking(provider: .microsoft, brings: true),
            Asking(provider: .microsoft, changes: ["scope": "User.Read"], brings: false),
            Asking(provider: .notion, brings: true),
            Asking(provider: .myob, brings: true),
            Asking(provider: .github, brings: false),
            Asking(provider: .github, changes: ["scope": "repo offline_access"], brings: true),
            Asking(provider: .githubAppUser, brings: true),
        ])
    func refreshTokens(_ row: Asking) throws {
        var trial = ProviderTrial(row.provider)
        let answer = try trial.connect(row.changes)
        #expect((answer.string("refresh_token") != nil) == row.brings)
        if row.brings { #expect(trial.refresh(answer.string("refresh_token")).status == 200) }
    }

    @Test("Google gives the second consent a refresh token only where its page must be shown")
    func googleSecondConsent() throws {
        var trial = ProviderTrial(.google)
        #expect(try trial.connect(["prompt": nil]).string("refresh_token") != nil)
        #expect(try trial.connect(["prompt": nil]).string("refresh_token") == nil)
        #expect(try trial.connect(["prompt": "select_account consent"]).string("refresh_token") != nil)
    }

    @Test("MYOB names the company file only with prompt=consent")
    func businessID() throws {
        var trial = ProviderTrial(.myob)
        let landing = try trial.landing()
        #expect(landing["businessId"] == "org-1" && landing["businessName"] == "One")
        #expect(try trial.landing(["prompt": nil])["businessId"] == nil)
    }

    @Test("At GitHub a request without scopes brings those that the user gave before")
    func githubUnion() throws {
        var trial = ProviderTrial(.github)
        _ = try trial.connect(["scope": "repo"])
        _ = try trial.connect(["scope": "read:org"])
        #expect(try trial.connect(["scope": nil]).string("scope") == "repo,read:org")
    }
}
