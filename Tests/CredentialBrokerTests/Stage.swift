import ConnectedAccounts
import CredentialBroker
import DaemonConfiguration
import JSON
import TestKit

/// A world with one connection of each kind, and providers whose refresh tokens are good for one use.
final class Stage {
    let world: World
    let provider: StageProvider
    var yaml: String
    var secrets: [String: String]

    static let `operator`: UInt32 = 0
    /// May do everything with what is alice's, but manage.
    static let alice: UInt32 = 1001
    /// May read bob's acme accounts.
    static let bob: UInt32 = 1002
    static let stranger: UInt32 = 1003

    /// The parsed configuration, read once for all tests.
    static let configuration = Result { try World.configuration(StageText.yaml) }

    init(_ setup: WorldSetup = WorldSetup(), seed: UInt64 = 1, changing secretChanges: [String: String?] = [:]) throws {
        yaml = StageText.yaml
        secrets = StageText.secrets
        provider = StageProvider()
        for (name, text) in secretChanges { secrets[name] = text }
        world = try World(setup, seed: seed)
        let provider = provider
        world.respond = { provider.react($0) }
        world.apply(try Self.configuration.get(), secrets: secrets)
    }

    /// The machine of another stage was started anew, with what that one exported.
    init(rebooting other: Stage, export: String?, after downtime: Duration, seed: UInt64 = 77) throws {
        yaml = other.yaml
        secrets = other.secrets
        provider = other.provider
        let reboot = Reboot(
            export: export, wallAhead: other.world.wallAhead + downtime, configuration: try World.configuration(yaml),
            secrets: secrets)
        world = try World(seed: seed, after: reboot)
        let provider = provider
        world.respond = { provider.react($0) }
        try reload()
    }

    /// A reload with the texts as they are now.
    func reload() throws {
        try world.apply(yaml: yaml, secrets: secrets)
    }

    /// The process is killed, and started again.
    func restart() throws {
        try world.restart()
        try world.apply(yaml: yaml, secrets: secrets)
    }

    /// An account of `ac_acme` that is connected at run time, with a grant of its own called `run`; gives its id.
    func connectAtRunTime() throws -> String? {
        provider.core.grants["run"] = OneUseProvider.Grant()
        let answer = try ask(
            "connectedAccounts.initiate",
            [
                "userId": "run", "authConfigId": "ac_acme",
                "config": [
                    "access_token": "access-run-1", "refresh_token": "canary-refresh-run-1",
                    "expires_at": .int(Int(World.wallStart) + 3600),
                ],
            ], as: Stage.operator)
        return answer["id"]?.string
    }

    func ask(_ method: String, _ params: JSONTree? = nil, as uid: UInt32 = Stage.alice) throws -> Answer {
        try world.ask(method, params, uid: uid)
    }

    func credentials(_ connectionID: String, as uid: UInt32 = Stage.alice, timeoutMs: Int = 5000) throws -> Answer {
        try ask(
            "getConnectionCredentials", ["connectionId": .string(connectionID), "timeoutMs": .int(timeoutMs)], as: uid)
    }

    /// What management says of a connection.
    func account(_ connectionID: String) throws -> Answer {
        try ask("connectedAccounts.get", ["id": .string(connectionID)], as: Stage.operator)
    }

    /// "STATUS reason".
    func status(_ connectionID: String) throws -> String {
        let account = try account(connectionID)
        return "\(account["status"]?.string ?? "?") \(account["statusReason"]?.string ?? "-")"
    }

    /// Requests that presented the grant's tokens.
    func presentations(_ grant: String) -> [ReceivedRequest] {
        world.ledger.filter { $0.refreshToken?.hasPrefix("canary-refresh-\(grant)-") == true }
    }
}

/// The token endpoints of the stage: one-use tokens, unless a test has its own mind.
final class StageProvider {
    var core = OneUseProvider()
    /// Asked first; nil leaves it to ``core``.
    var override: ((ReceivedRequest) -> Reaction?)?

    init() {
        for grant in ["acme", "acmetwo", "bob", "grace", "again", "found", "xero", "gmail"] {
            core.grants[grant] = OneUseProvider.Grant()
        }
        core.grants["grace"]?.grace = .seconds(600)
        core.grants["again"]?.rotates = false
        core.grants["gmail"]?.rotates = false
        core.grants["xero"]?.lifetime = 1800
    }

