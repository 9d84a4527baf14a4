import ProviderSimulator
import Testing

@Suite("Refreshing at the simulated provider")
struct RefreshTests {
    @Test("A rotating refresh token gives way to another, and both new tokens work")
    func rotates() throws {
        var trial = try Trial()
        let answer = trial.refresh(trial.tokens.refreshToken)
        let access = try #require(answer.string("access_token"))
        let refresh = try #require(answer.string("refresh_token"))
        #expect(answer.status == 200)
        #expect(access.hasPrefix("sim_at_") && access.count == 39)
        #expect(refresh.hasPrefix("sim_rt_") && refresh.count == 39)
        #expect(refresh != trial.tokens.refreshToken)
        #expect(trial.get("/userinfo", bearer: access).status == 200)
        #expect(trial.refresh(refresh).status == 200)
    }

    @Test("A lasting refresh token works again and again, and is not repeated")
    func lasts() throws {
        var trial = try Trial(.google)
        for _ in 0..<3 {
            let answer = trial.refresh(trial.tokens.refreshToken)
            #expect(answer.status == 200)
            #expect(answer.member("refresh_token") == nil)
        }
        #expect(trial.server.ledger.presentations(of: trial.tokens.refreshToken ?? "") == 3)
        #expect(trial.server.ledger.presentationsOfSpentTokens == 0)
    }

    struct Reuse: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var policy: ReusePolicy
        /// Between the first and the second use.
        var after: Duration
        var isAccepted: Bool
        /// Whether the tokens that the first use brought still work after the second.
        var leavesSuccessor: Bool
    }

    @Test(
        "A spent refresh token meets its client's policy",
        arguments: [
            Reuse(
                testDescription: "refused without harm", policy: .refuse, after: .zero, isAccepted: false,
                leavesSuccessor: true),
            Reuse(
                testDescription: "ends the family", policy: .revokeFamily, after: .zero, isAccepted: false,
                leavesSuccessor: false),
            Reuse(
                testDescription: "accepted at any time", policy: .accept, after: .seconds(86_400), isAccepted: true,
                leavesSuccessor: true),
            Reuse(
                testDescription: "within its grace", policy: .grace(.seconds(10), thenRevokeFamily: true),
                after: .milliseconds(9999), isAccepted: true, leavesSuccessor: true),
            Reuse(
                testDescription: "refused after its grace", policy: .grace(.seconds(10), thenRevokeFamily: false),
                after: .seconds(10), isAccepted: false, leavesSuccessor: true),
            Reuse(
                testDescription: "ends the family after its grace",
                policy: .grace(.seconds(10), thenRevokeFamily: true), after: .seconds(10), isAccepted: false,
                leavesSuccessor: false),
        ])
    func reuse(_ row: Reuse) throws {
        var trial = try Trial(
            ClientPolicy().with {
                $0.refreshTokens = .rotating(row.policy)
                $0.accessTokenLifetime = nil
            })
        let first = trial.refresh(trial.tokens.refreshToken)
        trial.wait(row.after)
        let second = trial.refresh(trial.tokens.refreshToken)
        #expect(second.status == (row.isAccepted ? 200 : 400))
        #expect(second.string("error") == (row.isAccepted ? nil : "invalid_grant"))
        let access = try #require(first.string("access_token"))
        let refresh = try #require(first.string("refresh_token"))
        #expect(trial.server.isLive(accessToken: access, at: trial.now) == row.leavesSuccessor)
        #expect(trial.refresh(refresh).status == (row.leavesSuccessor ? 200 : 400))
        #expect(trial.server.ledger.presentationsOfSpentTokens == 1)
    }

    @Test("A grace is counted from the first use, however often the token comes")
    func graceDoesNotStretch() throws {
        var trial = try Trial(.atlassian)
        var statuses: [Int] = []
        for _ in 0..<4 {
            statuses.append(trial.refresh(trial.tokens.refreshToken).status)
            trial.wait(.seconds(300))
        }
        #expect(statuses == [200, 200, 400, 400])
    }

    @Test("Only where the policy says so does a refresh end the access token before it", arguments: [true, false])
    func endsOldAccessToken(ends: Bool) throws {
        var trial = try Trial(ClientPolicy().with { $0.endsOldAccessTokens = ends })
        let answer = trial.refresh(trial.tokens.refreshToken)
        #expect(trial.server.isLive(accessToken: trial.tokens.accessToken, at: trial.now) == !ends)
        #expect(trial.server.isLive(accessToken: answer.string("access_token") ?? "", at: trial.now))
    }

    @Test("An access token lives for its lifetime and not a moment longer")
    func accessTokenEnds() throws {
        var trial = try Trial(ClientPolicy().with { $0.accessTokenLifetime = .seconds(20) })
        trial.wait(.milliseconds(19_999))
        #expect(trial.get("/userinfo", bearer: trial.tokens.accessToken).status == 200)
        trial.wait(.milliseconds(1))
        #expect(trial.get("/userinfo", bearer: trial.tokens.accessToken).status == 401)
    }

    @Test("A refresh token dies of idleness, and each use starts its time anew")
    func idleRefreshToken() throws {
        var trial = try Trial(.google.with { $0.refreshTokenIdleLifetime = .seconds(100) })
        for _ in 0..<3 {
            trial.wait(.seconds(99))
            #expect(trial.refresh(trial.tokens.refreshToken).status == 200)
        }
        trial.wait(.seconds(100))
        #expect(trial.refresh(trial.tokens.refreshToken).string("error") == "invalid_grant")
    }

    @Test("A refresh may ask for less than the grant, never for more, and asking for more spends nothing")
    func scopes() throws {
        var trial = try Trial()
        let tooMuch = trial.refresh(trial.tokens.refreshToken, more: "&scope=read+admin")
        #expect(tooMuch.string("error") == "invalid_scope")
        let less = trial.refresh(trial.tokens.refreshToken, more: "&scope=read")
        #expect(less.string("scope") == "read")
        let all = trial.refresh(less.string("refresh_token"))
        #expect(all.string("scope") == "read write")
    }

    @Test("Another client's refresh token is as good as unknown, and is not spent by the attempt")
    func otherClient() throws {
        var trial = try Trial()
        let token = trial.tokens.refreshToken ?? ""
        let stolen = trial.post("grant_type=refresh_token&client_id=other&client_secret=s&refresh_token=\(token)")
        #expect(stolen.string("error") == "invalid_grant")
        #expect(trial.refresh(token).status == 200)
    }

    @Test("A grant that its user withdraws loses its tokens, those of the refresh included")
    func withdrawn() throws {
        var trial = try Trial()
        let isFirst = trial.server.revokeGrant(trial.tokens.grantID)
        let isSecond = trial.server.revokeGrant(trial.tokens.grantID)
        #expect(isFirst && !isSecond)
        #expect(trial.get("/userinfo", bearer: trial.tokens.accessToken).status == 401)
        #expect(trial.refresh(trial.tokens.refreshToken).string("error") == "invalid_grant")
    }

    @Test("One grant keeps its newest 64 access tokens")
    func manyAccessTokens() throws {
        var trial = try Trial(.google)
        var issued: [String] = []
        for _ in 0..<65 {
            issued.append(trial.refresh(trial.tokens.refreshToken).string("access_token") ?? "")
        }
        let live = issued.filter { trial.server.isLive(accessToken: $0, at: trial.now) }
        #expect(live == Array(issued.dropFirst()))
    }
}
