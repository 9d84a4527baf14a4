import ProviderSimulator
import Testing

@Suite("Asking a user of the simulated provider")
struct AuthorizationEndpointTests {
    @Test(
        "A yes sends the browser back with a code, the state as it was and the issuer, and the client's query is kept")
    func approves() throws {
        var trial = ProviderTrial(.google)
        let answer = trial.authorize(["state": "a b&c=\"é\"+", "redirect_uri": nil])
        let landing = try ProviderTrial.landing(answer)
        #expect(answer.header("Location")?.hasPrefix("http://127.0.0.1/callback?") == true)
        #expect(Set(landing.keys) == ["code", "state", "iss"])
        #expect(landing["code"]?.hasPrefix("sim_ac_") == true)
        #expect(landing["state"] == "a b&c=\"é\"+")
        #expect(landing["iss"] == "http://127.0.0.1:1/google")
        trial.server.add(
            AuthorizationServer.Client(id: "q", secret: "s", redirectURIs: ["https://app.example/back?tenant=1"]))
        let kept = trial.authorize(["client_id": "q", "redirect_uri": "https://app.example/back?tenant=1"])
        #expect(kept.header("Location")?.hasPrefix("https://app.example/back?tenant=1&code=sim_ac_") == true)
    }

    @Test("The issuer in the answer can be left out, or be another's")
    func issuer() throws {
        var trial = ProviderTrial(.google)
        trial.server.issuerParameter = .missing
        #expect(try trial.landing()["iss"] == nil)
        trial.server.issuerParameter = .other("https://mixed-up.example")
        #expect(try trial.landing()["iss"] == "https://mixed-up.example")
    }

    @Test(
        "Only a registered address is returned to; at a loopback address the port is free",
        arguments: [
            ("http://127.0.0.1/callback", "http://127.0.0.1/callback", true),
            ("http://127.0.0.1/callback", "http://127.0.0.1:49152/callback", true),
            ("http://127.0.0.1:1/callback", "http://127.0.0.1:2/callback", true),
            ("http://[::1]/callback", "http://[::1]:5/callback", true),
            ("https://app.example/callback", "https://app.example/callback", true),
            ("http://127.0.0.1/callback", "http://127.0.0.1/callback/", false),
            ("http://127.0.0.1/callback", "http://127.0.0.1/callback?x=1", false),
            ("http://127.0.0.1/callback", "http://127.0.0.1:0/callback", false),
            ("http://127.0.0.1/callback", "http://127.0.0.1:65536/callback", false),
            ("http://127.0.0.1/callback", "http://127.0.0.1:80@evil.example/callback", false),
            ("http://127.0.0.1/callback", "http://127.0.0.1.evil.example/callback", false),
            ("http://127.0.0.1/callback", "https://127.0.0.1/callback", false),
            ("http://127.0.0.1/callback", "http://localhost/callback", false),
            ("http://127.0.0.1/a#b", "http://127.0.0.1/a#b", false),
            ("https://app.example/callback", "https://app.example:444/callback", false),
            ("https://app.example/callback", "https://app.example/Callback", false),
        ])
    func redirectURIs(registered: String, given: String, isAccepted: Bool) {
        var trial = ProviderTrial(.google)
        trial.server.add(AuthorizationServer.Client(id: "app", secret: "s", redirectURIs: [registered]))
        let answer = trial.authorize(["redirect_uri": given])
        #expect(answer.status == (isAccepted ? 302 : 400))
        #expect((answer.header("Location") != nil) == isAccepted)
    }

    @Test("What cannot be trusted to come from the client is shown and sent nowhere")
    func shown() {
        var trial = ProviderTrial(.google)
        for changes in [["client_id": "stranger"], ["client_id": ""], ["redirect_uri": "https://evil.example/"]] {
            let answer = trial.authorize(changes)
            #expect(answer.status == 400)
            #expect(answer.header("Location") == nil)
        }
        let query = ProviderTrial.query(ProviderTrial.parameters(.google)) + "&state=twice"
        #expect(trial.respond(.init(method: "GET", path: "/authorize", query: query)).status == 400)
        trial.server.add(AuthorizationServer.Client(id: "two", secret: "s", redirectURIs: ["http://a", "http://b"]))
        #expect(trial.authorize(["client_id": "two", "redirect_uri": nil]).status == 400)
    }

