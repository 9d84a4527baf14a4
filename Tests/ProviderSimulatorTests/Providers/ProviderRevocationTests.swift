import ProviderSimulator
import Testing

@Suite("Ending access at each provider")
struct ProviderRevocationTests {
    private func revoke(
        _ trial: inout ProviderTrial, _ token: String?, authorization: String? = nil
    ) -> AuthorizationServer.Answer {
        trial.respond(.post("/revoke", "token=\(token ?? "")", authorization: authorization))
    }

    private func delete(
        _ trial: inout ProviderTrial, _ path: String, _ token: String?, authorization: String? = basic("app:s")
    ) -> AuthorizationServer.Answer {
        trial.respond(
            .init(
                method: "DELETE", path: path, authorization: authorization, contentType: "application/json",
                body: Array(json(["access_token": token ?? ""]).utf8)))
    }

    @Test("GitHub's DELETE of a token ends that one; of the grant, all that the user gave the app")
    func github() throws {
        var trial = ProviderTrial(.githubAppUser)
        let tokens = try (0..<3).map { _ in try trial.connect() }
        let access = tokens.map { $0.string("access_token") }
        let one = delete(&trial, "/api/applications/app/token", access[0])
        #expect(one.status == 204 && one.body.isEmpty)
        #expect(access.map(trial.isLive) == [false, true, true])
        #expect(delete(&trial, "/api/applications/app/token", access[0]).status == 404)
        #expect(delete(&trial, "/api/applications/app/grant", access[1]).status == 204)
        #expect(access.map(trial.isLive) == [false, false, false])
        #expect(trial.refresh(tokens[2].string("refresh_token")).string("error") == "bad_refresh_token")
        #expect(trial.server.ledger.revocations == 2)
    }

    @Test(
        "GitHub wants the client's own id and secret by Basic, and a token",
        arguments: [
            ("/api/applications/app/token", "app:wrong", 401), ("/api/applications/other/token", "app:s", 401),
            ("/api/applications/app/token", "other:s", 401),
        ])
    func githubCredentials(path: String, credentials: String, status: Int) throws {
        var trial = ProviderTrial(.github)
        trial.server.add(AuthorizationServer.Client(id: "other", secret: "s"))
        let access = try trial.connect().string("access_token")
        #expect(delete(&trial, path, access, authorization: basic(credentials)).status == status)
        #expect(delete(&trial, path, access, authorization: nil).status == 401)
        #expect(delete(&trial, "/api/applications/other/token", access, authorization: basic("other:s")).status == 404)
        #expect(delete(&trial, "/api/applications/app/token", "").status == 422)
        #expect(trial.isLive(access))
        let posted = trial.respond(
            .post("/api/applications/app/token", "access_token=x", authorization: basic("app:s")))
        #expect(posted.status == 405 && posted.header("Allow") == "DELETE")
    }

    @Test(
        "Google's needs nothing but a token, of either kind, and ends all of that user at the client",
        arguments: [0, 1])
    func google(kind: Int) throws {
        var trial = ProviderTrial(.google)
        let first = try trial.connect()
        let second = try trial.connect()
        trial.server.consent = .approve(userID: "sub-bob")
        let others = try trial.connect().string("access_token")
        let token = first.string(kind == 0 ? "access_token" : "refresh_token")
        #expect(revoke(&trial, token).status == 200)
        #expect(!trial.isLive(first.string("access_token")) && !trial.isLive(second.string("access_token")))
        #expect(trial.isLive(others))
        let again = revoke(&trial, token)
        #expect(again.status == 400 && again.string("error") == "invalid_token")
        #expect(revoke(&trial, "unknown").string("error") == "invalid_token")
    }

    @Test("Xero's takes the refresh token and ends the grant with all organisations")
    func xero() throws {
        var trial = ProviderTrial(.xero)
        let first = try trial.connect()
        let second = try trial.connect().string("access_token")
        #expect(revoke(&trial, first.string("refresh_token")).status == 401)
        #expect(revoke(&trial, first.string("refresh_token"), authorization: basic("app:s")).status == 200)
        #expect(!trial.isLive(first.string("access_token")))
        #expect(trial.refresh(first.string("refresh_token")).string("error") == "invalid_grant")
        #expect(trial.call("/api/connections", second).text == "[]")
    }

