import DaemonConfiguration
import ProviderCatalog
import StrictYAML
import Testing

@Suite("A configuration with files of providers")
struct ProviderFilesTests {
    private static let agents = "agents: [{ name: a, match: { uid: 0 }, grants: [] }]\n"
    private static let bad = "displayName: Bad\n\ntokenURL: http://bad.example/\n"

    private func load(_ text: String, _ files: KeyValuePairs<String, String>) throws -> PurserConfiguration {
        let files = files.map { file in
            ProviderFile(path: "/p/\(file.key).yaml", slug: file.key, content: .success(Array(file.value.utf8)))
        }
        return try PurserConfiguration.load(
            ConfigurationText(text.utf8.span, file: "purser.yaml"), providerFiles: files, names: FakeNames())
    }

    private func problems(_ text: String, _ files: KeyValuePairs<String, String>) throws -> [String] {
        let error = #expect(throws: ConfigurationError.self) { try load(text, files) }
        return error?.problems.map(\.description) ?? []
    }

    @Test("Auth configs use the providers of files")
    func uses() throws {
        let configuration = try load(
            "authConfigs: { ac_a: { provider: acme, clientId: c } }\n" + Self.agents,
            ["acme": "displayName: Acme\nissuer: https://id.acme.example\n"])
        #expect(configuration.warnings == [])
        #expect(configuration.authConfigs.first?.endpoints.issuer == "https://id.acme.example")
    }

    @Test("A refused file that nobody uses is a warning with its line")
    func warns() throws {
        let configuration = try load(
            "authConfigs: { ac_a: { provider: github, clientId: c } }\n" + Self.agents, ["bad": Self.bad])
        #expect(configuration.authConfigs.count == 1)
        try #require(configuration.warnings.count == 2)
        #expect(configuration.warnings[0].hasPrefix("/p/bad.yaml:3: tokenURL: "))
        #expect(configuration.warnings.allSatisfy { $0.hasSuffix("; the provider is refused") })
    }

    @Test(
        "An auth config of a refused provider is a mistake that names the file, built in or not",
        arguments: ["bad", "github"])
    func refused(_ slug: String) throws {
        let text = "authConfigs:\n  ac_a: { provider: \(slug), clientId: c }\n" + Self.agents
        let problems = try problems(text, KeyValuePairs(dictionaryLiteral: (slug, "pkce: perhaps\n" + Self.bad)))
        #expect(problems.count == 1)
        #expect(
            problems.first?.hasPrefix(
                "purser.yaml:2: authConfigs.ac_a.provider: the file of the provider \(slug) is refused, so it cannot be "
                    + "used: /p/\(slug).yaml:1: pkce: ") == true)
    }

    @Test("A toolkit that may be a refused provider's does not refuse the configuration")
    func grants() throws {
        let text = """
            agents: [{ name: a, match: { uid: 0 }, grants: [
              { users: [u], toolkits: [bad-mail], connections: ["*"], operations: ["*"] }] }]
            """
        #expect(try problems(text, [:]).count == 1)
        let configuration = try load(text, ["bad": Self.bad])
        #expect(configuration.warnings.last?.contains("no provider that was not refused has this toolkit") == true)
    }

    @Test("Any number of refused files makes a bounded number of warnings, the last says how many more")
    func bounded() throws {
        let files = (0..<100).map { number in
            ProviderFile(path: "/p/f\(number).yaml", slug: "f\(number)", content: .success(Array("x: y".utf8)))
        }
        let configuration = try PurserConfiguration.load(
            ConfigurationText(Self.agents.utf8.span, file: "purser.yaml"), providerFiles: files, names: FakeNames())
        #expect(configuration.warnings.count == YAMLProblems.limit + 1)
        #expect(configuration.warnings.last?.hasPrefix("and ") == true)
    }

    @Test("The directory is an absolute path, known before the rest is read")
    func directory() throws {
        let text = "nonsense: 1\nprovidersDirectory: /srv/providers\n"
        #expect(try ConfigurationText(text.utf8.span, file: "f").providersDirectory == "/srv/providers")
        #expect(try ConfigurationText(Self.agents.utf8.span, file: "f").providersDirectory == nil)
        #expect(try load("providersDirectory: /srv/p\n" + Self.agents, [:]).providersDirectory == "/srv/p")
        for wrong in ["providers.d", "[/a]", "''"] {
            #expect(throws: ConfigurationError.self) {
                try ConfigurationText("providersDirectory: \(wrong)".utf8.span, file: "f")
            }
        }
    }

    @Test("A variable that is missing or not acceptable is named where it belongs")
    func variables() throws {
        let acme = """
            displayName: Acme
            variables: { site: { kind: hostLabel }, note: { kind: value, required: false } }
            authorizationURL: https://id.acme.example/a
            tokenURL: https://id.acme.example/t
            apiBaseURL: https://{site}.acme.example
            """
        func authConfig(_ rest: String) -> String {
            "authConfigs:\n  ac_a: { provider: acme, clientId: c\(rest) }\n" + Self.agents
        }
        let missing = "site is missing: acme needs it among its variables"
        #expect(try problems(authConfig(""), ["acme": acme]) == ["purser.yaml:2: authConfigs.ac_a: \(missing)"])
        #expect(
            try problems(authConfig(", variables: { note: n }"), ["acme": acme])
                == ["purser.yaml:2: authConfigs.ac_a.variables: \(missing)"])
        #expect(
            try problems(authConfig(", variables: { site: 'evil.example/' }"), ["acme": acme]) == [
                "purser.yaml:2: authConfigs.ac_a.variables.site: site must be a host name, without scheme, port and path"
            ])
        #expect(try load(authConfig(", variables: { site: eu }"), ["acme": acme]).authConfigs.count == 1)
    }
}
