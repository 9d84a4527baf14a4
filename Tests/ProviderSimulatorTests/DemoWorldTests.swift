import ConnectedAccounts
import DaemonConfiguration
import ProviderSimulator
import SecretBytes
import Testing

@Suite("The demo's world", .timeLimit(.minutes(1)))
struct DemoWorldTests {
    private let world: DemoWorld
    private let configuration: DemoConfiguration

    init() {
        var random = SeededGenerator(seed: 1)
        world = DemoWorld(at: .current(), random: &random)
        configuration = world.configuration(
            providersAt: "http://127.0.0.1:9", agentUID: 1234, socket: "/run/demo/\"quoted\".sock")
    }

    @Test("Ada has two GitHub logins and Google; Bob has Google and Xero")
    func people() {
        #expect(
            world.connections.map { "\($0.userID) \($0.authConfigID) \($0.id) \($0.alias)" } == [
                "user_ada ac_demo_github con_ada_work work",
                "user_ada ac_demo_github con_ada_personal personal",
                "user_ada ac_demo_google con_ada_google ada-google",
                "user_bob ac_demo_google con_bob_google bob-google",
                "user_bob ac_demo_xero con_bob_xero books",
            ])
    }

    @Test("The configuration is complete, and every secret in it is a reference that resolves")
    func configurationText() throws {
        let yaml = configuration.yaml
        #expect(yaml.hasPrefix("socket: \"/run/demo/\\\"quoted\\\".sock\"\nproviders:\n"))
        for line in [
            "  " + SimulatedProvider.github.configurationOverride(baseURL: "http://127.0.0.1:9"),
            "  " + SimulatedProvider.google.configurationOverride(baseURL: "http://127.0.0.1:9"),
            "  " + SimulatedProvider.xero.configurationOverride(baseURL: "http://127.0.0.1:9"),
            "  - { id: con_ada_work, userId: user_ada, authConfig: ac_demo_github, alias: work, "
                + "credentials: { credential: demo-work } }",
            "    match: { uid: 1234 }",
        ] {
            #expect(yaml.contains(line + "\n"))
        }
        let references = yaml.split(separator: "{ credential: ").dropFirst().map { String($0.prefix { $0 != " " }) }
        #expect(Set(references) == Set(configuration.credentialNames))
        #expect(references.count == 14)
        for name in references {
            let secret = try secretText(named: name)
            #expect(!yaml.contains(secret))
        }
        let isUnknown = configuration.credential(named: "nobody") == nil
        #expect(isUnknown)
        #expect(!yaml.contains("sim_"))
    }

    @Test("The daemon's own reader takes it, and every provider in it can be linked")
    func isAccepted() throws {
        let yaml = SecretBytes(utf8: configuration.yaml)
        let read = try yaml.withBytes { bytes throws(ConfigurationError) in
            try PurserConfiguration.load(bytes, file: "demo", names: NoNames())
        }
        #expect(read.warnings == [])
        #expect(read.connections.count == 5)
        #expect(Set(read.authConfigs.map(\.provider)) == Set(SimulatedProvider.allCases.map(\.slug)))
        #expect(read.authConfigs.count == SimulatedProvider.allCases.count)
        for provider in SimulatedProvider.allCases {
            #expect(world.providers[provider.slug]?.consent == .page)
        }
    }

    private struct NoNames: NameResolver {
        func uid(ofUser name: String) throws(NameLookupFailure) -> UInt32? { nil }
        func gid(ofGroup name: String) throws(NameLookupFailure) -> UInt32? { nil }
    }

    @Test("A connection's credential is JSON with live tokens, the end of their life and whom they are for")
    func credentials() throws {
        let connection = try #require(world.connections.first)
        let credential = try secretText(named: connection.credentialName)
        let access = try #require(member("access_token", of: credential)).filter { $0 != "\"" }
        let now = Moment.current()
        #expect(world.providers["github"]?.isLive(accessToken: access, at: now) == true)
        let end = try #require(member("expires_at", of: credential).flatMap { Int64($0) })
        #expect(end <= now.wall.seconds + 20)
        #expect(end > now.wall.seconds)
        #expect(member("scope", of: credential) == "\"repo read:org\"")
        #expect(credential.contains(#""account":{"login":"ada-work","displayName":"Ada (work)","id":1001}"#))
        let xero = try secretText(named: "demo-books")
        #expect(xero.split(separator: #"{"organizationId":"#).count == 3)
    }

    @Test("Every connection can be refreshed over the wire with what its configuration says")
    func refreshes() async throws {
        let server = try await ProviderServer.start(providers: world.providers)
        for connection in world.connections {
            let provider = try #require(connection.authConfigID.split(separator: "_").last)
            let secret = try secretText(named: "demo-client-\(provider)")
            let credential = try secretText(named: connection.credentialName)
            let token = try #require(member("refresh_token", of: credential)).filter { $0 != "\"" }
            let client = "sim-client-\(provider)"
            let isBasic = provider == "xero"
            let seen = try await RawClient.exchange(
                port: server.port,
                RawClient.post(
                    "/\(provider)/token",
                    "grant_type=refresh_token&refresh_token=\(token)"
                        + (isBasic ? "" : "&client_id=\(client)&client_secret=\(secret)"),
                    more: isBasic ? "Authorization: Basic c2ltLWNsaWVudC14ZXJvOnNpbV9jc194ZXJv\r\n" : ""))
            #expect(member("expires_in", of: seen.body) == "20")
            // Google's refresh token stays; the others give way.
            #expect((member("refresh_token", of: seen.body) == nil) == (provider == "google"))
        }
        await server.stop()
    }

    private func secretText(named name: String) throws -> String {
        guard let secret = configuration.credential(named: name) else { throw NoSuchCredential(name: name) }
        return secret.withBytes { bytes in
            String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
        }
    }

    private struct NoSuchCredential: Error {
        var name: String
    }
}
