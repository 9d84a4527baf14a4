import ConnectedAccounts
import CredentialBroker
import DaemonConfiguration
import Foundation
import JSON
import TestKit
import Testing

/// Random schedules of calls, time, provider faults, reloads and crashes, through the wire, against providers that end a grant
/// whose spent refresh token is presented again. A violation names its seed, which brings it back.
struct SimulationTests {
    /// Schedules in each of fifty blocks; `PURSER_SCHEDULES=100000` for the full count.
    private static let perBlock =
        (ProcessInfo.processInfo.environment["PURSER_SCHEDULES"].flatMap { UInt64($0) } ?? 2000) / 50

    @Test("No schedule loses a grant, an answer or a living token", arguments: 0..<50)
    func schedules(_ block: UInt64) throws {
        for seed in block * Self.perBlock..<(block + 1) * Self.perBlock {
            let simulation = try Simulation(seed: seed)
            for _ in 0..<30 { try simulation.step() }
            try simulation.finish()
            #expect(simulation.violations == [], "seed \(seed)")
        }
    }
}

private final class Simulation {
    private struct Login {
        var family: String
        var count: Int
        /// The access token that was delivered last, and when it ends.
        var token: String
        var end: BootInstant
        var isDisabled = false
        var isDeleted = false
    }

    private struct Open {
        let line: Line
        let id: Int
    }

    static let configuration = Result { try World.configuration(SimulationText.yaml) }

    private(set) var violations: [String] = []
    private let world: World
    private var random: SplitMix64
    private var core = OneUseProvider()
    private var logins: [String: Login] = [:]
    private var secrets = [
        "acme-secret": "canary-secret-acme", "grace-secret": "canary-secret-grace",
        "again-secret": "canary-secret-again",
    ]
    private var lines: [Line] = []
    private var open: [Open] = []
    private var isDown = false
    private var rejectsClients = false
    /// The provider answers everything from now on.
    private var isHealed = false
    /// Grants of which an answer was lost, or may have been, since their last tokens: nobody can promise that they go on.
    private var doubtful: Set<String> = []
    /// Grants whose token was presented in this step.
    private var presentedNow: Set<String> = []
    /// When a token may first have been received.
    private var received: [String: BootInstant] = [:]

    /// Whether answers outlive the process that asked.
    private let keepsExchanges: Bool

    init(seed: UInt64) throws {
        random = SplitMix64(seed: seed)
        keepsExchanges = seed % 2 == 1
        var setup = WorldSetup()
        setup.keepsExchanges = keepsExchanges
        world = try World(setup, seed: seed)
        for name in ["acme", "acmetwo", "grace", "again"] { logIn(name) }
        world.respond = { [unowned self] in react($0) }
        try reload()
        lines = (0..<3).map { _ in world.connect(uid: 1001) }
    }

    private func reload() throws {
        world.apply(try Self.configuration.get(), secrets: secrets)
    }

    private func logIn(_ name: String) {
        let count = (logins[name]?.count ?? 0) + 1
        let family = "\(name)\(count)"
        let token = OneUseProvider.accessToken(family, 1)
        let wasDisabled = logins[name].map { $0.isDisabled && !$0.isDeleted } ?? false
        logins[name] = Login(
            family: family, count: count, token: token, end: world.now.advanced(by: .seconds(3600)),
            isDisabled: wasDisabled)
        core.grants[family] = OneUseProvider.Grant()
        if name == "grace" { core.grants[family]?.grace = .seconds(600) }
        if name == "again" { core.grants[family]?.rotates = false }
        let end = World.wallStart + ManualClock.start.duration(to: world.now).components.seconds + 3600
        secrets[name] =
            #"{"access_token":"\#(token)","refresh_token":"\#(OneUseProvider.refreshToken(family, 1))","expires_at":\#(end)}"#
    }

    // MARK: The provider

