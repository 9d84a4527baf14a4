import ConnectedAccounts
import OAuth
import ProviderCatalog
import StrictYAML
import Testing

/// A catalogue with the overrides of a text, and the problems that these have.
func catalog(_ text: String) throws -> (catalog: ProviderCatalog, problems: [String]) {
    let root = try YAMLDocument.parse(text, file: "t")
    var problems = YAMLProblems()
    let members = try #require(root.members(&problems))
    let catalog = ProviderCatalog(overrides: members, &problems)
    return (catalog, problems.problems.map(\.description))
}

struct ProviderOverrideTests {
    private func provider(_ slug: String, _ text: String) throws -> ProviderDescription {
        let (catalog, problems) = try ProviderCatalogTests.catalog(text)
        #expect(problems == [])
        return try #require(try catalog.provider(slug))
    }

    private func endpoints(_ provider: ProviderDescription) throws -> ProviderEndpoints {
        try provider.endpoints(values: TemplateValues(clientID: "c"))
    }

    @Test("An override changes the keys that it has and no other")
    func singleKey() throws {
        var expected = try #require(try ProviderCatalog().provider("xero"))
        let changed = try provider("xero", "xero: { accessTokenLifetime: 5m }")
        #expect(changed != expected)
        expected.refresh.accessTokenLifetime = .seconds(300)
        #expect(changed == expected)
    }

    @Test("A mapping is merged key by key")
    func mappings() throws {
        let google = try provider("google", "google: { toolkits: { googlekeep: Keep, gmail: Mail } }")
        #expect(google.toolkit("googlekeep")?.displayName == "Keep")
        #expect(google.toolkit("gmail")?.displayName == "Mail")
        #expect(google.toolkit("googledrive") != nil)
        let github = try provider("github", "github: { apiHeaders: { X-GitHub-Api-Version: \"2026-01-01\" } }")
        let headers = try github.apiHeaders(values: TemplateValues())
        #expect(headers.contains(NamedValue("X-GitHub-Api-Version", "2026-01-01")))
        #expect(headers.contains(NamedValue("Accept", "application/vnd.github+json")))
        let revocation = try endpoints(try provider("google", "google: { revocation: { token: access } }")).revocation
        #expect(revocation?.url == "https://oauth2.googleapis.com/revoke")
        #expect(revocation?.rules.token == .access)
    }

    @Test("A list and a word are replaced")
    func replaced() throws {
        let text =
            "xero: { defaultScopes: [offline_access], lostAnswer: never, failureRules: [{ error: x, class: transient }] }"
        let xero = try provider("xero", text)
        #expect(xero.authorization.defaultScopes == ["offline_access"])
        let endpoint = try endpoints(xero).tokenEndpoint
        #expect(endpoint?.lostAnswer == .never)
        #expect(endpoint?.failureRules == [FailureRule(error: "x", failureClass: .transient)])
    }

    @Test("GitHub Enterprise is GitHub with other addresses")
    func otherHost() throws {
        let text = """
            github:
              authorizationURL: https://git.example.com/login/oauth/authorize
              tokenURL: https://git.example.com/login/oauth/access_token
              apiBaseURL: https://git.example.com/api/v3
            """
        let github = try provider("github", text)
        #expect(try endpoints(github).tokenEndpoint?.url == "https://git.example.com/login/oauth/access_token")
        #expect(try endpoints(github).tokenEndpoint?.clientAuthentication == .clientSecretPost)
        #expect(try github.apiBaseURL(toolkit: "github", values: TemplateValues()) == "https://git.example.com/api/v3")
    }

    @Test("A new provider needs a name and an issuer, and discovery the rest")
    func discovery() throws {
        let acme = try provider("acme", "acme: { displayName: Acme, issuer: \"https://id.acme.example\" }")
        #expect(acme.authScheme == .oauth2)
        #expect(acme.toolkits == [Toolkit(slug: "acme", displayName: "Acme")])
        #expect(acme.identity == .openID)
        let endpoints = try endpoints(acme)
        #expect(endpoints.needsDiscovery)
        #expect(!endpoints.statesClientAuthentication)
        #expect(endpoints.issuer == "https://id.acme.example")
        #expect(endpoints.tokenEndpoint?.clientAuthentication == .clientSecretBasic)
    }

