import ConnectedAccounts
import JSON
import OAuth
import ProviderSimulator
import TestKit

/// Four providers, two clients at each, forty-eight connections, and a day of faults; a daemon without sockets under a clock
/// that the test moves. The same seed gives the same day.
final class Day {
    private static let users = 6

    private(set) var oracle = DayOracle()
    /// By kind, over all providers.
    private(set) var faultsMet: Set<String> = []
    /// Each "STATUS reason" that was shown, to see that the day had some of each.
    private(set) var statusesSeen: Set<String> = []
    private(set) var requests = 0
    private let world: World
    private var random: SeededGenerator
    private var servers: [DayProvider: AuthorizationServer] = [:]
    private var secrets: [String: String] = [:]
    private let yaml: String

    init(seed: UInt64) throws {
        random = SeededGenerator(seed: seed)
        world = try World(seed: seed)
        world.markers = ["sim_rt_", "sim_cs_"]
        yaml = Self.configuration
        for provider in DayProvider.allCases {
            servers[provider] = provider.server(users: Self.users)
            secrets["\(provider.rawValue)-secret"] = "sim_cs_\(provider.rawValue)"
        }
        for (id, provider, client, number) in Self.logins { logIn(id, at: provider, client, number) }
        world.respond = { [unowned self] in react($0) }
        try world.apply(yaml: yaml, secrets: secrets)
    }

    private static let logins: [(id: String, DayProvider, client: String, number: Int)] =
        DayProvider.allCases.flatMap { provider in
            DayProvider.clients.flatMap { client in
                (0..<users).map { ("con_\(provider.rawValue)_\(client)_\($0)", provider, client, $0) }
            }
        }

    private static var configuration: String {
        let connections = logins.map { id, provider, client, number in
            "  - { id: \(id), userId: user-\(number)-\(client), authConfig: ac_\(provider.rawValue)_\(client), "
                + "credentials: { credential: \(id) } }\n"
        }
        return "providers:\n" + DayProvider.allCases.map(\.providerYAML).joined()
            + "authConfigs:\n" + DayProvider.allCases.map(\.authConfigYAML).joined()
            + "connections:\n" + connections.joined() + """
                agents:
                  - name: operator
                    match: { uid: 0 }
                    grants: [ { users: ["*"], toolkits: ["*"], connections: ["*"], operations: ["*"] } ]
                """
    }

    private var moment: Moment {
        let passed = ManualClock.start.duration(to: world.now).components.seconds
        return Moment(boot: world.now, wall: WallInstant(seconds: World.wallStart + passed))
    }

    private func logIn(_ id: String, at provider: DayProvider, _ client: String, _ number: Int) {
        let tokens = servers[provider]?.connect(
            clientID: provider.clientID(client), userID: "user-\(number)", scopes: ["read"], at: moment, random: &random
        )
        guard let tokens, let refreshToken = tokens.refreshToken, let end = tokens.expiresAt else { return }
        secrets[id] =
            #"{"access_token":"\#(tokens.accessToken)","refresh_token":"\#(refreshToken)","expires_at":\#(end.wall.seconds)}"#
        oracle.accounts[id] = DayOracle.Account(
            provider: provider, app: "ac_\(provider.rawValue)_\(client)", accessToken: tokens.accessToken,
            refreshToken: refreshToken, end: end.boot)
    }

    // MARK: The providers

    private func react(_ request: ReceivedRequest) -> Reaction {
        requests += 1
        guard let provider = DayProvider.allCases.first(where: { $0.tokenURL == request.url }) else {
            return .unreachable
        }
        let incoming = AuthorizationServer.Request(
            method: request.method, path: "/token", authorization: request.authorization,
            headers: request.headers.map { .init($0.name, $0.value) }, body: Array(request.body.utf8))
        guard let reply = servers[provider]?.respond(to: incoming, at: moment, random: &random) else {
            return .unreachable
        }
        for case .fault(let fault, _) in reply.events { faultsMet.insert(fault.kind) }
        let reaction = Reaction(reply, hang: .hold)
        let hangs = [.silence, .headOnly].contains(reply.delivery)
        guard let published = Published(reply) else {
            oracle.violated("no row speaks of \(reply.events)", at: world.now)
            return reaction
        }
        let read = Published(
            TokenAnswerReader.read(
                (hangs ? .lost : reaction).outcome ?? .failed(.init(.other, mayHaveBeenReceived: true)),
                description: TokenEndpointDescription(url: request.url), receivedAt: moment.wall.seconds))
        if read != published || !read.isInTable {
            oracle.violated("\(reply.events) is read as \(read), not as \(published)", at: world.now)
        }
        oracle.note(request, published, reply, hangs: hangs)
        return reaction
    }

    // MARK: The weather

