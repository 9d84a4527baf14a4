import ProviderSimulator
import Testing

@Suite("The device flow at the simulated providers")
struct DeviceFlowTests {
    private static let grantType = "urn:ietf:params:oauth:grant-type:device_code"

    private func start(
        _ trial: inout ProviderTrial, _ scope: String = "offline_access User.Read"
    ) -> AuthorizationServer.Answer {
        trial.post(["scope": scope], to: "/device/code")
    }

    private func poll(_ trial: inout ProviderTrial, _ code: String?) -> AuthorizationServer.Answer {
        trial.post(["grant_type": Self.grantType, "device_code": code ?? ""])
    }

    private func trial(_ provider: SimulatedProvider) -> ProviderTrial {
        var trial = ProviderTrial(provider)
        trial.server.consent = .page
        return trial
    }

    struct Row: CustomTestStringConvertible, Sendable {
        var provider: SimulatedProvider
        var lifetime: Int
        var pending: (Int, String)
        var tooSoon: (Int, String)
        var denied: (Int, String)
        var expired: (Int, String)
        var unknown: (Int, String)

        var testDescription: String { provider.slug }
    }

    private static let rows = [
        Row(
            provider: .githubAppUser, lifetime: 900, pending: (200, "authorization_pending"),
            tooSoon: (200, "slow_down"), denied: (200, "access_denied"), expired: (200, "expired_token"),
            unknown: (200, "incorrect_device_code")),
        Row(
            provider: .google, lifetime: 1800, pending: (428, "authorization_pending"), tooSoon: (403, "slow_down"),
            denied: (403, "access_denied"), expired: (400, "expired_token"), unknown: (400, "invalid_grant")),
        Row(
            provider: .microsoft, lifetime: 900, pending: (400, "authorization_pending"),
            tooSoon: (400, "slow_down"), denied: (400, "authorization_declined"), expired: (400, "expired_token"),
            unknown: (400, "bad_verification_code")),
    ]

    @Test("It goes from waiting to tokens, once, with each provider's statuses", arguments: rows)
    func approved(_ row: Row) throws {
        var trial = trial(row.provider)
        let started = start(&trial)
        #expect(started.member("expires_in") == String(row.lifetime))
        #expect(started.member("interval") == "5")
        let code = try #require(started.string("device_code"))
        let userCode = try #require(started.string("user_code"))
        #expect(userCode.count == 9)
        trial.wait(.seconds(5))
        expect(poll(&trial, code), row.pending)
        let typed = userCode.lowercased().filter { $0 != "-" }
        #expect(trial.server.pendingUserCodes(at: trial.now) == [userCode])
        let isApproved = trial.server.approveDevice(userCode: typed, Approval(userID: "sub-bob"), at: trial.now)
        let isDenied = trial.server.denyDevice(userCode: userCode, at: trial.now)
        #expect(isApproved && !isDenied)
        trial.wait(.seconds(5))
        let tokens = poll(&trial, code)
        #expect(tokens.status == 200)
        #expect(trial.isLive(tokens.string("access_token")))
        #expect(trial.refresh(tokens.string("refresh_token")).status == 200)
        trial.wait(.seconds(5))
        expect(poll(&trial, code), row.unknown)
    }

    @Test("A client that asks too soon is told to slow down, five seconds more each time", arguments: rows)
    func slowDown(_ row: Row) throws {
        var trial = trial(row.provider)
        let code = start(&trial).string("device_code")
        expect(poll(&trial, code), row.tooSoon)
        trial.wait(.seconds(9))
        let second = poll(&trial, code)
        expect(second, row.tooSoon)
        #expect((second.member("interval") == "15") == (row.provider == .githubAppUser))
        trial.wait(.seconds(15))
        expect(poll(&trial, code), row.pending)
        #expect(trial.server.ledger.hastyPolls == 2)
    }

    @Test("A no, the end of its time and a code of nobody are final", arguments: rows)
    func finalAnswers(_ row: Row) throws {
        var trial = trial(row.provider)
        let denied = start(&trial)
        let isDenied = trial.server.denyDevice(userCode: denied.string("user_code") ?? "", at: trial.now)
        #expect(isDenied)
        trial.wait(.seconds(5))
        expect(poll(&trial, denied.string("device_code")), row.denied)
        let late = start(&trial)
        trial.wait(.seconds(row.lifetime))
        expect(poll(&trial, late.string("device_code")), row.expired)
        let userCode = late.string("user_code") ?? ""
        let isApproved = trial.server.approveDevice(userCode: userCode, Approval(userID: "sub-ada"), at: trial.now)
        #expect(!isApproved)
        expect(poll(&trial, "sim_dc_unknown"), row.unknown)
    }

    private func expect(_ answer: AuthorizationServer.Answer, _ refusal: (Int, String)) {
        #expect(answer.status == refusal.0)
        #expect(answer.string("error") == refusal.1)
    }

