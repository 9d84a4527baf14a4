/// Which provider a ``Simulation`` plays, and how a client asks it.
struct SimulatedRole {
    private let options: SimulatorOptions
    private let named: DemoProvider?

    init(_ options: SimulatorOptions) {
        self.options = options
        named = options.provider.map(DemoProvider.init)
    }

    var slug: String { options.provider?.slug ?? "standard" }
    var clientID: String { named?.clientID ?? "sim-client" }
    var clientSecret: String { named?.clientSecret ?? "sim_cs_standard" }

    /// The provider with its faults, and the refresh token of a user who has just connected.
    func server() -> (AuthorizationServer, refreshToken: String?) {
        var server = named?.server(accessTokenLifetime: .seconds(3600)) ?? Self.standard
        if var client = server.clients[clientID] {
            if let rotation = options.rotation { client.policy.refreshTokens = rotation }
            client.policy.accessTokenLifetime = options.lifetime ?? ownLifetime
            server.add(client)
        }
        server.add(Self.user)
        server.faults = options.plan
        var random = SystemRandomNumberGenerator()
        let tokens = server.connect(
            clientID: clientID, userID: Self.user.id, scopes: named?.scopes ?? ["read"], at: .current(), random: &random
        )
        return (server, tokens?.refreshToken)
    }

    private var ownLifetime: Duration? {
        guard let provider = options.provider else { return .seconds(3600) }
        // GitHub's client is of the kind whose tokens expire.
        return provider == .github
            ? ClientPolicy.githubExpiringOAuthApp.accessTokenLifetime
            : provider.policy.accessTokenLifetime
    }

    private static var standard: AuthorizationServer {
        var server = AuthorizationServer()
        server.add(
            AuthorizationServer.Client(
                id: "sim-client", secret: "sim_cs_standard", scopes: ["read"], redirectURIs: DemoWorld.redirectURIs))
        return server
    }

    private static let user = AuthorizationServer.User(
        id: "sub-1", number: 1, login: "ada", email: "ada@home.example", name: "Ada")

    /// A refresh, or what else gives a token, as a person would type it.
    func curl(_ url: String, refreshToken: String?, authorityFile: String?) -> String {
        var fields =
            refreshToken.map { [("grant_type", "refresh_token"), ("refresh_token", $0)] }
            ?? [("grant_type", "client_credentials")]
        var words = ["curl -sSi"]
        if let authorityFile { words.append("--cacert \(authorityFile)") }
        if options.provider?.authentication == .basic {
            words.append("-u \(clientID):\(clientSecret)")
        } else {
            fields += [("client_id", clientID), ("client_secret", clientSecret)]
        }
        words.append("-H 'Accept: application/json'")
        if options.provider == .notion {
            let members = fields.map { JSONValue.Member($0.0, .string($0.1)) }
            words += ["-H 'Content-Type: application/json'", "-d '\(JSONValue.object(members).text)'"]
        } else {
            words += fields.map { "-d \($0.0)=\($0.1)" }
        }
        return words.joined(separator: " ") + " " + url
    }
}