    @Test("One organisation of Xero can be let go: the tokens and the other stay")
    func xeroConnection() throws {
        var trial = ProviderTrial(.xero)
        let tokens = try trial.connect()
        let access = tokens.string("access_token")
        let id = try #require(trial.call("/api/connections", access).string("id"))
        trial.server.consent = .approve(userID: "sub-bob")
        let others = try trial.connect().string("access_token")
        #expect(trial.call("/api/connections/\(id)", others, method: "DELETE").status == 404)
        #expect(trial.call("/api/connections/\(id)", access, method: "DELETE").status == 204)
        #expect(trial.call("/api/connections/\(id)", access, method: "DELETE").status == 404)
        let left = trial.call("/api/connections", access)
        #expect(left.string("tenantId") == "org-2" && !left.text.contains("org-1"))
        #expect(trial.refresh(tokens.string("refresh_token")).status == 200)
    }

    @Test("A second consent keeps the ids of the connections that there are")
    func xeroKeepsIDs() throws {
        var trial = ProviderTrial(.xero)
        let first = try trial.call("/api/connections", trial.connect().string("access_token")).string("id")
        let second = try trial.call("/api/connections", trial.connect().string("access_token")).string("id")
        #expect(first != nil && first == second)
    }

    @Test("Salesforce's needs nothing but a token; an access token ends alone, a refresh token takes the grant with it")
    func salesforce() throws {
        var trial = ProviderTrial(.salesforce)
        let tokens = try trial.connect()
        let newer = trial.refresh(tokens.string("refresh_token"))
        #expect(revoke(&trial, tokens.string("access_token")).status == 200)
        #expect(!trial.isLive(tokens.string("access_token")) && trial.isLive(newer.string("access_token")))
        #expect(revoke(&trial, newer.string("refresh_token")).status == 200)
        #expect(!trial.isLive(newer.string("access_token")))
        #expect(revoke(&trial, newer.string("refresh_token")).string("error") == "invalid_token")
    }

    @Test("Notion's takes JSON and the access token, answers with a request id, and ends the authorization")
    func notion() throws {
        var trial = ProviderTrial(.notion)
        let tokens = try trial.connect()
        let introspected = trial.post(["token": tokens.string("access_token") ?? ""], to: "/introspect")
        #expect(introspected.text == "{\"active\":true,\"scope\":\"\",\"iat\":784111777}")
        let answer = trial.post(["token": tokens.string("access_token") ?? ""], to: "/revoke")
        #expect(answer.status == 200 && answer.string("request_id") != nil)
        #expect(!trial.isLive(tokens.string("access_token")))
        #expect(trial.refresh(tokens.string("refresh_token")).string("error") == "invalid_grant")
        let after = trial.post(["token": tokens.string("access_token") ?? ""], to: "/introspect")
        #expect(after.text == "{\"active\":false}")
    }

    @Test("Atlassian's takes the client's secret in the body and ends the grant")
    func atlassian() throws {
        var trial = ProviderTrial(.atlassian)
        let tokens = try trial.connect()
        let token = tokens.string("refresh_token") ?? ""
        #expect(trial.post(["token": token], to: "/revoke", secret: "wrong").status == 401)
        #expect(trial.post(["token": token], to: "/revoke").status == 200)
        #expect(!trial.isLive(tokens.string("access_token")))
    }

    @Test("Microsoft and MYOB have nothing that ends a grant", arguments: [SimulatedProvider.microsoft, .myob])
    func none(provider: SimulatedProvider) throws {
        var trial = ProviderTrial(provider)
        let tokens = try trial.connect()
        #expect(trial.post(["token": tokens.string("refresh_token") ?? ""], to: "/revoke").status == 404)
        #expect(trial.isLive(tokens.string("access_token")))
    }

    @Test("What a user takes back is dead everywhere", arguments: SimulatedProvider.allCases)
    func withdrawn(provider: SimulatedProvider) throws {
        var trial = ProviderTrial(provider)
        let access = try trial.connect().string("access_token")
        #expect(trial.server.revokeGrants(userID: "sub-ada", clientID: "app") == 1)
        #expect(!trial.isLive(access))
        #expect(trial.server.revokeGrants(userID: "sub-ada", clientID: "app") == 0)
    }
}
