import ProviderSimulator
import Testing

@Suite("What the simulated provider remembers of its clients")
struct LedgerTests {
    @Test("A client that refreshes as it should presents no refresh token twice")
    func good() throws {
        var trial = try Trial()
        var token = trial.tokens.refreshToken
        for _ in 0..<5 { token = trial.refresh(token).string("refresh_token") }
        #expect(trial.server.ledger.requests(to: .token) == 5)
        #expect(trial.server.ledger.refreshes == 5)
        #expect(trial.server.ledger.refreshTokensPresentedTwice == 0)
        #expect(trial.server.ledger.tokensPresentedTwice == [])
    }

    @Test("A token that comes again is counted, whether it was spent, and by name")
    func presentedTwice() throws {
        var trial = try Trial()
        let token = try #require(trial.tokens.refreshToken)
        trial.server.faults.addNext(1, .gatewayPage(status: 503))
        for _ in 0..<3 { _ = trial.refresh(token) }
        // First it met the fault, then it was spent, then it was presented spent.
        #expect(trial.server.ledger.presentations(of: token) == 3)
        #expect(trial.server.ledger.presentationsOfSpentTokens == 1)
        #expect(trial.server.ledger.refreshTokensPresentedTwice == 1)
        #expect(trial.server.ledger.tokensPresentedTwice == [token])
        #expect(trial.server.ledger.faults == ["gateway_page:503": 1])
    }

    @Test("Requests are counted by endpoint and client; those of nobody have no name")
    func byClient() throws {
        var trial = try Trial()
        _ = trial.refresh(trial.tokens.refreshToken)
        _ = trial.get("/userinfo", bearer: trial.tokens.accessToken)
        _ = trial.post("grant_type=client_credentials&client_id=other&client_secret=s")
        _ = trial.post("grant_type=refresh_token&client_id=stranger&refresh_token=x")
        let ledger = trial.server.ledger
        #expect(ledger.requests(to: .token) == 3)
        #expect(ledger.requests(to: .token, by: "app") == 1)
        #expect(ledger.requests(to: .token, by: "other") == 1)
        #expect(ledger.requests(to: .token, by: "") == 1)
        #expect(ledger.requests(to: .userinfo, by: "app") == 1)
        #expect(ledger.presentationsOfUnknownTokens == 1)
    }

    @Test("Spent tokens are forgotten in the end, and the sums stay")
    func forgets() throws {
        var trial = try Trial()
        trial.server.spentTokenLimit = 4
        let first = try #require(trial.tokens.refreshToken)
        var token: String? = first
        _ = trial.refresh(token, more: "&scope=none")
        for _ in 0..<9 { token = trial.refresh(token).string("refresh_token") }
        #expect(trial.server.ledger.presentations(of: first) == 0)
        #expect(trial.server.ledger.refreshTokensPresentedTwice == 1)
        // A forgotten token is unknown, so its reuse no longer ends the family.
        #expect(trial.refresh(first).string("error") == "invalid_grant")
        #expect(trial.server.ledger.presentationsOfUnknownTokens == 1)
        #expect(trial.refresh(token).status == 200)
    }

    @Test("What happens is told as events, in order and without a token")
    func events() throws {
        var trial = try Trial(ClientPolicy().with { $0.accessTokenLifetime = .seconds(20) })
        let token = trial.tokens.refreshToken ?? ""
        let refresh = AuthorizationServer.Request.post(
            "/token", "grant_type=refresh_token&client_id=app&client_secret=s&refresh_token=\(token)")
        #expect(
            trial.respond(refresh).events.map(\.description) == [
                "token request from app", "ada: refreshed, token set 2 lives 20 s, refresh token rotated",
            ])
        #expect(
            trial.respond(refresh).events == [
                .received(.token, clientID: "app"), .reused(account: "ada", outcome: .familyRevoked),
                .refused(.token, clientID: "app", error: "invalid_grant"),
            ])
        trial.server.faults.addNext(1, .reset)
        #expect(
            trial.respond(refresh).events == [.received(.token, clientID: "app"), .fault(.reset, .token)])
    }
}
