import ConnectedAccounts
import OAuth
import ProviderCatalog
import StrictYAML
import Testing

@Suite("What deviating providers need of the format")
struct ProviderFormatTests {
    private func builtIn(_ slug: String, _ variables: [String: String] = [:]) throws -> ProviderEndpoints {
        let provider = try #require(try ProviderCatalog().provider(slug))
        return try provider.endpoints(values: TemplateValues(clientID: "key", variables: variables))
    }

    @Test("Refreshes may go to an address of their own")
    func refreshURL() throws {
        #expect(try builtIn("figma").tokenEndpoint?.refreshURL == "https://api.figma.com/v1/oauth/refresh")
        #expect(try builtIn("figma").tokenEndpoint?.url == "https://api.figma.com/v1/oauth/token")
        #expect(try builtIn("xero").tokenEndpoint?.refreshURL == nil)
    }

    @Test("Slack's user tokens stand under a member of the answer, and the team inside of another")
    func slack() throws {
        let provider = try #require(try ProviderCatalog().provider("slack"))
        let endpoint = try builtIn("slack").tokenEndpoint
        #expect(endpoint?.alternateTokenMember == "authed_user")
        #expect(endpoint?.answerFields == ["team.id", "team.name", "authed_user.id", "bot_user_id"])
        let members = [NamedValue("team.id", "T1"), NamedValue("authed_user.id", "U1")]
        let fields = provider.accountFields(fromTokenAnswer: members)
        #expect(fields.contains { $0.name == "userId" && $0.text == "U1" })
        #expect(!fields.contains { $0.text == "T1" && $0.name == "team.id" })
        #expect(provider.authorization.scopeSeparator == ",")
    }

    @Test("Requests with a code and refreshes have their own parameters, with the client id where it is wanted")
    func parameters() throws {
        let basecamp = try builtIn("basecamp").tokenEndpoint
        #expect(basecamp?.codeParameters == [NamedValue("type", "web_server")])
        #expect(basecamp?.refreshParameters == [NamedValue("type", "refresh")])
        let tiktok = try builtIn("tiktok")
        #expect(tiktok.authorizationParameters == [NamedValue("client_key", "key")])
        #expect(tiktok.tokenEndpoint?.codeParameters == [NamedValue("client_key", "key")])
        let trovo = try builtIn("trovo").tokenEndpoint
        #expect(trovo?.headers == [NamedValue("client-id", "key")])
        #expect(trovo?.requestFormat == .json)
        let (catalog, problems) = try catalog(
            "acme: { displayName: A, issuer: \"https://a.example\", deviceParameters: { a: b } }")
        #expect(problems == [])
        let acme = try catalog.provider("acme")?.endpoints(values: TemplateValues())
        #expect(acme?.tokenEndpoint?.deviceParameters == [NamedValue("a", "b")])
    }

    @Test("Stripe's client is its key alone, Dropbox's revocation has the token in its header")
    func authentication() throws {
        #expect(try builtIn("stripe-app").tokenEndpoint?.clientAuthentication == .secretAsUserName)
        let rules = try #require(try builtIn("dropbox").revocation?.rules)
        #expect(rules.tokenPlace == .authorization)
        #expect(rules.token == .access)
        #expect(try builtIn("box").revocation?.rules.tokenPlace == .body)
    }

    @Test("A header whose variable need not be given is left out without it, any other is missed")
    func optionalVariables() throws {
        let procore = try #require(try ProviderCatalog().provider("procore"))
        #expect(procore.variables.map(\.isRequired) == [false])
        #expect(try procore.apiHeaders(values: TemplateValues()) == [])
        #expect(
            try procore.apiHeaders(values: TemplateValues(variables: ["companyId": "7"]))
                == [NamedValue("procore-company-id", "7")])
        let text =
            "p: { displayName: P, authScheme: bearer, variables: { v: { kind: value } }, apiHeaders: { h: \"{v}\" } }"
        let strict = try #require(try catalog(text).catalog.provider("p"))
        #expect(strict.variables.map(\.isRequired) == [true])
        #expect(throws: TemplateProblem.missing("v")) { try strict.apiHeaders(values: TemplateValues()) }
    }

    @Test("A region is one of those that exist, and calls go to its hosts")
    func regions() throws {
        let zoho = try #require(try ProviderCatalog().provider("zoho"))
        let values = TemplateValues(clientID: "c", variables: ["extension": "com.au"])
        #expect(try zoho.endpoints(values: values).tokenEndpoint?.url == "https://accounts.zoho.com.au/oauth/v2/token")
        #expect(try zoho.apiBaseURL(toolkit: "zoho", values: values) == "https://www.zohoapis.com.au")
        for hostile in ["evil.com", "com.evil", "com/", "com@evil.com", "com:1", "com.", ".com", "", "COM", "ｃｏｍ"] {
            #expect(throws: TemplateProblem.self) {
                try zoho.endpoints(values: TemplateValues(clientID: "c", variables: ["extension": hostile]))
            }
        }
    }
}
