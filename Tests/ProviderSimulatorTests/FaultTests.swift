import ProviderSimulator
import Testing

@Suite("Faults, as the core decides them")
struct FaultTests {
    @Test(
        "A fault that strikes before the request spends nothing; one that strikes after it does",
        arguments: [
            Fault.hangBeforeAnswer, .hangAfterHeaders, .reset, .closed, .cutOff, .gatewayPage(status: 502),
            .tooManyRequests(.missing), .requestTimeout, .redirect(to: "http://127.0.0.1:1/"), .captivePortal,
            .emptyBody,
            .truncatedJSON, .oversizedBody(bytes: 1000), .wrongTypes, .duplicateKeys, .invalidGrant, .invalidClient,
            .error("server_error", status: 500), .githubError("bad_refresh_token"), .recorded(status: 400, body: "{}"),
            .delayed(.seconds(1)), .held, .slowBytes(every: .milliseconds(1)), .wrongContentType, .expiresIn("-1"),
            .answerLost(.reset), .answerLost(.closed), .answerLost(.hang), .answerLost(.hangAfterHeaders),
            .answerLost(.cutOff), .answerLost(.gatewayTimeout),
        ])
    func applied(_ fault: Fault) throws {
        var trial = try Trial()
        trial.server.faults.addNext(1, fault)
        let answer = trial.refresh(trial.tokens.refreshToken)
        #expect(trial.server.isUnspent(refreshToken: trial.tokens.refreshToken ?? "") == !fault.isApplied)
        #expect(trial.server.ledger.refreshes == (fault.isApplied ? 1 : 0))
        #expect(trial.server.ledger.presentations(of: trial.tokens.refreshToken ?? "") == 1)
        let token = answer.string("access_token")
        #expect(!trial.server.isLive(accessToken: token ?? "", at: trial.now) || fault.isApplied)
    }

    @Test(
        "After a lost answer, the policy decides whether the same token still helps",
        arguments: [
            (ClientPolicy.xero, 200), (.githubApp, 400), (.salesforce, 400), (.microsoft, 200), (.google, 200),
        ])
    func lostAnswer(policy: ClientPolicy, status: Int) throws {
        var trial = try Trial(policy)
        trial.server.faults.addNext(1, .answerLost(.gatewayTimeout))
        #expect(trial.refresh(trial.tokens.refreshToken).status == 504)
        trial.wait(.seconds(60))
        #expect(trial.refresh(trial.tokens.refreshToken).status == status)
    }

    struct Shape: CustomTestStringConvertible, Sendable {
        var fault: Fault
        var status: Int
        var contentType: String?
        var holds: String
        var testDescription: String { fault.name }

        init(_ fault: Fault, _ status: Int, _ contentType: String?, holds: String) {
            self.fault = fault
            self.status = status
            self.contentType = contentType
            self.holds = holds
        }
    }

    private static let json = "application/json"
    private static let html = "text/html; charset=utf-8"

