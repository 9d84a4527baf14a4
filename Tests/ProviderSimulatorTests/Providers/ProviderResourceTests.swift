import ProviderSimulator
import Testing

@Suite("Each provider's API")
struct ProviderResourceTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var provider: SimulatedProvider
        var path: String
        var members: [String: String?]
        /// In the body of the 401 for a dead token.
        var refusal: String

        var testDescription: String { provider.slug }
    }

    private static let rows = [
        Row(
            provider: .github, path: "/api/user",
            members: ["login": "\"ada\"", "id": "41", "name": "\"Ada\"", "email": "\"ada@home.example\""],
            refusal: "\"message\":\"Bad credentials\""),
        Row(
            provider: .google, path: "/userinfo",
            members: ["sub": "\"sub-ada\"", "email": "\"ada@home.example\"", "email_verified": "true", "name": nil],
            refusal: "\"status\":\"UNAUTHENTICATED\""),
        Row(
            provider: .xero, path: "/api/connections",
            members: ["tenantId": "\"org-1\"", "tenantType": "\"ORGANISATION\"", "tenantName": "\"One\""],
            refusal: "\"Detail\":\"TokenExpired"),
        Row(
            provider: .notion, path: "/api/users/me",
            members: ["type": "\"bot\"", "workspace_name": "\"One\"", "email": "\"ada@home.example\""],
            refusal: "\"code\":\"unauthorized\""),
        Row(
            provider: .atlassian, path: "/api/me",
            members: ["account_id": "\"sub-ada\"", "email": "\"ada@home.example\"", "name": "\"Ada\""],
            refusal: "{\"code\":401,\"message\":\"Unauthorized\"}"),
        Row(
            provider: .atlassian, path: "/api/oauth/token/accessible-resources",
            members: ["id": "\"org-1\"", "name": "\"One\"", "url": "\"https://simulated.atlassian.net\""],
            refusal: "{\"code\":401,\"message\":\"Unauthorized\"}"),
        Row(
            provider: .salesforce, path: "/userinfo",
            members: [
                "user_id": "\"sub-ada\"", "organization_id": "\"org-1\"",
                "preferred_username": "\"ada@home.example\"",
            ], refusal: "\"errorCode\":\"INVALID_SESSION_ID\""),
        Row(
            provider: .microsoft, path: "/api/me",
            members: [
                "id": "\"sub-ada\"", "displayName": "\"Ada\"", "mail": "\"ada@home.example\"",
                "userPrincipalName": "\"ada@simulated.onmicrosoft.com\"",
            ], refusal: "\"code\":\"InvalidAuthenticationToken\""),
    ]

    @Test(
        "It says who the user is, in the provider's own words, and 401 in its own words to a dead token",
        arguments: rows)
    func identities(_ row: Row) throws {
        var trial = ProviderTrial(row.provider)
        let access = try #require(trial.connect().string("access_token"))
        let answer = trial.call(row.path, access)
        #expect(answer.status == 200)
        for (name, value) in row.members { #expect(answer.member(name) == value, "\(name)") }
        trial.server.endAccessToken(access)
        for token in [access, "sim_at_unknown", nil] {
            let refused = trial.call(row.path, token)
            #expect(refused.status == 401)
            #expect(refused.text.firstRange(of: row.refusal) != nil)
        }
    }

    @Test("An address that is hidden is null at GitHub and Microsoft and missing at Atlassian")
    func hiddenEmail() throws {
        for (provider, path, name, value) in [
            (SimulatedProvider.github, "/api/user", "email", "null"), (.microsoft, "/api/me", "mail", "null"),
            (.atlassian, "/api/me", "email", nil),
        ] {
            var trial = ProviderTrial(provider)
            var shy = ProviderTrial.ada
            shy.showsEmail = false
            trial.server.add(shy)
            let access = try trial.connect().string("access_token")
            #expect(trial.call(path, access).member(name) == value)
        }
    }

    @Test(
        "A token without the scope is told so in the provider's way",
        arguments: [
            (SimulatedProvider.google, "/userinfo", "email", 403, "Insufficient Permission"),
            (.atlassian, "/api/me", "offline_access", 401, "Unauthorized; scope does not match"),
            (.microsoft, "/api/me", "openid", 403, "Authorization_RequestDenied"),
        ])
    func missingScope(provider: SimulatedProvider, path: String, scope: String, status: Int, text: String) throws {
        var trial = ProviderTrial(provider)
        let answer = trial.call(path, try trial.connect(["scope": scope]).string("access_token"))
        #expect(answer.status == status)
        #expect(answer.text.firstRange(of: text) != nil)
    }

    @Test("GitHub wants a User-Agent, and Notion its version")
    func neededHeaders() throws {
        for (provider, path, status) in [(SimulatedProvider.github, "/api/user", 403), (.notion, "/api/users/me", 400)]
        {
            var trial = ProviderTrial(provider)
            let access = try trial.connect().string("access_token") ?? ""
            let bare = trial.respond(.init(method: "GET", path: path, authorization: "Bearer \(access)"))
            #expect(bare.status == status)
        }
    }

    @Test("Xero wants one of the grant's organisations with each call")
    func xeroTenant() throws {
        var trial = ProviderTrial(.xero)
        let access = try trial.connect().string("access_token")
        let path = "/api/api.xro/2.0/Invoices"
        #expect(trial.call(path, access).status == 403)
        #expect(trial.call(path, access, headers: [.init("Xero-Tenant-Id", "org-9")]).status == 403)
        let answer = trial.call(path, access, headers: [.init("Xero-Tenant-Id", "org-2")])
        #expect(answer.text.hasPrefix("{\"method\":\"GET\",\"path\":\"/api.xro/2.0/Invoices\""))
        #expect(trial.call(path, "dead", headers: [.init("Xero-Tenant-Id", "org-2")]).status == 401)
    }

    @Test("MYOB wants its key with each call, and knows the grant's company file alone")
    func myobFile() throws {
        var trial = ProviderTrial(.myob)
        let access = try trial.connect().string("access_token")
        let key = AuthorizationServer.Field("x-myobapi-key", "app")
        #expect(trial.call("/api/accountright/org-1/Contact", access, headers: [key]).status == 200)
        #expect(trial.call("/api/accountright/org-1", access, headers: [key]).status == 200)
        #expect(trial.call("/api/accountright/org-1", access).string("Name") == "ApiKeyIsInvalid")
        for other in ["/api/accountright/org-2", "/api/accountright/org-1x", "/api/elsewhere"] {
            #expect(trial.call(other, access, headers: [key]).string("Name") == "AccessDenied")
        }
        #expect(trial.call("/api/accountright/org-1", "dead", headers: [key]).string("Name") == "OAuthTokenIsInvalid")
    }

    @Test("Any other call is answered with what was asked and by whom")
    func anyCall() throws {
        var trial = ProviderTrial(.github)
        let access = try trial.connect().string("access_token") ?? ""
        let answer = trial.respond(
            .init(
                method: "PATCH", path: "/api/repos/a/b", query: "page=2", authorization: "Bearer \(access)",
                headers: [.init("User-Agent", "t")], body: Array("12345".utf8)))
        #expect(
            answer.text
                == #"{"method":"PATCH","path":"/repos/a/b","query":"page=2","account":"ada","bodyBytes":5}"#)
        #expect(trial.call("/api/repos/a/b", "dead").status == 401)
    }
}
