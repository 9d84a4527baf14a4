import ConnectedAccounts
import JSON
import TestKit
import Testing

/// Each way in which an account proves itself, and what the provider's API needs of it.
struct SchemeTests {
    @Test("An API key goes into its own header")
    func apiKey() throws {
        let answer = try Stage().credentials("con_weather")
        #expect(answer["apiKey"] == "weather-api-key")
        #expect(answer["authScheme"] == "API_KEY")
        #expect(answer["headers"] == ["X-Api-Key": "weather-api-key"])
        #expect(answer["accessTokenExpiresAt"] == .null)
        #expect(answer["accessToken"] == nil)
    }

    @Test("An API key goes into the query where the provider wants it there")
    func apiKeyInQuery() throws {
        let answer = try Stage().credentials("con_maps")
        #expect(answer["query"] == ["key": "maps-api-key"])
        #expect(answer["headers"] == [:])
    }

    @Test("A password goes out as Basic, its parts beside it")
    func basic() throws {
        let answer = try Stage().credentials("con_ledger")
        #expect(answer["username"] == "ada")
        #expect(answer["password"] == "ledger-password")
        #expect(answer["headers"] == ["Authorization": "Basic YWRhOmxlZGdlci1wYXNzd29yZA=="])
    }

    @Test("A bearer token goes out as such")
    func bearer() throws {
        let answer = try Stage().credentials("con_pipe")
        #expect(answer["token"] == "pipe-bearer-token")
        #expect(answer["headers"] == ["Authorization": "Bearer pipe-bearer-token"])
    }

    @Test("An API key where the provider wants Basic stands in the user's place, at each call")
    func apiKeyAsBasic() throws {
        let stage = try Stage()
        stage.yaml = stage.yaml.replacing(
            "ac_ledger: { provider: ledger }", with: "ac_ledger: { provider: ledger, authScheme: api_key }")
        stage.secrets["ledger"] = "ledger-key"
        try stage.reload()
        for _ in 0..<3 {
            // "ledger-key:"
            #expect(try stage.credentials("con_ledger")["headers"] == ["Authorization": "Basic bGVkZ2VyLWtleTo="])
        }
    }

    @Test("A credential with quotes and backslashes comes whole, at each call")
    func oddCredential() throws {
        let stage = try Stage(changing: ["pipe": #"a"b\c"#])
        for _ in 0..<3 { #expect(try stage.credentials("con_pipe")["token"] == .string(#"a"b\c"#)) }
    }

    @Test("Keys are not refreshable", arguments: ["con_weather", "con_ledger", "con_pipe"])
    func notRefreshable(_ id: String) throws {
        #expect(try Stage().ask("refreshAccount", ["connectionId": .string(id)]).errorName == "NOT_REFRESHABLE")
    }

    @Test("Client credentials: a token in the client's own name, without refresh token")
    func clientCredentials() throws {
        let stage = try Stage()
        let first = try stage.credentials("con_robot")
        #expect(first["accessToken"]?.string?.hasPrefix("access-robot-") == true)
        #expect(first["authScheme"] == "OAUTH2_CLIENT_CREDENTIALS")
        #expect(first["generation"] == 1)
        stage.world.advance(by: .seconds(3600))
        let second = try stage.credentials("con_robot")
        #expect(second["generation"] == 2)
        #expect(second["accessToken"] != first["accessToken"])
        let requests = stage.world.ledger.filter { $0.url.contains("robot") }
        #expect(requests.allSatisfy { $0.parameters["scope"] == "run" && $0.refreshToken == nil })
        // "robot-client:canary-secret-robot"
        #expect(requests.first?.authorization == "Basic cm9ib3QtY2xpZW50OmNhbmFyeS1zZWNyZXQtcm9ib3Q=")
    }

    @Test("Client credentials: a lost answer costs nothing, it is simply asked again")
    func clientCredentialsLost() throws {
        let stage = try Stage()
        var lost = 0
        stage.provider.override = { request in
            guard request.url.contains("robot"), lost < 2 else { return nil }
            lost += 1
            return .lost
        }
        stage.world.advance(by: .seconds(3600 + 60))
        #expect(try stage.credentials("con_robot").error == nil)
    }

    // MARK: Discovery

    private static let metadata = """
        {"issuer":"https://id.found.example","token_endpoint":"https://id.found.example/oauth/token"}
        """

    @Test("An issuer's metadata is read before the first refresh, once; its silence on authentication means Basic")
    func discovery() throws {
        let stage = try Stage()
        stage.provider.override = { $0.url.contains(".well-known") ? .answer(Self.metadata) : nil }
        for _ in 0..<2 {
            stage.world.advance(by: .seconds(60))
            #expect(try stage.ask("refreshAccount", ["connectionId": "con_found"]).error == nil)
        }
        let requests = stage.world.ledger.filter { $0.url.contains("found") }
        #expect(
            requests.map(\.url) == [
                "https://id.found.example/.well-known/openid-configuration", "https://id.found.example/oauth/token",
                "https://id.found.example/oauth/token",
            ])
        #expect(requests.map(\.method) == ["GET", "POST", "POST"])
        #expect(requests[0].authorization == nil)
        // "found-client:canary-secret-found"
        #expect(requests[1].authorization == "Basic Zm91bmQtY2xpZW50OmNhbmFyeS1zZWNyZXQtZm91bmQ=")
        #expect(requests[1].parameters["client_secret"] == nil)
    }

    @Test("The second location is asked where the first has nothing, and a stated authentication is kept to")
    func secondLocation() throws {
        let stage = try Stage()
        stage.provider.override = { request in
            if request.url.hasSuffix("openid-configuration") { return .answer(status: 404, "not here") }
            guard request.url.contains(".well-known") else { return nil }
            return .answer(
                Self.metadata.replacing("}", with: #","token_endpoint_auth_methods_supported":["client_secret_post"]}"#)
            )
        }
        stage.world.advance(by: .seconds(60))
        #expect(try stage.ask("refreshAccount", ["connectionId": "con_found"]).error == nil)
        let last = try #require(stage.world.ledger.last)
        #expect(last.authorization == nil)
        #expect(last.parameters["client_secret"] == "canary-secret-found")
    }

    @Test(
        "Metadata that cannot be read is an outage like any other, and over when it can",
        arguments: [
            #"{"issuer":"https://id.evil.example","token_endpoint":"https://id.evil.example/token"}"#, "<html></html>",
            #"{"issuer":"https://id.found.example","token_endpoint":"http://10.0.0.1/token"}"#,
        ])
    func discoveryFails(_ text: String) throws {
        let stage = try Stage()
        stage.provider.override = { $0.url.contains(".well-known") ? .answer(text) : nil }
        stage.world.advance(by: .seconds(4000))
        #expect(stage.presentations("found").isEmpty)
        #expect(try stage.status("con_found") == "EXPIRED upstream_unavailable")
        stage.provider.override = { $0.url.contains(".well-known") ? .answer(Self.metadata) : nil }
        stage.world.advance(by: .seconds(400))
        #expect(try stage.status("con_found") == "ACTIVE -")
        #expect(stage.provider.core.reused.isEmpty)
    }
}