    @Test("A new provider may give its addresses by hand")
    func byHand() throws {
        let text = """
            acme:
              displayName: Acme
              authorizationURL: https://acme.example/authorize
              tokenURL: http://127.0.0.1:8080/token
              clientAuthentication: none
            """
        let endpoints = try endpoints(try provider("acme", text))
        #expect(!endpoints.needsDiscovery)
        #expect(endpoints.statesClientAuthentication)
        #expect(endpoints.tokenEndpoint?.url == "http://127.0.0.1:8080/token")
        #expect(endpoints.tokenEndpoint?.clientAuthentication == ClientAuthentication.none)
    }

    @Test("A provider of keys says where they go")
    func keys() throws {
        let text =
            "acme: { displayName: Acme, authScheme: api_key, credentialPlacement: { in: header, name: X-Key, prefix: k= } }"
        let acme = try provider("acme", text)
        #expect(acme.credentialPlacement == .header(name: "X-Key", prefix: "k="))
        #expect(try endpoints(acme).tokenEndpoint == nil)
        let query = try provider(
            "acme", "acme: { displayName: Acme, authScheme: api_key, credentialPlacement: { in: query, name: key } }")
        #expect(query.credentialPlacement == .query(name: "key"))
        #expect(try provider("acme", "acme: { displayName: Acme, authScheme: basic }").credentialPlacement == .basic)
        #expect(try provider("acme", "acme: { displayName: Acme, authScheme: bearer }").credentialPlacement == .bearer)
    }

    @Test("Parameters may hold the variables of an auth config")
    func parameters() throws {
        let text = """
            zoom:
              displayName: Zoom
              authScheme: oauth2_client_credentials
              variables: { accountId: { kind: value } }
              tokenURL: https://zoom.us/oauth/token
              clientCredentialsParameters: { grant_type: account_credentials, account_id: "{accountId}" }
            """
        let zoom = try provider("zoom", text)
        let endpoints = try zoom.endpoints(values: TemplateValues(clientID: "c", variables: ["accountId": "a&b"]))
        #expect(
            endpoints.tokenEndpoint?.clientCredentialsParameters
                == [NamedValue("grant_type", "account_credentials"), NamedValue("account_id", "a&b")])
        #expect(throws: TemplateProblem.missing("accountId")) { try self.endpoints(zoom) }
    }

    @Test("Catalogues are equal exactly if their overrides say the same, wherever it stands in the file")
    func equality() throws {
        let one = try catalog("xero: { accessTokenLifetime: 5m }").catalog
        let same = try catalog("\n\nxero: { accessTokenLifetime: 300 }").catalog
        let other = try catalog("xero: { accessTokenLifetime: 6m }").catalog
        #expect(one == same)
        #expect(one != other)
        #expect(one != ProviderCatalog())
    }

    @Test("A toolkit that an override moves belongs to the new provider only")
    func moved() throws {
        let (catalog, problems) = try ProviderCatalogTests.catalog(
            "mail: { displayName: Mail, authScheme: bearer, toolkits: { imap: IMAP } }")
        #expect(problems == [])
        #expect(try catalog.provider(ofToolkit: "imap")?.slug == "mail")
        #expect(try catalog.provider(ofToolkit: "mail") == nil)
        #expect(try catalog.provider(ofToolkit: "gmail")?.slug == "google")
        #expect(try catalog.toolkitSlugs().contains("imap"))
    }

    @Test("A provider with mistakes is left out, and a built-in one stays as it was")
    func leftOut() throws {
        let (catalog, problems) = try ProviderCatalogTests.catalog(
            "p: { displayName: P }\nxero: { tokenURL: nowhere }\n")
        #expect(problems.count == 3)
        #expect(try catalog.provider("p") == nil)
        #expect(try catalog.provider("xero") == ProviderCatalog().provider("xero"))
    }
}
