import ProviderSimulator
import Testing

@Suite("What each provider's token answer looks like")
struct ProviderAnswerTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var provider: SimulatedProvider
        /// The JSON text of members; nil: missing.
        var members: [String: String?]

        var testDescription: String { provider.slug }
    }

    private static let rows = [
        Row(
            provider: .github,
            members: ["expires_in": nil, "refresh_token": nil, "scope": "\"repo,read:org\"", "id_token": nil]),
        Row(
            provider: .githubAppUser,
            members: ["expires_in": "28800", "refresh_token_expires_in": "15897600", "scope": "\"\""]),
        Row(provider: .google, members: ["expires_in": "3600", "scope": "\"openid email\""]),
        Row(
            provider: .xero,
            members: [
                "expires_in": "1800", "refresh_token_expires_in": nil,
                "scope": "\"offline_access openid profile email\"",
            ]),
        Row(
            provider: .notion,
            members: [
                "expires_in": nil, "scope": nil, "workspace_id": "\"org-1\"", "workspace_name": "\"One\"",
                "workspace_icon": "null", "duplicated_template_id": "null", "email": "\"ada@home.example\"",
            ]),
        Row(provider: .atlassian, members: ["expires_in": "3600", "refresh_token_expires_in": nil]),
        Row(
            provider: .myob,
            members: ["expires_in": "\"1200\"", "uid": "\"sub-ada\"", "username": "\"ada@home.example\""]),
        Row(
            provider: .salesforce,
            members: [
                "expires_in": nil, "instance_url": "\"https://simulated.my.salesforce.com\"",
                "id": "\"http://127.0.0.1:1/salesforce/id/org-1/sub-ada\"", "issued_at": "\"784111777000\"",
                "signature": "\"simulated\"",
            ]),
        Row(provider: .microsoft, members: ["expires_in": "3599", "ext_expires_in": "3599"]),
    ]

    @Test("The first answer and a refreshed one have the members that the real ones have", arguments: rows)
    func members(_ row: Row) throws {
        var trial = ProviderTrial(row.provider)
        let first = try trial.connect()
        let refreshed = first.string("refresh_token").map { trial.refresh($0) }
        #expect((refreshed == nil) == (row.provider == .github))
        for answer in [first] + (refreshed.map { [$0] } ?? []) {
            #expect(answer.status == 200)
            #expect(answer.header("Content-Type") == "application/json")
            #expect(answer.header("Cache-Control") == "no-store")
            for (name, value) in row.members { #expect(answer.member(name) == value, "\(name)") }
        }
    }

    @Test("There is an id token for the scope openid and nowhere else", arguments: SimulatedProvider.allCases)
    func idTokens(provider: SimulatedProvider) throws {
        var trial = ProviderTrial(provider)
        let has = [.google, .xero, .salesforce, .microsoft].contains(provider)
        #expect(try (trial.connect().string("id_token") != nil) == has)
        // Xero's and the others' second consent, without it.
        if has { #expect(try trial.connect(["scope": "profile"]).string("id_token") == nil) }
    }

    @Test("GitHub answers with a form unless it is asked for JSON")
    func githubForm() throws {
        var trial = ProviderTrial(.githubAppUser)
        let code = try trial.landing()["code"] ?? ""
        let answer = trial.post(
            [
                "grant_type": "authorization_code", "code": code, "redirect_uri": ProviderTrial.redirectURI,
                "code_verifier": ProviderTrial.verifier,
            ], acceptsJSON: false)
        #expect(answer.header("Content-Type")?.hasPrefix("application/x-www-form-urlencoded") == true)
        #expect(answer.text.contains("access_token=sim_at_"))
        #expect(answer.text.contains("&expires_in=28800&") && answer.text.contains("&scope="))
    }

    @Test("Xero's access token says which consent it is of, and its connections can be asked for by that")
    func authenticationEvent() throws {
        var trial = ProviderTrial(.xero)
        trial.server.consent = .approve(Approval(userID: "sub-ada", organisationID: "org-1"))
        let first = try trial.connect().string("access_token")
        trial.server.consent = .approve(Approval(userID: "sub-ada", organisationID: "org-2"))
        let second = try trial.connect().string("access_token")
        let event = try #require(claim("authentication_event_id", of: second))
        #expect(claim("authentication_event_id", of: first) != event)
        let all = trial.call("/api/connections", second)
        #expect(all.text.split(separator: "\"tenantId\"").count == 3)
        let chosen = trial.respond(
            .init(
                method: "GET", path: "/api/connections", query: "authEventId=\(event)",
                authorization: "Bearer \(second ?? "")"))
        #expect(chosen.text.split(separator: "\"tenantId\"").count == 2)
        #expect(chosen.string("tenantId") == "org-2" && chosen.string("authEventId") == event)
        #expect(chosen.string("createdDateUtc") == "1994-11-06T08:49:37.0000000")
    }

    @Test("A Notion bot is one person's in one workspace, however often the person consents")
    func bots() throws {
        var trial = ProviderTrial(.notion)
        let first = try trial.connect()
        let bot = try #require(first.string("bot_id"))
        #expect(try trial.connect().string("bot_id") == bot)
        #expect(trial.refresh(first.string("refresh_token")).string("bot_id") == bot)
        trial.server.consent = .approve(Approval(userID: "sub-ada", organisationID: "org-2"))
        let elsewhere = try trial.connect().string("bot_id")
        trial.server.consent = .approve(userID: "sub-bob")
        let another = try trial.connect().string("bot_id")
        #expect(Set([bot, elsewhere, another]).count == 3)
    }
}

/// The text of a claim of a JSON Web Token; nil where there is none.
func claim(_ name: String, of token: String?) -> String? {
    guard let part = token?.split(separator: ".", omittingEmptySubsequences: false).dropFirst().first else {
        return nil
    }
    let claims = String(decoding: base64Decoded(part), as: UTF8.self)
    return member(name, of: claims)?.filter { $0 != "\"" }
}

/// Base 64 for addresses, read back bit by bit.
func base64Decoded(_ text: some StringProtocol) -> [UInt8] {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    let bits = text.flatMap { character -> [Bool] in
        let value = alphabet.firstIndex(of: character) ?? 0
        return (0..<6).map { value >> (5 - $0) & 1 == 1 }
    }
    return stride(from: 0, to: bits.count - 7, by: 8).map { start in
        bits[start..<start + 8].reduce(UInt8(0)) { $0 << 1 | ($1 ? 1 : 0) }
    }
}