    private func react(_ request: ReceivedRequest) -> Reaction {
        guard let token = request.refreshToken else { return answerQuestion() }
        noteReception(of: token)
        let family = Self.family(of: token)
        presentedNow.insert(family)
        if isHealed { return deliver(core.receive(request), to: request) }
        if isDown { return forget(token, .unreachable) }
        if rejectsClients { return forget(token, .error("invalid_client", status: 401)) }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<55: return deliver(core.receive(request), to: request)
        case 55..<65:
            doubtful.insert(family)
            return .hold
        case 65..<72:
            doubtful.insert(family)
            _ = core.receive(request)
            return .lost
        case 72..<77:
            doubtful.insert(family)
            return .lost
        case 77..<82:
            doubtful.insert(family)
            return .answer(status: 503, "try later", retryAfter: "20")
        case 82..<87:
            doubtful.insert(family)
            return .answer("<html>log in</html>", contentType: "text/html")
        case 87..<93: return forget(token, .answer(status: 429, "", retryAfter: "5"))
        default: return forget(token, .unreachable)
        }
    }

    /// What somebody without a token is told.
    private func answerQuestion() -> Reaction {
        if isHealed { return .error("invalid_request") }
        if isDown { return .unreachable }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<60: return .error("invalid_request")
        case 60..<70: return .hold
        case 70..<80: return .answer(status: 500, "<html>no token</html>", contentType: "text/html")
        case 80..<90: return .answer(status: 503, "try later", retryAfter: "20")
        default: return .unreachable
        }
    }

    private static func family(of refreshToken: String) -> String {
        refreshToken.split(separator: "-").dropFirst(2).first.map(String.init) ?? ""
    }

    /// A token is presented again only as its provider's rule allows.
    private func noteReception(of token: String) {
        if let first = received[token] {
            if token.contains("-acme") { violations.append("\(token) was presented again") }
            if token.contains("-grace"), first.duration(to: world.now) >= .seconds(600) {
                violations.append("\(token) was presented again after its grace")
            }
        } else {
            received[token] = world.now
        }
    }

    /// The broker can tell from this reaction that the token was not used; if it was the first to carry it, all is as before.
    private func forget(_ token: String, _ reaction: Reaction) -> Reaction {
        if received[token] == world.now { received[token] = nil }
        return reaction
    }

    /// The provider gave tokens, and the answer arrives.
    private func deliver(_ reaction: Reaction, to request: ReceivedRequest) -> Reaction {
        guard case .answer(200, let body, _, _) = reaction, let answer = try? JSONTree(parsing: body),
            let token = answer["access_token"]?.string
        else { return reaction }
        let family = request.refreshToken?.split(separator: "-").dropFirst(2).first.map(String.init)
        for (name, login) in logins where login.family == family {
            logins[name]?.token = token
            logins[name]?.end = request.at.advanced(by: .seconds(3600))
            doubtful.remove(login.family)
        }
        return reaction
    }

    // MARK: Steps

    func step() throws {
        guard Int.random(in: 0..<100, using: &random) < 6 else { return try takeStep() }
        let before = logins
        presentedNow = []
        world.die(afterChanges: Int.random(in: 1...10, using: &random))
        try takeStep()
        guard world.isDead else { return world.die(afterChanges: nil) }
        let inDoubt = logins.filter { before[$0.key]?.token != $0.value.token }
        // Whatever came of them, the process may have died before it knew; the next one does.
        if !keepsExchanges {
            doubtful.formUnion(presentedNow.union(world.unsent.compactMap(\.refreshToken).map { Self.family(of: $0) }))
        }
        try crash()
        try resolve(inDoubt, before)
    }

    private func takeStep() throws {
        let name = ["acme", "acmetwo", "grace", "again"].randomElement(using: &random) ?? "acme"
        let line = lines.randomElement(using: &random) ?? lines[0]
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<15: world.advance(by: .seconds(Int.random(in: 1...600, using: &random)))
        case 15..<25: world.advance(by: .seconds(Int.random(in: 600...4000, using: &random)))
        case 25..<30: world.suspend(for: .seconds(Int.random(in: 60...70_000, using: &random)))
        case 30..<45:
            begin(
                line, "getConnectionCredentials",
                ["connectionId": .string("con_\(name)"), "timeoutMs": .int(timeout())])
        case 45..<55:
            begin(line, "refreshAccount", ["connectionId": .string("con_\(name)"), "timeoutMs": .int(timeout())])
        case 55..<60: begin(line, "getAccounts", ["timeoutMs": .int(timeout())])
        case 60..<66: try setDisabled(name, true)
        case 66..<74: try setDisabled(name, false)
        case 74..<78: try reload()
        case 78..<82:
            logIn(name)
            try reload()
        case 82..<87: isDown.toggle()
        case 87..<90: rejectsClients.toggle()
        case 90..<92: replace(line)
        case 92..<94: try crash()
        case 94..<97: try delete(name)
        default: releaseHeld()
        }
        if !world.isDead { try checkLivingTokens(of: [name]) }
    }

    /// The process died within a step: what the step had under way is as it was before, or as it would have been after.
    private func resolve(_ inDoubt: [String: Login], _ before: [String: Login]) throws {
        for (name, login) in logins {
            let id: JSONTree = .string("con_\(name)")
            let status = try world.ask("connectedAccounts.get", ["id": id], uid: 0)["status"]
            logins[name]?.isDisabled = status == "INACTIVE"
            logins[name]?.isDeleted = status == nil
            guard let old = before[name], inDoubt[name]?.token == login.token, old.family == login.family else {
                continue
            }
            let served = try world.ask("getConnectionCredentials", ["connectionId": id, "timeoutMs": 0], uid: 1001)
            guard served["accessToken"]?.string != login.token, !keepsExchanges else { continue }
            // Its answer died with the process.
            doubtful.insert(login.family)
            logins[name]?.token = old.token
            logins[name]?.end = old.end
        }
        try checkLivingTokens(of: Array(logins.keys))
    }

    private func timeout() -> Int { [0, 1000, 5000, 60_000].randomElement(using: &random) ?? 0 }

    private func begin(_ line: Line, _ method: String, _ params: JSONTree) {
        open.append(Open(line: line, id: line.begin(method, params)))
        world.settle()
    }

    private func setDisabled(_ name: String, _ isDisabled: Bool) throws {
        let method = isDisabled ? "connectedAccounts.disable" : "connectedAccounts.enable"
        let answer = try world.ask(method, ["id": .string("con_\(name)")], uid: 0)
        if answer.error == nil, !world.isDead { logins[name]?.isDisabled = isDisabled }
    }

    /// Deleted for good, until there is another login. Not while a refresh is under way, whose end it would wait for.
    private func delete(_ name: String) throws {
        guard let family = logins[name]?.family,
            !world.pendingRequests.contains(where: { $0.refreshToken?.contains("-\(family)-") ?? true })
        else { return }
        let answer = try world.ask(
            "connectedAccounts.delete", ["id": .string("con_\(name)"), "revoke": false], uid: 0)
        if answer.error == nil, !world.isDead { logins[name]?.isDeleted = true }
    }

    /// A peer goes away, and another comes.
    private func replace(_ line: Line) {
        line.abandon()
        open.removeAll { $0.line === line }
        lines.removeAll { $0 === line }
        lines.append(world.connect(uid: 1001))
    }

    /// The process is killed; what was on its way may have reached the provider, and no answer comes back, unless exchanges
    /// are kept.
    private func crash() throws {
        if !keepsExchanges {
            for request in world.pendingRequests where Bool.random(using: &random) { _ = core.receive(request) }
        }
        try world.restart()
        open = []
        lines = (0..<3).map { _ in world.connect(uid: 1001) }
        try reload()
    }

    private func releaseHeld() {
        guard let request = world.pendingRequests.first else { return }
        if Bool.random(using: &random) { return world.release(.lost) }
        world.release(deliver(core.receive(request), to: request))
    }

    // MARK: What must hold

    /// Independent of what the broker says of itself: what the provider delivered last, and has not ended yet, is served at once.
    private func checkLivingTokens(of names: [String]) throws {
        let line = world.connect(uid: 1001)
        for (name, login) in logins where names.contains(name) && !login.isDisabled && login.end > world.now {
            if login.isDeleted {
                let id = line.begin(
                    "getConnectionCredentials", ["connectionId": .string("con_\(name)"), "timeoutMs": 0])
                if line.answer(to: id)?["result"] != nil { violations.append("\(name) came back") }
                continue
            }
            let id = line.begin("getConnectionCredentials", ["connectionId": .string("con_\(name)")])
            let token = line.answer(to: id)?["result"]?["accessToken"]?.string
            if token != login.token { violations.append("\(login.token) is withheld: \(token ?? "nothing")") }
        }
        try world.check()
    }

    func finish() throws {
        isDown = false
        world.advance(by: .seconds(61))
        for call in open where call.line.answers(to: call.id).count != 1 {
            violations.append("\(call.line.answers(to: call.id).count) answers to one request")
        }
        // A grant may only be lost where an answer was, and never by presenting a spent token.
        violations += core.reused.map { "\($0) was presented after it was spent" }
        try checkLivingTokens(of: Array(logins.keys))
        try checkThatAllGoesOn()
    }

    /// Once the providers are well, each grant of which no answer was lost has newer tokens within the longest pause and a token's life;
    /// one whose token may simply be presented again has them in any case.
    private func checkThatAllGoesOn() throws {
        isHealed = true
        rejectsClients = false
        try reload()
        while !world.pendingRequests.isEmpty { world.release(.lost) }
        world.advance(by: .seconds(4500))
        let line = world.connect(uid: 1001)
        for (name, login) in logins where !login.isDisabled && !login.isDeleted {
            guard name == "again" || !doubtful.contains(login.family) else { continue }
            let id = line.begin("getConnectionCredentials", ["connectionId": .string("con_\(name)")])
            let token = line.answer(to: id)?["result"]?["accessToken"]?.string
            if token != login.token || login.end <= world.now {
                let account = try world.ask("connectedAccounts.get", ["id": .string("con_\(name)")], uid: 0)
                violations.append(
                    "\(name) does not go on: \(account["status"]?.string ?? "?") \(account["statusReason"]?.string ?? "-")"
                )
            }
        }
    }
}