    /// What ends by itself.
    private static let passing: [Fault] =
        FaultKind.all.filter {
            if case .failed(let failureClass, _, _) = $0.meaning { failureClass == .transient } else { true }
        }.map(\.fault) + [
            .gatewayPage(status: 500), .gatewayPage(status: 503), .gatewayPage(status: 403),
            .tooManyRequests(.seconds(30)), .tooManyRequests(.date(secondsAhead: 90)), .tooManyRequests(.text("soon")),
            .expiresIn("0"), .expiresIn("-1"), .expiresIn("\"soon\""), .error("server_error", status: 500),
            .error("temporarily_unavailable", status: 503), .error("never_heard_of", status: 400),
        ]

    private static let ending: [Fault] =
        [.invalidGrant, .tokenSpent, .githubError("bad_refresh_token"), .error("token_revoked", status: 400)]
    private static let breaking: [Fault] =
        [.invalidClient, .error("invalid_scope", status: 400), .githubError("incorrect_client_credentials")]

    /// Every kind once, in a random order.
    private func everyKind() -> [Fault] { FaultKind.all.map(\.fault).shuffled(using: &random) }

    /// What the next hour brings to each provider: mostly a mix, at times an outage or a registration that is rejected.
    private func changeWeather(isFirst: Bool = false) {
        var kinds = isFirst ? everyKind() : []
        let mix = Self.passing + Self.passing + Self.passing + Self.ending + Self.breaking
        for (index, provider) in DayProvider.allCases.enumerated() {
            var plan = FaultPlan()
            let share = kinds.count / (DayProvider.allCases.count - index)
            plan.add(.next(Array(kinds.prefix(share))))
            kinds.removeFirst(share)
            switch Int.random(in: 0..<10, using: &random) {
            case 0: plan.add(.always(Self.passing.randomElement(using: &random) ?? .reset))
            case 1:
                let client = DayProvider.clients.randomElement(using: &random) ?? ""
                plan.add(
                    .always(Self.breaking.randomElement(using: &random) ?? .invalidClient),
                    clientID: provider.clientID(client))
            default: break
            }
            let rate: Double = [0.02, 0.1, 0.4].randomElement(using: &random) ?? 0.1
            plan.add(.random(rate: rate, of: mix, seed: random.next()))
            servers[provider]?.faults = plan
        }
    }

    private func clearWeather() {
        for provider in DayProvider.allCases { servers[provider]?.faults.clear() }
    }

    /// Some of those who must connect again do.
    private func logInAgain() throws {
        for (id, provider, client, number) in Self.logins where oracle.accounts[id]?.isOver == true {
            if Bool.random(using: &random) { logIn(id, at: provider, client, number) }
        }
        try world.apply(yaml: yaml, secrets: secrets)
        oracle.catchUp(to: world.now)
    }

    // MARK: The day

    /// Twenty-one hours of weather, and three in which all is well.
    func run() throws {
        for hour in 0..<24 {
            if hour < 21 { changeWeather(isFirst: hour == 0) } else { clearWeather() }
            if hour < 21 { try logInAgain() }
            let end = ManualClock.start.advanced(by: .seconds(3600 * (hour + 1)))
            while world.now < end {
                let step = Duration.seconds(Int.random(in: 60...900, using: &random))
                world.advance(by: min(step, world.now.duration(to: end)))
                try compare()
                try demand()
            }
        }
        for (id, account) in oracle.accounts where !account.isOver && oracle.expected(id, at: world.now) != ["ACTIVE -"]
        {
            oracle.violated("\(id) does not recover", at: world.now)
        }
    }

    /// Somebody wants a newer token of some connection than there is.
    private func demand() throws {
        guard Int.random(in: 0..<4, using: &random) == 0, let login = Self.logins.randomElement(using: &random) else {
            return
        }
        _ = world.connect(uid: 0).begin("refreshAccount", ["connectionId": .string(login.id), "timeoutMs": 0])
        world.settle()
    }

    private func compare() throws {
        oracle.catchUp(to: world.now)
        let line = world.connect(uid: 0)
        let list = line.begin("connectedAccounts.list", ["limit": 1000])
        for item in line.answer(to: list)?["result"]?["items"]?.elements ?? [] {
            let id = item["id"]?.string ?? "?"
            let shown = "\(item["status"]?.string ?? "?") \(item["statusReason"]?.string ?? "-")"
            statusesSeen.insert(shown)
            oracle.compare(id, shows: shown, at: world.now)
        }
        for (id, _, _, _) in Self.logins.shuffled(using: &random).prefix(3) {
            let call = line.begin("getConnectionCredentials", ["connectionId": .string(id), "timeoutMs": 0])
            let token = line.answer(to: call)?["result"]?["accessToken"]?.string
            if token != oracle.servedToken(id, at: world.now) {
                oracle.violated("\(id) serves \(token ?? "nothing")", at: world.now)
            }
        }
        try world.check()
    }
}
