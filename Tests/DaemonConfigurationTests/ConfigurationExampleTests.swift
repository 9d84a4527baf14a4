import ConnectedAccounts
import DaemonConfiguration
import OAuth
import ProviderCatalog
import Testing

/// A machine with two users and two groups, whose directory of others does not answer.
struct FakeNames: NameResolver {
    func uid(ofUser name: String) throws(NameLookupFailure) -> UInt32? {
        if name == "remote" { throw NameLookupFailure(code: 5) }
        return ["research": 1001, "operator": 1002][name]
    }

    func gid(ofGroup name: String) throws(NameLookupFailure) -> UInt32? {
        if name == "remote" { throw NameLookupFailure(code: 5) }
        return ["purser": 990, "agents": 1500][name]
    }
}

func load(_ text: String) throws(ConfigurationError) -> PurserConfiguration {
    try PurserConfiguration.load(text.utf8.span, file: "purser.yaml", names: FakeNames())
}

struct ConfigurationExampleTests {
    static let example = """
        socket: /run/purser/purser.sock          # not used when systemd passes the socket
        socketMode: "0660"
        socketGroup: purser
        callback: { listen: "127.0.0.1:7580" }
        masking: prefix                          # prefix | full | off
        providers:
          acme: { displayName: Acme, issuer: "https://id.acme.example" }
        authConfigs:
          ac_github: { provider: github, clientId: Iv1.abc, clientSecret: { credential: github-client-secret }, scopes: [repo, "read:org"] }
          ac_gmail:  { provider: google, toolkit: gmail, clientId: 1-x.apps.googleusercontent.com, clientSecret: { file: /etc/purser/gmail.secret }, scopes: [ "https://www.googleapis.com/auth/gmail.send" ] }
        connections:
          - { id: con_octocat, userId: user_123, authConfig: ac_github, alias: work, credentials: { credential: octocat } }
        agents:                                  # first match wins; no match, no access
          - name: research
            match: { user: research }
            grants:
              - { users: [user_123], toolkits: [github, gmail], connections: ["*"], operations: ["accounts:read", "credentials:read", "accounts:refresh", "sessions:create"] }
          - name: operator
            match: { uid: 0 }
            grants: [ { users: ["*"], toolkits: ["*"], connections: ["*"], operations: ["*"] } ]
        """

