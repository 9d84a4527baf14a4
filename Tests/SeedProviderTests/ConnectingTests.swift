import CredentialBroker
import JSON
import ProviderSimulator
import SecretBytes
import TestKit
import Testing

@Suite("Connecting an account of each seed provider, and reading it by alfe's method", .timeLimit(.minutes(2)))
struct ConnectingTests {
    @Test(
        "The authorization address asks for all that the provider needs, and nothing else", arguments: SeedProvider.all)
    func authorizationAddress(seed: SeedProvider) async throws {
        let stage = try SeedStage(seed)
        _ = try await stage.connect()
        var asked = stage.web.authorizationRequest
        #expect((asked.removeValue(forKey: "state") ?? "").utf8.count >= 22)
        let wantsIDToken = seed.asks["scope"]?.split(separator: " ").contains("openid") == true
        #expect((asked.removeValue(forKey: "nonce") != nil) == wantsIDToken)
        #expect((asked.removeValue(forKey: "code_challenge") != nil) == seed.usesPKCE)
        var expected = seed.asks.merging([
            "response_type": "code", "client_id": SimulatedWeb.clientID, "redirect_uri": SimulatedWeb.redirectURI,
        ]) { own, _ in own }
        if seed.usesPKCE { expected["code_challenge_method"] = "S256" }
        #expect(asked == expected)
        try stage.check()
    }

    @Test("After consent the connection is active and says whose it is", arguments: SeedProvider.all)
    func identity(seed: SeedProvider) async throws {
        let stage = try SeedStage(seed)
        let link = await stage.beginLink()
        let id = try #require(link["id"]?.string)
        #expect(await stage.status(id) == "INITIATED consent_pending")
        guard case .connected(let connected) = try await stage.consent(to: link) else {
            Issue.record("not connected: \(await stage.status(id))")
            return
        }
        #expect(connected.accounts == seed.accounts.map(\.displayName))
        let answer = await stage.connection(id)
        #expect(await stage.status(id) == "ACTIVE -")
        let identity = answer["identity"]
        #expect(identity?["accountIdentifier"]?.string == seed.accounts.first?.identifier)
        #expect(
            identity?["accounts"]?.elements.map { $0["accountIdentifier"]?.string }
                == seed.accounts.map(\.identifier))
        #expect(stage.web.tokenRequests("authorization_code").count == 1)
        try stage.check()
    }

    @Test(
        "alfe's method lists each account with its selector, a live token and the provider's own fields",
        arguments: SeedProvider.all)
    func accounts(seed: SeedProvider) async throws {
        let stage = try SeedStage(seed)
        let id = try await stage.connect()
        let listed = try await stage.accounts()
        #expect(listed.count == seed.accounts.count)
        for (account, expected) in zip(listed, seed.accounts) {
            let token = account["accessToken"]?.string
            #expect(stage.web.isLive(accessToken: token))
            let expiry = seed.lifetime.map { JSONTree.string(stage.web.date(after: $0)) } ?? .null
            var members: [String: JSONTree] = [
                "connectionId": .string(id), "accountIdentifier": .string(expected.identifier),
                seed.selector: .string(expected.identifier), "displayName": .string(expected.displayName),
                "provider": .string(seed.provider.slug), "toolkit": .string(seed.provider.slug),
                "accessToken": token.map { .string($0) } ?? .null, "accessTokenExpiresAt": expiry,
                "scopes": .string(seed.scopes), "connectedAt": .string(stage.web.date(after: .zero)),
                "status": "ACTIVE", "statusReason": .null, "generation": 1,
            ]
            members.merge(expected.fields) { _, own in own }
            for name in expected.randomFields { members[name] = .string(account[name]?.string ?? "missing") }
            let answered = Dictionary(uniqueKeysWithValues: account.members.map { ($0.key, $0.value) })
            #expect(answered == members)
        }
        try stage.check()
    }

    @Test(
        "The address and the headers given with a credential are all that a call of the API needs",
        arguments: SeedProvider.all)
    func call(seed: SeedProvider) async throws {
        let stage = try SeedStage(seed)
        _ = try await stage.connect()
        for account in seed.accounts {
            let answer = await stage.ask(
                "getConnectionCredentials", ["connectionId": .string(account.identifier)])
            #expect(answer["apiBaseURL"]?.string == seed.apiBaseURL)
            #expect(answer["authScheme"] == "OAUTH2")
            var headers: [String: String] = [:]
            for member in answer["headers"]?.members ?? [] { headers[member.key] = member.value.string }
            let authorization = headers.removeValue(forKey: "Authorization")
            #expect(authorization == "Bearer \(answer["accessToken"]?.string ?? "?")")
            #expect(headers == account.headers)
            // Which every HTTP client sends by itself.
            let fields = headers.map { AuthorizationServer.Field($0.key, $0.value) } + [.init("User-Agent", "tests")]
            let reply = stage.web.get(seed.apiBaseURL + seed.call, authorization: authorization, headers: fields)
            #expect(reply?.status == 200)
            #expect(reply?.text.contains(#""account":"ada""#) == true, "\(reply?.text ?? "nothing")")
        }
        try stage.check()
    }

    @Test(
        "Where the scopes ask for an id token it is checked, and a forged one connects nobody",
        arguments: [SeedProvider.google, .xero, .salesforce, .microsoft],
        [AuthorizationServer.IDTokenForgery.nonce, .audience, .issuer, .signature, .expired])
    func forgedIDToken(seed: SeedProvider, forgery: AuthorizationServer.IDTokenForgery) async throws {
        let stage = try SeedStage(seed)
        stage.web.with { $0.idTokenForgery = forgery }
        let link = await stage.beginLink()
        _ = try await stage.consent(to: link)
        #expect(await stage.status(link["id"]?.string ?? "") == "FAILED link_rejected")
        #expect(try await stage.accounts().filter { $0["accessToken"] != nil }.isEmpty)
        try stage.check()
    }

    @Test("A person who declines leaves nothing behind", arguments: SeedProvider.all)
    func declined(seed: SeedProvider) async throws {
        let stage = try SeedStage(seed)
        let link = await stage.beginLink()
        stage.web.with { $0.consent = .deny }
        let location = stage.web.get(try #require(link["redirectUrl"]?.string))?.header("Location") ?? ""
        let query = location.split(separator: "?", maxSplits: 1).last ?? ""
        _ = await stage.world.broker.receiveCallback(query: .init(utf8: String(query)))
        #expect(await stage.status(link["id"]?.string ?? "") == "FAILED access_denied")
        #expect(try await stage.accounts().filter { $0["accessToken"] != nil }.isEmpty)
        #expect(stage.web.tokenRequests("authorization_code").isEmpty)
        try stage.check()
    }
}