    func react(_ request: ReceivedRequest) -> Reaction {
        if let reaction = override?(request) { return reaction }
        if request.url == "https://id.found.example/.well-known/openid-configuration" {
            return .answer(
                #"{"issuer":"https://id.found.example","token_endpoint":"https://id.found.example/oauth/token"}"#)
        }
        if request.parameters["grant_type"] == "client_credentials" {
            return .answer(#"{"access_token":"access-robot-\#(request.at.nanoseconds)","expires_in":3600}"#)
        }
        return core.receive(request)
    }
}

enum StageText {
    static let yaml = """
        masking: prefix
        providers:
          acme:
            displayName: Acme
            authorizationURL: https://id.acme.example/authorize
            tokenURL: https://id.acme.example/token
            clientAuthentication: client_secret_post
            rotation: always
            selector: login
            apiBaseURL: https://api.acme.example
            failureRules: [ { error: account_revoked, class: dead_grant, revoked: true } ]
          grace:
            displayName: Grace
            authorizationURL: https://id.grace.example/authorize
            tokenURL: https://id.grace.example/token
            rotation: always
            lostAnswer: { resendWithin: 10m }
            refreshTokenIdleLifetime: 3d
          again:
            displayName: Again
            authorizationURL: https://id.again.example/authorize
            tokenURL: https://id.again.example/token
            lostAnswer: resend
          found: { displayName: Found, issuer: "https://id.found.example" }
          robot:
            displayName: Robot
            authScheme: oauth2_client_credentials
            tokenURL: https://id.robot.example/token
          weather:
            displayName: Weather
            authScheme: api_key
            apiBaseURL: https://api.weather.example
            credentialPlacement: { in: header, name: X-Api-Key }
          maps:
            displayName: Maps
            authScheme: api_key
            apiBaseURL: https://api.maps.example
            credentialPlacement: { in: query, name: key }
          ledger: { displayName: Ledger, authScheme: basic, apiBaseURL: "https://ledger.example" }
          pipe: { displayName: Pipe, authScheme: bearer, apiBaseURL: "https://pipe.example" }
        authConfigs:
          ac_acme: { provider: acme, clientId: acme-client, clientSecret: { credential: acme-secret }, scopes: [read] }
          ac_again: { provider: again, clientId: again-client, clientSecret: { credential: again-secret } }
          ac_found: { provider: found, clientId: found-client, clientSecret: { credential: found-secret } }
          ac_gmail: { provider: google, toolkit: gmail, clientId: gmail-client, clientSecret: { credential: gmail-secret } }
          ac_grace: { provider: grace, clientId: grace-client, clientSecret: { credential: grace-secret } }
          ac_ledger: { provider: ledger }
          ac_maps: { provider: maps }
          ac_pipe: { provider: pipe }
          ac_robot: { provider: robot, clientId: robot-client, clientSecret: { credential: robot-secret }, scopes: [run] }
          ac_weather: { provider: weather }
          ac_xero: { provider: xero, clientId: xero-client, clientSecret: { credential: xero-secret } }
        connections:
          - { id: con_acme, userId: alice, authConfig: ac_acme, alias: main, credentials: { credential: acme } }
          - { id: con_acmetwo, userId: alice, authConfig: ac_acme, alias: second, credentials: { credential: acmetwo } }
          - { id: con_again, userId: alice, authConfig: ac_again, credentials: { credential: again } }
          - { id: con_bob, userId: bob, authConfig: ac_acme, alias: bobs, credentials: { credential: bob } }
          - { id: con_found, userId: alice, authConfig: ac_found, credentials: { credential: found } }
          - { id: con_gmail, userId: alice, authConfig: ac_gmail, credentials: { credential: gmail } }
          - { id: con_grace, userId: alice, authConfig: ac_grace, credentials: { credential: grace } }
          - { id: con_ledger, userId: alice, authConfig: ac_ledger, credentials: { credential: ledger } }
          - { id: con_maps, userId: alice, authConfig: ac_maps, credentials: { credential: maps } }
          - { id: con_pipe, userId: alice, authConfig: ac_pipe, credentials: { credential: pipe } }
          - { id: con_robot, userId: alice, authConfig: ac_robot }
          - { id: con_weather, userId: alice, authConfig: ac_weather, credentials: { credential: weather } }
          - { id: con_xero, userId: alice, authConfig: ac_xero, credentials: { credential: xero } }
        agents:
          - name: operator
            match: { uid: 0 }
            grants: [ { users: ["*"], toolkits: ["*"], connections: ["*"], operations: ["*"] } ]
          - name: alice
            match: { uid: 1001 }
            grants:
              - users: [alice]
                toolkits: ["*"]
                connections: ["*"]
                operations: ["accounts:read", "credentials:read", "accounts:refresh", "sessions:create", "events:read"]
          - name: bob
            match: { uid: 1002 }
            grants:
              - { users: [bob], toolkits: [acme], connections: ["*"], operations: ["accounts:read", "credentials:read"] }
              - { users: [bob], toolkits: [acme], connections: ["*"], operations: ["events:read"] }
        """

    private static func oauth(_ grant: String, account: String) -> String {
        """
        {"access_token":"access-\(grant)-1","refresh_token":"canary-refresh-\(grant)-1",
         "expires_at":"2026-06-01T01:00:00Z","scope":"read","account":\(account)}
        """
    }

    static let secrets: [String: String] = [
        "acme-secret": "canary-secret-acme", "again-secret": "canary-secret-again",
        "found-secret": "canary-secret-found", "gmail-secret": "gmail-client-secret",
        "grace-secret": "canary-secret-grace", "robot-secret": "canary-secret-robot",
        "xero-secret": "canary-secret-xero",
        "acme": oauth("acme", account: #"{"login":"ada"}"#),
        "acmetwo": oauth("acmetwo", account: #"{"login":"ada-two"}"#),
        "again": oauth("again", account: #"{"displayName":"Again"}"#),
        "bob": oauth("bob", account: #"{"login":"bob"}"#),
        "found": oauth("found", account: #"{"displayName":"Found"}"#),
        "gmail": oauth("gmail", account: #"{"email":"ada@example.com"}"#),
        "grace": oauth("grace", account: #"{"displayName":"Grace"}"#),
        "ledger": #"{"username":"ada","password":"ledger-password"}"#,
        "maps": "maps-api-key", "pipe": "pipe-bearer-token", "weather": "weather-api-key",
        "xero": oauth(
            "xero",
            account: #"[{"organizationId":"org-1","displayName":"North","tenantId":"org-1"},"#
                + #"{"organizationId":"org-2","displayName":"South","tenantId":"org-2"}]"#),
    ]
}