    @Test("Each names the page in its own way; Microsoft and Google have no complete address")
    func pageAddress() {
        var github = trial(.github)
        #expect(start(&github).string("verification_uri") == "http://127.0.0.1:1/github/device")
        var google = trial(.google)
        let googles = start(&google)
        #expect(googles.string("verification_url") == "http://127.0.0.1:1/google/device")
        #expect(googles.member("verification_uri") == nil && googles.member("verification_uri_complete") == nil)
        var microsoft = trial(.microsoft)
        let microsofts = start(&microsoft)
        #expect(microsofts.string("message")?.contains(microsofts.string("user_code") ?? "?") == true)
        #expect(microsofts.member("verification_uri_complete") == nil)
        var standard = trial(.google)
        standard.server.dialect = .standard
        let complete = start(&standard)
        let code = complete.string("user_code") ?? "?"
        #expect(complete.string("verification_uri_complete") == "http://127.0.0.1:1/google/device?user_code=\(code)")
    }

    @Test("GitHub answers with a form unless it is asked for JSON, and says where the flow is switched off")
    func github() {
        var trial = trial(.github)
        let form = trial.post([:], to: "/device/code", acceptsJSON: false)
        #expect(form.text.hasPrefix("device_code=sim_dc_"))
        var client = AuthorizationServer.Client(id: "app", secret: "s")
        client.usesDeviceFlow = false
        trial.server.add(client)
        let off = start(&trial)
        #expect(off.status == 200 && off.string("error") == "device_flow_disabled")
    }

    @Test("Google refuses Basic at the device endpoint, and wants the secret when it is asked for tokens")
    func google() {
        var trial = trial(.google)
        let asked = trial.respond(.post("/device/code", "client_id=app", authorization: basic("app:s")))
        #expect(asked.string("error") == "invalid_request")
        let code = trial.respond(.post("/device/code", "client_id=app")).string("device_code") ?? ""
        let form = "client_id=app&device_code=\(code)&grant_type=\(encoded(Self.grantType))"
        #expect(trial.respond(.post("/token", form)).string("error") == "invalid_client")
        var microsoft = self.trial(.microsoft)
        let other = microsoft.respond(.post("/device/code", "client_id=app")).string("device_code") ?? ""
        microsoft.wait(.seconds(5))
        let polled = microsoft.respond(
            .post("/token", "client_id=app&device_code=\(other)&grant_type=\(encoded(Self.grantType))"))
        #expect(polled.string("error") == "authorization_pending")
    }

    @Test("A policy that decides at once decides over devices too", arguments: [true, false])
    func atOnce(isYes: Bool) {
        var trial = trial(.google)
        trial.server.consent = isYes ? .approve(userID: "sub-ada") : .deny
        let code = start(&trial, "openid").string("device_code")
        trial.wait(.seconds(5))
        #expect(poll(&trial, code).status == (isYes ? 200 : 403))
    }

    @Test("Another client's device code is as good as unknown")
    func otherClient() {
        var trial = trial(.google)
        trial.server.add(AuthorizationServer.Client(id: "other", secret: "s"))
        let code = start(&trial).string("device_code") ?? ""
        trial.wait(.seconds(5))
        let stolen = trial.post(["grant_type": Self.grantType, "device_code": code], clientID: "other")
        #expect(stolen.string("error") == "invalid_grant")
        #expect(poll(&trial, code).string("error") == "authorization_pending")
    }

    @Test(
        "The others have no device flow", arguments: [SimulatedProvider.xero, .notion, .atlassian, .myob, .salesforce])
    func none(provider: SimulatedProvider) {
        var trial = trial(provider)
        #expect(start(&trial).status == 404)
        #expect(poll(&trial, "x").string("error") == "unsupported_grant_type")
    }

    @Test("A person types the code on the page, decides there, and a wrong code is told")
    func page() throws {
        var trial = trial(.github)
        let started = start(&trial)
        let userCode = try #require(started.string("user_code"))
        func get(_ query: String) -> AuthorizationServer.Answer {
            trial.respond(.init(method: "GET", path: "/device", query: query))
        }
        #expect(get("").text.contains("name=\"user_code\""))
        #expect(get("user_code=BBBB-BBBB").status == 400)
        let page = get("user_code=\(userCode.lowercased())")
        #expect(page.status == 200)
        #expect(page.text.contains("value=\"\(userCode)\"") && page.text.contains("Allow as Bob<"))
        func post(_ form: String) -> Int { trial.respond(.post("/device", form)).status }
        #expect(post("user_code=\(userCode)&user_id=nobody") == 400)
        #expect(post("user_code=\(userCode)&user_id=sub-bob") == 200)
        #expect(post("user_code=\(userCode)&decision=deny") == 400)
        trial.wait(.seconds(5))
        let tokens = poll(&trial, started.string("device_code"))
        #expect(trial.call("/api/user", tokens.string("access_token")).string("login") == "bob")
    }
}