private enum SimulationText {
    static let yaml = """
        providers:
          acme:
            displayName: Acme
            authorizationURL: https://id.acme.example/authorize
            tokenURL: https://id.acme.example/token
            rotation: always
          grace:
            displayName: Grace
            authorizationURL: https://id.grace.example/authorize
            tokenURL: https://id.grace.example/token
            rotation: always
            lostAnswer: { resendWithin: 10m }
          again:
            displayName: Again
            authorizationURL: https://id.again.example/authorize
            tokenURL: https://id.again.example/token
            lostAnswer: resend
        authConfigs:
          ac_acme: { provider: acme, clientId: acme-client, clientSecret: { credential: acme-secret } }
          ac_again: { provider: again, clientId: again-client, clientSecret: { credential: again-secret } }
          ac_grace: { provider: grace, clientId: grace-client, clientSecret: { credential: grace-secret } }
        connections:
          - { id: con_acme, userId: alice, authConfig: ac_acme, credentials: { credential: acme } }
          - { id: con_acmetwo, userId: alice, authConfig: ac_acme, credentials: { credential: acmetwo } }
          - { id: con_again, userId: alice, authConfig: ac_again, credentials: { credential: again } }
          - { id: con_grace, userId: alice, authConfig: ac_grace, credentials: { credential: grace } }
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
                operations: ["accounts:read", "credentials:read", "accounts:refresh"]
        """
}
