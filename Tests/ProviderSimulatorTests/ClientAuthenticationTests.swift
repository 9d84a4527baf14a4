import ProviderSimulator
import Testing

@Suite("How clients prove themselves to the simulated provider")
struct ClientAuthenticationTests {
    struct Attempt: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var accepted: Set<AuthorizationServer.AuthenticationMethod>
        var authorization: String?
        var form = ""
        var status: Int
    }

    // The id is `app:1`, the secret `p w%`; both are form-encoded before they are put together (RFC 6749 section 2.3.1).
    private static let basic = "Basic YXBwJTNBMTpwK3clMjU="
    private static let post = "&client_id=app%3A1&client_secret=p+w%25"

    @Test(
        "A client is taken by the methods it is registered for, with the right secret, and no other way",
        arguments: [
            Attempt(testDescription: "basic", accepted: [.basic], authorization: basic, status: 200),
            Attempt(
                testDescription: "basic, without padding", accepted: [.basic],
                authorization: "basic YXBwJTNBMTpwK3clMjU", status: 200),
            Attempt(testDescription: "post", accepted: [.post], form: post, status: 200),
            Attempt(
                testDescription: "basic where post is wanted", accepted: [.post], authorization: basic, status: 401),
            Attempt(testDescription: "post where basic is wanted", accepted: [.basic], form: post, status: 401),
            Attempt(
                testDescription: "both at once", accepted: [.basic, .post], authorization: basic, form: post,
                status: 400),
            Attempt(
                testDescription: "basic with its id in the body", accepted: [.basic], authorization: basic,
                form: "&client_id=app%3A1", status: 200),
            Attempt(
                testDescription: "a wrong secret, basic", accepted: [.basic, .post],
                authorization: "Basic YXBwJTNBMTp3cm9uZw==", status: 401),
            Attempt(
                testDescription: "a wrong secret, post", accepted: [.basic, .post],
                form: "&client_id=app%3A1&client_secret=wrong", status: 401),
            Attempt(
                testDescription: "an unknown client", accepted: [.post], form: "&client_id=x&client_secret=y",
                status: 401),
            Attempt(testDescription: "nothing", accepted: [.basic, .post], status: 401),
            Attempt(testDescription: "not base 64", accepted: [.basic], authorization: "Basic *", status: 401),
            Attempt(
                testDescription: "the id alone, public", accepted: [.none], form: "&client_id=app%3A1", status: 200),
            Attempt(
                testDescription: "the id alone, confidential", accepted: [.basic, .post], form: "&client_id=app%3A1",
                status: 401
            ),
        ])
    func attempt(_ row: Attempt) throws {
        var trial = try Trial()
        trial.server.add(AuthorizationServer.Client(id: "app:1", secret: "p w%", authentication: row.accepted))
        let connected = trial.server.connect(
            clientID: "app:1", userID: "sub-1", scopes: [], at: trial.now, random: &trial.random)
        let token = try #require(connected?.refreshToken)
        let answer = trial.post(
            "grant_type=refresh_token&refresh_token=\(token)" + row.form, authorization: row.authorization)
        #expect(answer.status == row.status)
        #expect((answer.string("error") == "invalid_client") == (row.status == 401))
        // RFC 6749 section 5.2: a challenge for those who used the field.
        #expect((answer.header("WWW-Authenticate") != nil) == (row.status == 401 && row.authorization != nil))
        #expect(trial.server.isUnspent(refreshToken: token) == (row.status != 200))
    }

    @Test(
        "GitHub's style tells errors with status 200 and codes of its own",
        arguments: [
            (
                "grant_type=refresh_token&client_id=app&client_secret=wrong&refresh_token=x",
                "incorrect_client_credentials"
            ),
            ("grant_type=refresh_token&client_id=app&client_secret=s&refresh_token=x", "bad_refresh_token"),
            ("grant_type=password&client_id=app&client_secret=s", "unsupported_grant_type"),
        ])
    func githubStyle(form: String, code: String) throws {
        var trial = try Trial()
        trial.server.dialect = .github
        let answer = trial.post(form)
        #expect(answer.status == 200)
        #expect(answer.string("error") == code)
        #expect(answer.member("access_token") == nil)
    }

    @Test("A client gets a token of its own, for its own scopes, without a refresh token")
    func clientCredentials() throws {
        var trial = try Trial()
        let form = "grant_type=client_credentials&client_id=app&client_secret=s"
        let answer = trial.post(form)
        #expect(answer.status == 200)
        #expect(answer.string("scope") == "admin")
        #expect(answer.member("refresh_token") == nil)
        #expect(trial.server.isLive(accessToken: answer.string("access_token") ?? "", at: trial.now))
        #expect(trial.post(form + "&scope=read").string("error") == "invalid_scope")
        // No person stands behind it.
        #expect(trial.get("/userinfo", bearer: answer.string("access_token") ?? "").status == 401)
    }

    @Test("A public client has no grant of its own")
    func publicClientCredentials() throws {
        var trial = try Trial()
        trial.server.add(AuthorizationServer.Client(id: "public", secret: "", authentication: [.none]))
        let answer = trial.post("grant_type=client_credentials&client_id=public")
        #expect(answer.string("error") == "unauthorized_client")
    }
}
