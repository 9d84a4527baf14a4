import ProviderSimulator
import Testing

@Suite("What is told of connecting at the simulated provider")
struct ConnectEventTests {
    private func events(
        _ trial: inout ProviderTrial, _ request: AuthorizationServer.Request
    ) -> [AuthorizationServer.Event] {
        trial.server.respond(to: request, at: trial.now, random: &trial.random).events
    }

    @Test("A consent, its tokens and its end are told in order, by account, without a code or token")
    func events() throws {
        var trial = ProviderTrial(.google)
        let query = ProviderTrial.query(ProviderTrial.parameters(.google))
        let asked = events(&trial, .init(method: "GET", path: "/authorize", query: query))
        #expect(asked.map(\.description) == ["authorization request from app", "ada: allowed app"])
        let code = try #require(trial.landing()["code"])
        let redeem = AuthorizationServer.Request.post(
            "/token",
            ProviderTrial.query([
                "grant_type": "authorization_code", "code": code, "client_id": "app", "client_secret": "s",
                "redirect_uri": ProviderTrial.redirectURI, "code_verifier": ProviderTrial.verifier,
            ]))
        #expect(
            events(&trial, redeem).map(\.description)
                == ["token request from app", "ada: issued, token set 1 lives 3600 s"])
        #expect(
            events(&trial, redeem) == [
                .received(.token, clientID: "app"), .revoked(account: "ada"),
                .refused(.token, clientID: "app", error: "invalid_grant"),
            ])
    }

    @Test("A page that waits tells nothing but the request")
    func page() {
        var trial = ProviderTrial(.google)
        trial.server.consent = .page
        let query = ProviderTrial.query(ProviderTrial.parameters(.google))
        let told = events(&trial, .init(method: "GET", path: "/authorize", query: query))
        #expect(told == [.received(.authorization, clientID: "app")])
    }

    @Test(
        "Faults strike at the new endpoints too, and only there",
        arguments: [
            (AuthorizationServer.Endpoint.userinfo, "/api/me"), (.keys, "/jwks"), (.api, "/api/me/messages"),
            (.discovery, "/.well-known/openid-configuration"),
        ])
    func faults(endpoint: AuthorizationServer.Endpoint, path: String) throws {
        var trial = ProviderTrial(.microsoft)
        let access = try trial.connect().string("access_token")
        trial.server.faults.addNext(1, .gatewayPage(status: 503), at: endpoint)
        #expect(try trial.connect().status == 200)
        #expect(trial.call(path, access).status == 503)
        #expect(trial.call(path, access).status == 200)
        #expect(trial.server.ledger.requests(to: endpoint) == 2)
    }

    @Test("A lost answer to a code still spends it: the client's second try ends the grant")
    func lostAnswer() throws {
        var trial = ProviderTrial(.google)
        let code = try trial.landing()["code"]
        trial.server.faults.addNext(1, .answerLost(.gatewayTimeout))
        #expect(trial.exchange(code).status == 504)
        #expect(trial.exchange(code).string("error") == "invalid_grant")
        #expect(trial.server.ledger.replayedCodes == 1)
    }
}
