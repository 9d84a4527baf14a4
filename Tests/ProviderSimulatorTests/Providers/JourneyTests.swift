import ConnectedAccounts
import ProviderSimulator
import Testing

/// A client without a browser, over real connections: what a test of the daemon does too.
@Suite("Connecting to each provider over HTTP", .timeLimit(.minutes(1)))
struct JourneyTests {
    private func get(_ server: ProviderServer, _ path: String, bearer: String? = nil) async throws -> RawClient.Seen {
        let more = bearer.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        return try await RawClient.exchange(
            port: server.port,
            "GET \(path) HTTP/1.1\r\nHost: h\r\nUser-Agent: t\r\nNotion-Version: 2025-09-03\r\n\(more)\r\n")
    }

    private func post(
        _ server: ProviderServer, _ provider: SimulatedProvider, _ fields: [String: String]
    ) async throws -> RawClient.Seen {
        var fields = fields
        var more = "Notion-Version: 2025-09-03\r\n"
        if provider.authentication == .basic {
            more += "Authorization: \(basic("app:s"))\r\n"
        } else {
            fields.merge(["client_id": "app", "client_secret": "s"]) { _, new in new }
        }
        let isJSON = provider == .notion
        let body = isJSON ? json(fields) : ProviderTrial.query(fields)
        return try await RawClient.exchange(
            port: server.port,
            "POST /\(provider.slug)/token HTTP/1.1\r\nHost: h\r\nAccept: application/json\r\n\(more)"
                + "Content-Type: application/\(isJSON ? "json" : "x-www-form-urlencoded")\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    private static let identityPaths: [SimulatedProvider: String] = [
        .github: "/api/user", .githubAppUser: "/api/user", .google: "/userinfo", .xero: "/api/connections",
        .notion: "/api/users/me", .atlassian: "/api/me", .salesforce: "/userinfo", .microsoft: "/api/me",
    ]

    @Test("Consent, code, tokens, identity, refresh, and the end", arguments: SimulatedProvider.allCases)
    func journey(provider: SimulatedProvider) async throws {
        var world = ProviderTrial(provider)
        world.server.consent = .approve(userID: "sub-ada")
        let server = try await ProviderServer.start(providers: [provider.slug: world.server])
        let query = ProviderTrial.query(ProviderTrial.parameters(provider))
        let redirect = try await get(server, "/\(provider.slug)/authorize?\(query)")
        #expect(redirect.status == 302)
        let location = try #require(redirect.text.split(separator: "\r\n").first { $0.hasPrefix("Location: ") })
        let code = try #require(location.firstMatch(of: /[?&]code=([^&]+)/)).1
        #expect(location.contains("&state=st"))
        let tokens = try await post(
            server, provider,
            [
                "grant_type": "authorization_code", "code": String(code), "code_verifier": ProviderTrial.verifier,
                "redirect_uri": ProviderTrial.redirectURI,
            ])
        #expect(tokens.status == 200)
        let access = try #require(member("access_token", of: tokens.body)).filter { $0 != "\"" }
        if let path = Self.identityPaths[provider] {
            #expect(try await get(server, "/\(provider.slug)\(path)", bearer: access).status == 200)
        }
        if let refresh = member("refresh_token", of: tokens.body)?.filter({ $0 != "\"" }) {
            let refreshed = try await post(
                server, provider, ["grant_type": "refresh_token", "refresh_token": refresh])
            #expect(member("access_token", of: refreshed.body)?.isEmpty == false)
        }
        let refreshes = server.withProvider(provider.slug) { provider, _ in provider.ledger.refreshes }
        #expect(refreshes == (provider == .github ? 0 : 1))
        server.withProvider(provider.slug) { provider, _ in
            _ = provider.revokeGrants(userID: "sub-ada", clientID: "app")
        }
        let path = Self.identityPaths[provider] ?? "/api/accountright/org-1"
        #expect(try await get(server, "/\(provider.slug)\(path)", bearer: access).status == 401)
        await server.stop()
    }
}