    @Test("The documented example means what it says")
    func example() throws {
        let configuration = try load(Self.example)
        #expect(configuration.warnings == [])
        #expect(configuration.socket.path == "/run/purser/purser.sock")
        #expect(configuration.socket.mode == 0o660)
        #expect(configuration.socket.group == SocketConfiguration.Group(name: "purser", gid: 990))
        #expect(configuration.callback == ListenAddress(host: "127.0.0.1", port: 7580))
        #expect(configuration.masking == .prefix)
        #expect(try configuration.catalog.provider("acme")?.displayName == "Acme")
        #expect(
            configuration.connections == [
                ConnectionDefinition(
                    id: "con_octocat", userID: "user_123", authConfigID: "ac_github", alias: "work",
                    credentials: .credential("octocat"))
            ])
    }

    @Test("Its auth configs have their provider's scheme, toolkit and addresses")
    func authConfigs() throws {
        let authConfigs = try load(Self.example).authConfigs
        try #require(authConfigs.map(\.id) == ["ac_github", "ac_gmail"])
        let (github, gmail) = (authConfigs[0], authConfigs[1])
        #expect(github.provider == "github")
        #expect(github.toolkit == "github")
        #expect(github.authScheme == .oauth2)
        #expect(github.clientID == "Iv1.abc")
        #expect(github.clientSecret == .credential("github-client-secret"))
        #expect(github.scopes == ["repo", "read:org"])
        #expect(github.endpoints.revocation?.url == "https://api.github.com/applications/Iv1.abc/token")
        #expect(gmail.provider == "google")
        #expect(gmail.toolkit == "gmail")
        #expect(gmail.clientSecret == .file("/etc/purser/gmail.secret"))
        #expect(gmail.endpoints.tokenEndpoint?.url == "https://oauth2.googleapis.com/token")
    }

    @Test("Its agents match by number and hold the grants that stand there")
    func agents() throws {
        let agents = try load(Self.example).agents
        let operations = OperationSet([.accountsRead, .credentialsRead, .accountsRefresh, .sessionsCreate])
        let grant = Grant(
            users: .only(["user_123"]), toolkits: .only(["github", "gmail"]), connections: .all, operations: operations)
        let everything = Grant(users: .all, toolkits: .all, connections: .all, operations: .all)
        #expect(
            agents == [
                Agent(name: "research", match: PeerMatch(uid: 1001), grants: [grant]),
                Agent(name: "operator", match: PeerMatch(uid: 0), grants: [everything]),
            ])
        #expect(agents.first(matching: Peer(uid: 1001, gid: 1, pid: 1))?.name == "research")
        #expect(agents.first(matching: Peer(uid: 7, gid: 7, pid: 1)) == nil)
    }

    @Test("What is left out has its default, and nobody has access")
    func defaults() throws {
        let configuration = try load("masking: full\n")
        #expect(configuration.socket == SocketConfiguration())
        #expect(configuration.socket.mode == 0o600)
        #expect(configuration.callback == ListenAddress(host: "127.0.0.1", port: 7580))
        #expect(configuration.masking == .full)
        #expect(configuration.catalog == ProviderCatalog())
        #expect(configuration.agents == [])
        #expect(configuration.warnings == ["purser.yaml:1: there are no agents, so nobody has access"])
    }

    @Test("Two files that mean the same are equal, and any change shows")
    func equality() throws {
        let text = Self.example
        let configuration = try load(text)
        #expect(configuration == (try load(text.replacing("repo, \"read:org\"", with: "'repo', read:org"))))
        let changes = [
            ("0660", "0600"), ("7580", "7581"), ("masking: prefix", "masking: off"), ("Acme", "Acne"),
            ("Iv1.abc", "Iv1.abd"),
            ("credential: octocat", "file: /octocat"), ("alias: work", "alias: home"), ("uid: 0", "uid: 1"),
            ("[repo", "[user"),
        ]
        for (old, new) in changes {
            #expect(configuration != (try load(text.replacing(old, with: new))), "\(old) → \(new)")
        }
    }

    @Test("Private hosts are known by their names, in whatever case they are written")
    func privateHosts() throws {
        let configuration = try load("privateHosts: [id.corp.example, Git.Corp.Example]")
        #expect(configuration.privateHosts == ["id.corp.example", "git.corp.example"])
        #expect(try load("masking: full").privateHosts.isEmpty)
    }

    @Test("What exports are sealed with is named, and nothing where it is not")
    func export() throws {
        let configuration = try load("export: { key: { credential: purser-export-key } }")
        #expect(configuration.exportKey == .credential("purser-export-key"))
        #expect(try load("masking: full").exportKey == nil)
        #expect(configuration.warnings.contains { $0.hasPrefix("purser.yaml:1: export: no agent may make an export") })
        let grant = "users: [\"*\"], toolkits: [\"*\"], connections: [\"*\"]"
        for (operations, isWarned) in [("daemon:export", false), ("*", false), ("daemon:read", true)] {
            let configuration = try load(
                """
                export: { key: { credential: purser-export-key } }
                agents:
                  - { name: own, match: { uid: 990 }, grants: [ { \(grant), operations: ["\(operations)"] } ] }
                """)
            #expect(configuration.warnings.isEmpty != isWarned)
        }
        #expect(throws: ConfigurationError.self) { try load("export: {}") }
        #expect(throws: ConfigurationError.self) { try load("export: { key: c2VjcmV0IHNlY3JldCBzZWNyZXQ= }") }
    }

    @Test(
        "A callback may listen on any loopback address",
        arguments: [
            ("localhost:80", "localhost", 80), ("[::1]:7580", "::1", 7580), ("127.1.2.3:65535", "127.1.2.3", 65_535),
        ])
    func callbacks(_ text: String, _ host: String, _ port: Int) throws {
        #expect(try load("callback: { listen: \"\(text)\" }").callback == ListenAddress(host: host, port: port))
    }

    @Test("Each scheme needs what it needs and no more")
    func schemes() throws {
        let text = """
            providers:
              keys: { displayName: Keys, authScheme: api_key, credentialPlacement: { in: header, name: X-Key } }
              machine: { displayName: Machine, authScheme: oauth2_client_credentials, tokenURL: "https://m.example/token" }
            authConfigs:
              ac_keys: { provider: keys }
              ac_pat: { provider: github, authScheme: bearer }
              ac_machine: { provider: machine, clientId: m, clientSecret: { credential: m } }
              ac_public: { provider: github, clientId: Iv1.abc }
              ac_basic: { provider: keys, authScheme: basic }
            connections:
              - { id: con_key, userId: u, authConfig: ac_keys, credentials: { file: /k } }
              - { id: con_machine, userId: u, authConfig: ac_machine }
            agents: []
            """
        let configuration = try load(text)
        #expect(
            configuration.authConfigs.map(\.authScheme) == [.apiKey, .bearerToken, .clientCredentials, .oauth2, .basic])
        #expect(configuration.authConfigs.map { $0.clientSecret == nil } == [true, true, false, true, true])
        #expect(configuration.connections.map { $0.credentials == nil } == [false, true])
        #expect(configuration.warnings == ["purser.yaml:13: agents: there are no agents, so nobody has access"])
    }

    @Test("A provider's variables are filled in by the auth config")
    func variables() throws {
        let text = """
            authConfigs:
              ac_sf: { provider: salesforce, clientId: c, variables: { hostname: acme.my.salesforce.com } }
              ac_ms: { provider: microsoft, toolkit: outlook, clientId: c }
            """
        let authConfigs = try load(text).authConfigs
        #expect(authConfigs[0].endpoints.tokenEndpoint?.url == "https://acme.my.salesforce.com/services/oauth2/token")
        #expect(authConfigs[0].variables == ["hostname": "acme.my.salesforce.com"])
        #expect(
            authConfigs[1].endpoints.tokenEndpoint?.url == "https://login.microsoftonline.com/common/oauth2/v2.0/token")
    }
}
