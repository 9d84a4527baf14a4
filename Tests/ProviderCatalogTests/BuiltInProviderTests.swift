import ConnectedAccounts
import Glibc
import OAuth
import ProviderCatalog
import Testing

/// The files in `Sources/ProviderCatalog/Providers`, as the program has them.
struct BuiltInProviderTests {
    static let catalog = ProviderCatalog()

    @Test("Every provider file is in the program, under its own name")
    func allEmbedded() throws {
        let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let files = try entries(of: "/\(folder)/Sources/ProviderCatalog/Providers").filter { !$0.hasPrefix(".") }
        #expect(files.allSatisfy { $0.hasSuffix(".yaml") })
        #expect(Self.catalog.slugs == files.map { String($0.dropLast(5)) }.sorted())
        #expect(Self.catalog.slugs.count >= 149)
    }

    @Test("The list of embedded files has each once, in alphabetical order")
    func list() throws {
        let folder = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let descriptor = unsafe open("/\(folder)/Sources/CEmbedded/CEmbedded.c", O_RDONLY)
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = unsafe read(descriptor, &bytes, bytes.count)
        try #require(count > 0 && count < bytes.count)
        let prefix = "#embed \"../ProviderCatalog/Providers/"
        let names = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").compactMap { line in
            line.hasPrefix(prefix) ? line.dropFirst(prefix.count).prefix { $0 != "\"" } : nil
        }
        #expect(names == names.sorted())
        #expect(Set(names).count == names.count)
        #expect(names.map { String($0.dropLast(5)) }.sorted() == Self.catalog.slugs)
    }

    @Test("Every provider file is complete and correct", arguments: catalog.slugs)
    func isCorrect(_ slug: String) throws {
        let provider = try #require(try Self.catalog.provider(slug))
        #expect(provider.slug == slug)
        #expect(!provider.toolkits.isEmpty)
        #expect(provider.docsURL?.hasPrefix("https://") != false)
        let values = TemplateValues(
            clientID: "client", variables: Self.samples(provider.variables),
            accountFields: Self.samples(provider.accountFields.map(\.variable)))
        let endpoints = try provider.endpoints(values: values)
        for toolkit in provider.toolkits {
            if let url = try provider.apiBaseURL(toolkit: toolkit.slug, values: values) {
                #expect(try EndpointAddress.validate(url).isSecure)
            }
        }
        #expect(try provider.apiHeaders(values: values).count == provider.apiHeaders.count)
        if let base = endpoints.tokenEndpoint, !base.url.isEmpty {
            #expect(try EndpointAddress.validate(base.url).isSecure)
        }
        if provider.authScheme == .oauth2 {
            #expect(endpoints.tokenEndpoint != nil)
            #expect(endpoints.authorizationURL ?? endpoints.deviceAuthorizationURL ?? endpoints.issuer != nil)
        }
    }

    private static func samples(_ variables: [TemplateVariable]) -> [String: String] {
        Dictionary(
            uniqueKeysWithValues: variables.map { variable in
                let host = variable.hostSuffixes.first.map { "sample.\($0)" } ?? "sample.example.com"
                let made =
                    switch variable.kind {
                    case .hostname: host
                    case .baseURL: "https://\(host)"
                    default: "sample"
                    }
                return (variable.name, variable.defaultValue ?? variable.allowedValues.first ?? made)
            })
    }

    @Test("Each toolkit belongs to one provider")
    func toolkitsAreUnique() throws {
        let toolkits = try Self.catalog.slugs.flatMap { try Self.catalog.provider($0)?.toolkits.map(\.slug) ?? [] }
        #expect(Set(toolkits).count == toolkits.count)
        for toolkit in toolkits {
            #expect(try Self.catalog.provider(ofToolkit: toolkit)?.toolkit(toolkit) != nil)
        }
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var slug: String
        var tokenURL: String
        var authentication: ClientAuthentication
        var format: RequestFormat = .form
        var lostAnswer: LostAnswerPolicy
        var idleDays: Int64?
        var lifetime: Duration?
        var rotation: RefreshRules.Rotation
        var selector: String
        var toolkits: [String]
        var testDescription: String { slug }
    }

    static let rows: [Row] = [
        Row(
            slug: "github", tokenURL: "https://github.com/login/oauth/access_token", authentication: .clientSecretPost,
            lostAnswer: .never, rotation: .configurable, selector: "login", toolkits: ["github"]),
        Row(
            slug: "github-app-user", tokenURL: "https://github.com/login/oauth/access_token",
            authentication: .clientSecretPost, lostAnswer: .never, idleDays: 183, lifetime: .seconds(28_800),
            rotation: .always, selector: "login", toolkits: ["github-app-user"]),
        Row(
            slug: "google", tokenURL: "https://oauth2.googleapis.com/token", authentication: .clientSecretPost,
            lostAnswer: .resend, idleDays: 180, lifetime: .seconds(3600), rotation: .never, selector: "email",
            toolkits: ["google", "gmail", "googlecalendar", "googledrive", "googledocs", "googlesheets"]),
        Row(
            slug: "xero", tokenURL: "https://identity.xero.com/connect/token", authentication: .clientSecretBasic,
            lostAnswer: .resendWithin(.seconds(1800)), idleDays: 60, lifetime: .seconds(1800), rotation: .always,
            selector: "organizationId", toolkits: ["xero"]),
        Row(
            slug: "notion", tokenURL: "https://api.notion.com/v1/oauth/token", authentication: .clientSecretBasic,
            format: .json, lostAnswer: .never, rotation: .always, selector: "workspaceId", toolkits: ["notion"]),
        Row(
            slug: "atlassian", tokenURL: "https://auth.atlassian.com/oauth/token", authentication: .clientSecretPost,
            format: .json, lostAnswer: .resendWithin(.seconds(600)), idleDays: 90, lifetime: .seconds(3600),
            rotation: .always, selector: "email", toolkits: ["atlassian", "jira", "confluence"]),
        Row(
            slug: "myob", tokenURL: "https://secure.myob.com/oauth2/v1/authorize", authentication: .clientSecretPost,
            lostAnswer: .never, idleDays: 10, lifetime: .seconds(1200), rotation: .always, selector: "businessId",
            toolkits: ["myob"]),
        Row(
            slug: "salesforce", tokenURL: "https://login.salesforce.com/services/oauth2/token",
            authentication: .clientSecretPost, lostAnswer: .never, lifetime: .seconds(7200), rotation: .configurable,
            selector: "organizationId", toolkits: ["salesforce"]),
        Row(
            slug: "microsoft", tokenURL: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
            authentication: .clientSecretPost, lostAnswer: .resend, idleDays: 90, lifetime: .seconds(3600),
            rotation: .always, selector: "email", toolkits: ["microsoft", "outlook", "onedrive"]),
    ]

    @Test("What the refresh engine and the wire depend on is as researched", arguments: rows)
    func facts(_ row: Row) throws {
        let provider = try #require(try Self.catalog.provider(row.slug))
        let endpoint = try #require(try provider.endpoints(values: TemplateValues(clientID: "c")).tokenEndpoint)
        #expect(endpoint.url == row.tokenURL)
        #expect(endpoint.clientAuthentication == row.authentication)
        #expect(endpoint.requestFormat == row.format)
        #expect(endpoint.lostAnswer == row.lostAnswer)
        #expect(provider.refresh.refreshTokenIdleLifetime == row.idleDays.map { .seconds($0 * 86_400) })
        #expect(provider.refresh.accessTokenLifetime == row.lifetime)
        #expect(provider.refresh.rotation == row.rotation)
        #expect(provider.selector == row.selector)
        #expect(Set(row.toolkits).isSubset(of: provider.toolkits.map(\.slug)))
        #expect(provider.identity != nil)
    }

    @Test("GitHub's classic tokens do not expire, and a revocation is a DELETE with the access token")
    func github() throws {
        let provider = try #require(try Self.catalog.provider("github"))
        #expect(!provider.refresh.accessTokensExpire)
        #expect(provider.refresh.endsOldAccessToken)
        let revocation = try #require(try provider.endpoints(values: TemplateValues(clientID: "Iv1.abc")).revocation)
        #expect(revocation.url == "https://api.github.com/applications/Iv1.abc/token")
        #expect(revocation.rules.method == .delete)
        #expect(revocation.rules.token == .access)
        #expect(revocation.rules.clientAuthentication == .clientSecretBasic)
        #expect(try provider.endpoints(values: TemplateValues()).revocation == nil)
        let headers = try provider.apiHeaders(values: TemplateValues())
        #expect(headers.contains(NamedValue("X-GitHub-Api-Version", "2022-11-28")))
    }

    @Test(
        "Who signs id tokens, and where the keys are, stands in the file",
        arguments: [
            ("google", "https://accounts.google.com", "https://www.googleapis.com/oauth2/v3/certs"),
            (
                "xero", "https://identity.xero.com",
                "https://identity.xero.com/.well-known/openid-configuration/jwks"
            ),
            (
                "microsoft", "https://login.microsoftonline.com/{tenantid}/v2.0",
                "https://login.microsoftonline.com/common/discovery/v2.0/keys"
            ),
        ])
    func idTokenSigner(slug: String, issuer: String, keysURL: String) throws {
        let provider = try #require(try Self.catalog.provider(slug))
        var values = TemplateValues(clientID: "c")
        for variable in provider.variables { values.variables[variable.name] = variable.defaultValue }
        let signer = try provider.endpoints(values: values).idToken
        #expect(signer == IDTokenSigner(issuer: issuer, keysURL: keysURL))
    }

    @Test("Where a revocation ends more than one connection's tokens, the file says so")
    func revocationOfAll() throws {
        let values = TemplateValues(clientID: "app")
        let githubApp = try #require(try Self.catalog.provider("github-app-user")?.endpoints(values: values).revocation)
        #expect(githubApp.url == "https://api.github.com/applications/app/grant")
        let xero = try #require(try Self.catalog.provider("xero")?.endpoints(values: values).revocation)
        #expect(githubApp.rules.endsOtherConnections && xero.rules.endsOtherConnections)
    }

    @Test("A Xero call names its organisation, and one without says nothing")
    func xero() throws {
        let provider = try #require(try Self.catalog.provider("xero"))
        #expect(provider.identity?.hasManyAccounts == true)
        let account = TemplateValues(accountFields: ["tenantId": "7d2c"])
        #expect(try provider.apiHeaders(values: account).contains(NamedValue("xero-tenant-id", "7d2c")))
        #expect(try provider.apiHeaders(values: TemplateValues()).map(\.name) == ["Accept"])
    }

    @Test("MYOB's calls need the client id and the business, which comes back with the browser")
    func myob() throws {
        let provider = try #require(try Self.catalog.provider("myob"))
        let values = TemplateValues(clientID: "key", accountFields: ["businessId": "f00d"])
        #expect(try provider.apiBaseURL(toolkit: "myob", values: values) == "https://api.myob.com/accountright/f00d")
        #expect(try provider.apiHeaders(values: values).contains(NamedValue("x-myobapi-key", "key")))
        #expect(provider.callbackFields == ["businessId", "businessName"])
        #expect(throws: TemplateProblem.missing("businessId")) {
            try provider.apiBaseURL(toolkit: "myob", values: TemplateValues())
        }
    }

    @Test("Salesforce is called at the instance its token answer names, refreshed at its own domain")
    func salesforce() throws {
        let provider = try #require(try Self.catalog.provider("salesforce"))
        let values = TemplateValues(
            clientID: "c", variables: ["hostname": "acme.my.salesforce.com"],
            accountFields: ["instanceUrl": "https://acme.my.salesforce.com"])
        let endpoints = try provider.endpoints(values: values)
        #expect(endpoints.tokenEndpoint?.url == "https://acme.my.salesforce.com/services/oauth2/token")
        #expect(endpoints.tokenEndpoint?.answerFields == ["instance_url"])
        #expect(try provider.apiBaseURL(toolkit: "salesforce", values: values) == "https://acme.my.salesforce.com")
        #expect(throws: TemplateProblem.self) {
            try provider.endpoints(
                values: TemplateValues(clientID: "c", variables: ["hostname": "salesforce.com.evil.net"]))
        }
    }

    @Test("Notion says who it is in the token answer")
    func notion() throws {
        let provider = try #require(try Self.catalog.provider("notion"))
        #expect(provider.identity?.source == .tokenAnswer)
        #expect(provider.tokenAnswerFields == ["workspace_id", "bot_id", "workspace_name"])
        #expect(!provider.authorization.usesPKCE)
    }

    @Test("Atlassian's misleading errors are classed by their status")
    func atlassian() throws {
        let provider = try #require(try Self.catalog.provider("atlassian"))
        let rules = try #require(
            try provider.endpoints(values: TemplateValues(clientID: "c")).tokenEndpoint?.failureRules)
        #expect(rules.contains(FailureRule(error: "access_denied", status: 401, failureClass: .brokenApp)))
        #expect(rules.contains(FailureRule(error: "unauthorized_client", status: 403, failureClass: .deadGrant)))
        #expect(provider.refresh.refreshTokenAbsoluteLifetime == .seconds(365 * 86_400))
        #expect(
            try provider.apiBaseURL(toolkit: "jira", values: TemplateValues()) == "https://api.atlassian.com/ex/jira")
    }

    @Test("Microsoft gets its scopes at each refresh and its tenant in each address")
    func microsoft() throws {
        let provider = try #require(try Self.catalog.provider("microsoft"))
        let endpoints = try provider.endpoints(
            values: TemplateValues(clientID: "c", variables: ["tenant": "contoso.com"]))
        #expect(endpoints.tokenEndpoint?.sendsScopeOnRefresh == true)
        #expect(endpoints.authorizationURL == "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/authorize")
        #expect(endpoints.revocation == nil)
        #expect(provider.identity?.selector.map(\.description) == ["/mail", "/userPrincipalName"])
    }

    @Test("Google's revocation takes other connections with it, and Gmail has an address of its own")
    func google() throws {
        let provider = try #require(try Self.catalog.provider("google"))
        let endpoints = try provider.endpoints(values: TemplateValues(clientID: "c"))
        #expect(endpoints.revocation?.rules.endsOtherConnections == true)
        #expect(endpoints.revocation?.rules.clientAuthentication == ClientAuthentication.none)
        #expect(endpoints.authorizationParameters.contains(NamedValue("access_type", "offline")))
        #expect(try provider.apiBaseURL(toolkit: "gmail", values: TemplateValues()) == "https://gmail.googleapis.com")
        #expect(
            try provider.apiBaseURL(toolkit: "googledrive", values: TemplateValues()) == "https://www.googleapis.com")
    }

    private func entries(of folder: String) throws -> [String] {
        guard let directory = unsafe opendir(folder) else { throw Missing(path: folder) }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe Array($0.prefix { $0 != 0 }) }
            names.append(String(decoding: name, as: UTF8.self))
        }
        return names
    }

    private struct Missing: Error {
        var path: String
    }
}
