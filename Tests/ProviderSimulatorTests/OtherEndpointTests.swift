import ProviderSimulator
import Testing

@Suite("The simulated provider's other endpoints")
struct OtherEndpointTests {
    private static let client = "&client_id=app&client_secret=s"

    @Test("Revoking a refresh token ends the grant; revoking an access token ends that token alone")
    func revocation() throws {
        var trial = try Trial(.google)
        let second = trial.refresh(trial.tokens.refreshToken).string("access_token") ?? ""
        #expect(trial.post("token=\(trial.tokens.accessToken)" + Self.client, to: "/revoke").status == 200)
        #expect(!trial.server.isLive(accessToken: trial.tokens.accessToken, at: trial.now))
        #expect(trial.server.isLive(accessToken: second, at: trial.now))
        #expect(trial.post("token=\(trial.tokens.refreshToken ?? "")" + Self.client, to: "/revoke").status == 200)
        #expect(!trial.server.isLive(accessToken: second, at: trial.now))
        #expect(trial.refresh(trial.tokens.refreshToken).string("error") == "invalid_grant")
    }

    @Test(
        "Revocation answers 200 for unknown tokens and refuses what it must",
        arguments: [
            ("token=unknown&client_id=app&client_secret=s", 200, nil),
            ("client_id=app&client_secret=s", 400, "invalid_request"),
            ("token=unknown", 401, "invalid_client"),
            ("token=unknown&client_id=app&client_secret=wrong", 401, "invalid_client"),
        ])
    func revocationRequests(form: String, status: Int, error: String?) throws {
        var trial = try Trial()
        let answer = trial.post(form, to: "/revoke")
        #expect(answer.status == status)
        #expect(answer.string("error") == error)
    }

    @Test("Only where the policy says so does the token alone suffice to revoke it", arguments: [true, false])
    func revocationByHolder(isAllowed: Bool) throws {
        var trial = try Trial(ClientPolicy().with { $0.revokesWithoutAuthentication = isAllowed })
        let answer = trial.post("token=\(trial.tokens.refreshToken ?? "")", to: "/revoke")
        #expect(answer.status == (isAllowed ? 200 : 401))
        #expect(trial.server.isLive(accessToken: trial.tokens.accessToken, at: trial.now) == !isAllowed)
    }

    @Test("Nobody revokes another client's token")
    func revocationByOther() throws {
        var trial = try Trial()
        let form = "token=\(trial.tokens.accessToken)&client_id=other&client_secret=s"
        #expect(trial.post(form, to: "/revoke").status == 400)
        #expect(trial.server.isLive(accessToken: trial.tokens.accessToken, at: trial.now))
    }

    @Test("Introspection describes live tokens to their own client, and calls all others inactive")
    func introspection() throws {
        var trial = try Trial()
        let access = trial.post("token=\(trial.tokens.accessToken)" + Self.client, to: "/introspect")
        #expect(access.member("active") == "true")
        #expect(access.string("client_id") == "app")
        #expect(access.string("username") == "ada")
        #expect(access.string("scope") == "read write")
        #expect(access.member("exp") == String(784_111_777 + 3600))
        let refresh = trial.post("token=\(trial.tokens.refreshToken ?? "")" + Self.client, to: "/introspect")
        #expect(refresh.member("active") == "true")
        let others = trial.post("token=\(trial.tokens.accessToken)&client_id=other&client_secret=s", to: "/introspect")
        #expect(others.text == "{\"active\":false}")
        trial.wait(.seconds(3600))
        let over = trial.post("token=\(trial.tokens.accessToken)" + Self.client, to: "/introspect")
        #expect(over.text == "{\"active\":false}")
    }

    @Test("Userinfo names the user, under OpenID's path and under GitHub's", arguments: ["/userinfo", "/user"])
    func userinfo(path: String) throws {
        var trial = try Trial()
        let answer = trial.get(path, bearer: trial.tokens.accessToken)
        #expect(
            answer.text
                == #"{"sub":"sub-1","id":41,"login":"ada","name":"Ada \"the\" first\u000a","email":"ada@home.example","#
                + #""email_verified":true}"#)
    }

    @Test("The API answers 401 with a challenge to a token that is unknown, ended or missing")
    func invalidTokens() throws {
        var trial = try Trial()
        trial.server.endAccessToken(trial.tokens.accessToken)
        for token in [trial.tokens.accessToken, "sim_at_unissued", ""] {
            let answer = trial.get("/userinfo", bearer: token)
            #expect(answer.status == 401)
            #expect(answer.header("www-authenticate")?.contains("invalid_token") == true)
        }
    }

    @Test("Connections lists the organisations that one grant reaches")
    func connections() throws {
        var trial = try Trial(.xero)
        let answer = trial.get("/connections", bearer: trial.tokens.accessToken)
        #expect(answer.text.contains(#""tenantId":"org-1","tenantType":"ORGANISATION","tenantName":"One""#))
        #expect(answer.text.contains(#""tenantId":"org-2""#))
    }

    @Test("Discovery names the endpoints below the issuer, and the methods of the clients unless told to keep them")
    func discovery() throws {
        var trial = try Trial()
        let request = AuthorizationServer.Request(method: "GET", path: "/.well-known/openid-configuration")
        let full = trial.respond(request).answer
        #expect(full.status == 200)
        #expect(full.string("issuer") == "http://127.0.0.1:1/provider")
        #expect(full.string("token_endpoint") == "http://127.0.0.1:1/provider/token")
        #expect(full.string("revocation_endpoint") == "http://127.0.0.1:1/provider/revoke")
        #expect(full.string("introspection_endpoint") == "http://127.0.0.1:1/provider/introspect")
        #expect(full.string("userinfo_endpoint") == "http://127.0.0.1:1/provider/userinfo")
        #expect(full.text.contains(#""client_secret_basic","client_secret_post""#))
        trial.server.announcesAuthenticationMethods = false
        #expect(trial.respond(request).answer.member("token_endpoint_auth_methods_supported") == nil)
    }
}