    @Test(
        "Each fault answers in its own way",
        arguments: [
            Shape(.gatewayPage(status: 500), 500, html, holds: "<html>"),
            Shape(.tooManyRequests(.missing), 429, html, holds: "Too Many"),
            Shape(.requestTimeout, 408, nil, holds: ""),
            Shape(.captivePortal, 200, html, holds: "Sign in to use this network"),
            Shape(.emptyBody, 200, json, holds: ""),
            Shape(.wrongTypes, 200, json, holds: #""expires_in":true"#),
            Shape(.duplicateKeys, 200, json, holds: #","access_token":"#),
            Shape(.wrongContentType, 200, "text/plain", holds: #""access_token":"sim_at_"#),
            Shape(.expiresIn("1e400"), 200, json, holds: #"{"expires_in":1e400,"access_token":"sim_at_"#),
            Shape(.invalidGrant, 400, json, holds: #""error":"invalid_grant""#),
            Shape(.invalidClient, 401, json, holds: #""error":"invalid_client""#),
            Shape(.error("server_error", status: 500), 500, json, holds: #""error":"server_error""#),
            Shape(.githubError("bad_refresh_token"), 200, json, holds: #""error":"bad_refresh_token""#),
            Shape(.recorded(status: 529, body: #"{"code":"x"}"#), 529, json, holds: #"{"code":"x"}"#),
            Shape(.recorded(status: 403, contentType: "text/plain", body: "no"), 403, "text/plain", holds: "no"),
        ])
    func shape(_ row: Shape) throws {
        var trial = try Trial()
        trial.server.faults.add(.always(row.fault))
        let answer = trial.refresh(trial.tokens.refreshToken)
        #expect(answer.status == row.status)
        #expect(answer.header("content-type") == row.contentType)
        #expect(row.holds.isEmpty ? answer.body.isEmpty : answer.text.contains(row.holds))
    }

    @Test(
        "An absurd lifetime replaces the right one and leaves the rest of the answer",
        arguments: [
            "-1", "0", "1e400", "9223372036854775808", "\"soon\"", "null", "[1]",
        ])
    func absurdLifetime(_ text: String) throws {
        var trial = try Trial()
        trial.server.faults.add(.always(.expiresIn(text)))
        let answer = trial.refresh(trial.tokens.refreshToken)
        #expect(answer.member("expires_in") == text)
        #expect(answer.text.split(separator: "\"expires_in\"").count == 2)
        #expect(answer.text.hasSuffix("}"))
        let refreshToken = try #require(answer.string("refresh_token"))
        #expect(trial.server.isUnspent(refreshToken: refreshToken))
    }

    @Test(
        "Retry-After comes as seconds, as a date, as neither, or not at all",
        arguments: [
            (Fault.RetryAfter.seconds(7), "7" as String?), (.date(secondsAhead: 0), "Sun, 06 Nov 1994 08:49:37 GMT"),
            (.date(secondsAhead: 86_400 * 86), "Tue, 31 Jan 1995 08:49:37 GMT"),
            (.date(secondsAhead: 86_400 * 480), "Thu, 29 Feb 1996 08:49:37 GMT"),
            (.date(secondsAhead: 86_400 * 115), "Wed, 01 Mar 1995 08:49:37 GMT"), (.text("soon"), "soon"),
            (.missing, nil),
        ])
    func retryAfter(form: Fault.RetryAfter, text: String?) throws {
        var trial = try Trial()
        trial.server.faults.add(.always(.tooManyRequests(form)))
        let answer = trial.refresh(trial.tokens.refreshToken)
        #expect(answer.header("retry-after") == text)
        #expect(answer.header("date") == "Sun, 06 Nov 1994 08:49:37 GMT")
    }

    @Test("Truncated JSON stops before its end, and an oversized body goes on in spaces")
    func bodies() throws {
        var trial = try Trial()
        trial.server.faults.add(.next([.truncatedJSON, .oversizedBody(bytes: 10 << 20)]))
        let truncated = trial.refresh(trial.tokens.refreshToken)
        #expect(truncated.text.hasPrefix("{\"access_token\"") && !truncated.text.contains("}"))
        let oversized = trial.refresh(trial.tokens.refreshToken)
        #expect(oversized.text.hasSuffix("}"))
        #expect(oversized.body.count + oversized.trailingSpaces == 10 << 20)
    }

    @Test("A fault meets the endpoint and the client it is meant for, as often as it is meant to")
    func plan() throws {
        var trial = try Trial()
        trial.server.faults.add(.next([.emptyBody, .requestTimeout]), clientID: "app")
        trial.server.faults.add(.always(.gatewayPage(status: 502)), at: .userinfo)
        let others = "grant_type=client_credentials&client_id=other&client_secret=s"
        let own = "grant_type=client_credentials&client_id=app&client_secret=s"
        #expect(trial.post(others).member("access_token") != nil)
        #expect(trial.post(own).body.isEmpty)
        #expect(trial.get("/userinfo", bearer: trial.tokens.accessToken).status == 502)
        #expect(trial.post(own).status == 408)
        #expect(trial.post(own).member("access_token") != nil)
        #expect(trial.get("/userinfo", bearer: trial.tokens.accessToken).status == 502)
        trial.server.faults.clear()
        #expect(trial.get("/userinfo", bearer: trial.tokens.accessToken).status == 200)
    }

    @Test("A random mix keeps to its rate and its kinds, and one seed gives one course")
    func random() throws {
        let first = try course(seed: 3)
        #expect(try course(seed: 3) == first)
        #expect(try course(seed: 4) != first)
        #expect((200...400).contains(first.filter { $0 != "none" }.count))
        #expect(Set(first) == ["none", "empty_body", "request_timeout"])
    }

    @Test(
        "A client that sends again outlives the harmless faults with its grant alive, under any policy",
        arguments: [
            ClientPolicy.githubApp, .salesforce, .google, .xero,
        ])
    func harmless(policy: ClientPolicy) throws {
        var trial = try Trial(policy)
        trial.server.faults.add(.random(rate: 0.8, of: Fault.harmless, seed: 5))
        for _ in 0..<300 {
            let answer = trial.refresh(trial.tokens.refreshToken)
            guard trial.server.isLive(accessToken: answer.string("access_token") ?? "", at: trial.now) else { continue }
            trial.tokens.refreshToken = answer.string("refresh_token") ?? trial.tokens.refreshToken
        }
        #expect(trial.server.ledger.faults.count == Set(Fault.harmless.map(\.name)).count)
        #expect(trial.server.ledger.refreshes > 20)
        #expect(trial.server.ledger.presentationsOfSpentTokens == 0)
        #expect(trial.server.isUnspent(refreshToken: trial.tokens.refreshToken ?? ""))
    }

    private func course(seed: UInt64) throws -> [String] {
        var trial = try Trial()
        trial.server.faults.add(.random(rate: 0.3, of: [.emptyBody, .requestTimeout], seed: seed))
        let request = AuthorizationServer.Request.post(
            "/token", "grant_type=client_credentials&client_id=app&client_secret=s")
        return (0..<1000).map { _ in
            for case .fault(let fault, _) in trial.respond(request).events { return fault.name }
            return "none"
        }
    }
}