    struct Mistake: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var provider = SimulatedProvider.google
        var changes: [String: String?]
        var error: String
    }

    @Test(
        "A request with a mistake comes back with the error that fits, and with its state",
        arguments: [
            Mistake(
                testDescription: "another response type", changes: ["response_type": "token"],
                error: "unsupported_response_type"),
            Mistake(
                testDescription: "a plain challenge", changes: ["code_challenge_method": "plain"],
                error: "invalid_request"),
            Mistake(
                testDescription: "no method", changes: ["code_challenge_method": nil], error: "invalid_request"),
            Mistake(
                testDescription: "a short challenge", changes: ["code_challenge": "abc"], error: "invalid_request"),
            Mistake(
                testDescription: "a challenge in the other alphabet",
                changes: ["code_challenge": String(repeating: "+", count: 43)], error: "invalid_request"),
            Mistake(
                testDescription: "Atlassian without its audience", provider: .atlassian, changes: ["audience": nil],
                error: "invalid_request"),
            Mistake(
                testDescription: "Atlassian with openid", provider: .atlassian, changes: ["scope": "openid read:me"],
                error: "invalid_scope"),
            Mistake(
                testDescription: "Xero with a scope of old apps", provider: .xero,
                changes: ["scope": "offline_access accounting.transactions"], error: "unauthorized_client"),
            Mistake(
                testDescription: "Notion without an owner", provider: .notion, changes: ["owner": nil],
                error: "invalid_request"),
        ])
    func mistakes(_ row: Mistake) throws {
        var trial = ProviderTrial(row.provider)
        let landing = try trial.landing(row.changes)
        #expect(landing["error"] == row.error)
        #expect(landing["state"] == "st")
        #expect(landing["code"] == nil)
        #expect(landing["error_description"]?.isEmpty == false)
    }

    @Test("A client without a secret cannot do without a challenge; one with a secret can, as at Notion and MYOB")
    func challengeNeeded() throws {
        var trial = ProviderTrial(.google)
        trial.server.add(
            AuthorizationServer.Client(
                id: "public", secret: "", authentication: [.none], redirectURIs: [ProviderTrial.redirectURI]))
        let without: [String: String?] = ["client_id": "public", "code_challenge": nil, "code_challenge_method": nil]
        #expect(try trial.landing(without)["error"] == "invalid_request")
        #expect(try trial.landing(["client_id": "public"])["code"] != nil)
        #expect(try trial.landing(["code_challenge": nil])["code"] != nil)
        var notion = ProviderTrial(.notion)
        #expect(try notion.landing(["code_challenge": "nonsense"])["code"] != nil)
    }

    @Test("A no comes back as access_denied, and nobody signed in as login_required where no page may be shown")
    func denies() throws {
        var trial = ProviderTrial(.microsoft)
        trial.server.consent = .deny
        #expect(try trial.landing()["error"] == "access_denied")
        trial.server.consent = .page
        #expect(try trial.landing(["prompt": "none"])["error"] == "login_required")
    }

    @Test("The newest authorization requests are kept for tests to look at")
    func ledger() throws {
        var trial = ProviderTrial(.google)
        for number in 0..<101 { _ = try trial.landing(["state": "s\(number)"]) }
        _ = trial.authorize(["client_id": "stranger"])
        let requests = trial.server.ledger.authorizationRequests
        #expect(requests.count == 100)
        #expect(requests.last?["state"] == "s100")
        #expect(requests.last?["access_type"] == "offline")
        #expect(trial.server.ledger.requests(to: .authorization) == 102)
    }
}
