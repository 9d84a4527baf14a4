import ProviderSimulator
import Testing

@Suite("What the token endpoint answers")
struct TokenAnswerTests {
    struct Form: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var policy: ClientPolicy
        var member: String
        /// Nil: the member is missing.
        var value: String?
    }

    @Test(
        "Each client's answers have their own form",
        arguments: [
            Form(testDescription: "a number", policy: ClientPolicy(), member: "expires_in", value: "3600"),
            Form(testDescription: "a numeric string", policy: .myob, member: "expires_in", value: "\"1200\""),
            Form(
                testDescription: "milliseconds", policy: ClientPolicy().with { $0.expiresIn = .milliseconds },
                member: "expires_in", value: "3600000"),
            Form(testDescription: "a life that is not told", policy: .salesforce, member: "expires_in", value: nil),
            Form(testDescription: "a life without end", policy: .notion, member: "expires_in", value: nil),
            Form(
                testDescription: "commas between scopes", policy: .githubExpiringOAuthApp, member: "scope",
                value: "\"read,write\""),
            Form(testDescription: "no scopes", policy: .githubApp, member: "scope", value: "\"\""),
            Form(testDescription: "nothing of scopes", policy: .notion, member: "scope", value: nil),
            Form(testDescription: "spaces between scopes", policy: .xero, member: "scope", value: "\"read write\""),
            Form(
                testDescription: "the idle life of the refresh token", policy: .githubApp,
                member: "refresh_token_expires_in", value: "15897600"),
            Form(
                testDescription: "a member of the provider's own", policy: .salesforce, member: "instance_url",
                value: "\"https://simulated.my.salesforce.com\""),
            Form(
                testDescription: "a refresh token that is null",
                policy: .google.with { $0.unchangedRefreshToken = .null }, member: "refresh_token", value: "null"),
            Form(testDescription: "the type", policy: ClientPolicy(), member: "token_type", value: "\"Bearer\""),
        ])
    func form(_ row: Form) throws {
        var trial = try Trial(row.policy)
        let answer = trial.refresh(trial.tokens.refreshToken)
        #expect(answer.status == 200)
        #expect(answer.member(row.member) == row.value)
        #expect(answer.header("Content-Type") == "application/json")
        #expect(answer.header("Cache-Control") == "no-store")
    }

    @Test("A refresh token that stays can be repeated")
    func repeated() throws {
        var trial = try Trial(.google.with { $0.unchangedRefreshToken = .repeated })
        let answer = trial.refresh(trial.tokens.refreshToken)
        #expect(answer.string("refresh_token") == trial.tokens.refreshToken)
    }

    @Test("An access token can be a JSON Web Token that tells its own end")
    func jsonWebToken() throws {
        var trial = try Trial(.xero)
        let token = try #require(trial.refresh(trial.tokens.refreshToken).string("access_token"))
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        #expect(parts.count == 3)
        let claims = try #require(decoded(parts[1]))
        #expect(member("exp", of: claims) == String(784_111_777 + 1800))
        #expect(member("sub", of: claims) == "\"sub-1\"")
        #expect(trial.get("/userinfo", bearer: token).status == 200)
    }

    @Test("A GitHub OAuth app's user has an access token without end and no refresh token")
    func oauthApp() throws {
        let trial = try Trial(.githubOAuthApp)
        #expect(trial.tokens.refreshToken == nil)
        #expect(trial.tokens.expiresAt == nil)
    }

    struct Malformed: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var form: String
        var error: String
    }

    @Test(
        "A malformed token request is refused with the error that fits",
        arguments: [
            Malformed(testDescription: "nothing but the client", form: "", error: "invalid_request"),
            Malformed(testDescription: "no refresh token", form: "&grant_type=refresh_token", error: "invalid_request"),
            Malformed(
                testDescription: "an empty refresh token", form: "&grant_type=refresh_token&refresh_token=",
                error: "invalid_request"),
            Malformed(
                testDescription: "a parameter twice", form: "&grant_type=refresh_token&refresh_token=a&refresh_token=b",
                error: "invalid_request"),
            Malformed(
                testDescription: "half an escape", form: "&grant_type=refresh_token&refresh_token=%4",
                error: "invalid_request"
            ),
            Malformed(
                testDescription: "bytes that are not UTF-8", form: "&grant_type=refresh_token&refresh_token=%FF",
                error: "invalid_request"),
            Malformed(
                testDescription: "an unknown grant type", form: "&grant_type=password", error: "unsupported_grant_type"),
            Malformed(
                testDescription: "an unknown refresh token", form: "&grant_type=refresh_token&refresh_token=nobody",
                error: "invalid_grant"),
        ])
    func malformed(_ row: Malformed) throws {
        var trial = try Trial()
        let answer = trial.post("client_id=app&client_secret=s" + row.form)
        #expect(answer.status == 400)
        #expect(answer.string("error") == row.error)
    }

    @Test("Only POST is taken, and only bodies that the provider reads")
    func otherRequests() throws {
        var trial = try Trial()
        let get = trial.respond(.init(method: "GET", path: "/token")).answer
        #expect(get.status == 405)
        #expect(get.header("allow") == "POST")
        #expect(trial.respond(.init(method: "GET", path: "/nowhere")).answer.status == 404)
        let json = try trial.respond(jsonRefresh(#require(trial.tokens.refreshToken))).answer
        #expect(json.string("error") == "invalid_request")
    }

    @Test("A provider that wants JSON gets JSON, with its escapes")
    func jsonBody() throws {
        var trial = try Trial()
        trial.server.requestFormats = [.json]
        let escaped = try #require(trial.tokens.refreshToken).replacing("sim", with: "\\u0073\\u0069m")
        #expect(trial.respond(jsonRefresh(escaped)).answer.status == 200)
    }

    @Test(
        "JSON that is not one object of strings is refused",
        arguments: [
            "", "[]", "{", "{\"a\":1}", "{\"a\":\"b\",}", "{\"a\":\"b\"} x", "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\\u+123\"}",
            "{\"a\" \"b\"}", "{,}",
        ])
    func malformedJSON(_ body: String) throws {
        var trial = try Trial()
        trial.server.requestFormats = [.json]
        let request = AuthorizationServer.Request(
            method: "POST", path: "/token", contentType: "application/json", body: Array(body.utf8))
        #expect(trial.respond(request).answer.string("error_description") == "the body is malformed")
    }

    private func jsonRefresh(_ token: String) -> AuthorizationServer.Request {
        let body = """
            {"grant_type": "refresh_token", "client_id" : "app",
             "client_secret":"s","refresh_token":"\(token)"}
            """
        return .init(
            method: "POST", path: "/token", contentType: "application/json; charset=utf-8", body: Array(body.utf8))
    }

    /// Base 64 for addresses, read back bit by bit.
    private func decoded(_ text: Substring) -> String? {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let bits = text.flatMap { character -> [Bool] in
            let value = alphabet.firstIndex(of: character) ?? 0
            return (0..<6).map { value >> (5 - $0) & 1 == 1 }
        }
        let bytes = stride(from: 0, to: bits.count - 7, by: 8).map { start in
            bits[start..<start + 8].reduce(UInt8(0)) { $0 << 1 | ($1 ? 1 : 0) }
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
