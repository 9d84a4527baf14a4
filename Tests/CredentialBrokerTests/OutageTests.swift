import ConnectedAccounts
import DaemonConfiguration
import JSON
import OAuth
import TestKit
import Testing

@testable import CredentialBroker

/// R6 and R8: what an outage costs where a refresh token is good for one use, and a lost answer is lost for good.
@Suite("An outage of a provider with one-use tokens")
struct OutageTests {
    /// How the provider shows itself while it is out of order.
    struct Outage: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// To whoever comes with a token, and to whoever comes without.
        var withToken: Reaction
        var withoutToken: Reaction

        init(_ name: String, _ reaction: Reaction, withoutToken: Reaction? = nil) {
            testDescription = name
            withToken = reaction
            self.withoutToken = withoutToken ?? reaction
        }
    }

    /// Refreshes that are sent to one endpoint at once, and those that are presented unasked in a day.
    private static let most = 8 + 5
    private static let page = "<html>out of order</html>"

    @Test(
        "A day of it costs no account but the eight whose tokens were under way when it began, and five more to try",
        arguments: [
            Outage("nobody there", .unreachable),
            Outage("silence", .lost),
            Outage("silence that is waited out", .hold),
            Outage("a gateway's page", .answer(status: 502, page, contentType: "text/html")),
            Outage("overload", .answer(status: 503, "", retryAfter: "120")),
            Outage("a limit", .answer(status: 429, page, contentType: "text/html")),
        ])
    func aDay(_ outage: Outage) throws {
        let stage = try OutageStage(connections: 200)
        stage.outage = outage
        stage.world.advance(by: .seconds(86_400))
        #expect(stage.presented.count <= Self.most)
        #expect(stage.questions > 100 && stage.questions <= 591)
        stage.outage = nil
        stage.world.advance(by: .seconds(1200))
        #expect(try stage.statuses().filter { $0 == "EXPIRED uncertain" }.count <= Self.most)
        #expect(try stage.statuses().filter { $0 == "ACTIVE -" }.count >= 200 - Self.most)
        #expect(stage.core.reused.isEmpty)
        try stage.world.check()
    }

    @Test(
        "One that cannot be told from a server that works costs at most 70 accounts a day",
        arguments: [
            Outage(
                "it refuses what has no token, and loses what has one", .lost,
                withoutToken: .error("invalid_request")),
            Outage("a server's error", .answer(status: 500, page, contentType: "text/html")),
            Outage("a captive portal", .answer(page, contentType: "text/html")),
        ])
    func inDisguise(_ outage: Outage) throws {
        let stage = try OutageStage(connections: 200)
        stage.outage = outage
        stage.world.advance(by: .seconds(86_400))
        #expect(stage.presented.count <= 70)
        stage.outage = nil
        stage.world.advance(by: .seconds(2 * 3600))
        #expect(try stage.statuses().filter { $0 == "ACTIVE -" }.count >= 130)
        #expect(stage.core.reused.isEmpty)
    }

    @Test("A server that fails whenever no token comes is presented one after a dozen tries, and all recovers")
    func unclear() throws {
        let stage = try OutageStage(connections: 20)
        stage.outage = Outage("nobody there", .unreachable)
        stage.world.advance(by: .seconds(3600))
        let failing = Reaction.answer(status: 500, Self.page, contentType: "text/html")
        stage.answerToQuestions = failing
        stage.outage = nil
        stage.world.advance(by: .seconds(3600))
        #expect(try stage.statuses().allSatisfy { $0 == "ACTIVE -" })
        #expect(stage.core.reused.isEmpty)
    }

    @Test("A process that starts in an outage that the one before has seen asks before it presents")
    func restarts() throws {
        let stage = try OutageStage(connections: 200)
        stage.outage = Outage("silence", .lost)
        stage.world.advance(by: .seconds(2 * 3600))
        for _ in 0..<20 {
            try stage.restart()
            stage.world.advance(by: .seconds(300))
        }
        #expect(stage.presented.count <= Self.most)
        stage.outage = nil
        stage.world.advance(by: .seconds(1200))
        #expect(try stage.statuses().filter { $0 == "ACTIVE -" }.count >= 200 - Self.most)
    }

    @Test("Nor does it present eight more after each crash while the provider hangs")
    func crashesWhileWaiting() throws {
        let stage = try OutageStage(connections: 200)
        stage.world.advance(by: .seconds(2000))
        stage.outage = Outage("silence that is waited out", .hold)
        for _ in 0..<20 {
            stage.world.advance(by: .seconds(60))
            try stage.restart()
        }
        stage.world.advance(by: .seconds(3600))
        #expect(stage.presented.count <= Self.most)
        stage.outage = nil
        stage.world.advance(by: .seconds(3600))
        #expect(try stage.statuses().filter { $0 == "ACTIVE -" }.count >= 200 - Self.most)
        #expect(stage.core.reused.isEmpty)
    }

    @Test("The question carries what proves the client, and nothing else that could be lost")
    func question() throws {
        let stage = try OutageStage(connections: 1)
        stage.outage = Outage("nobody there", .unreachable)
        stage.world.advance(by: .seconds(7200))
        let question = try #require(stage.world.ledger.last)
        #expect(question.parameters == ["grant_type": "refresh_token"])
        #expect(question.authorization?.hasPrefix("Basic ") == true)
        #expect(question.url == "https://id.acme.example/token" && question.method == "POST")
        #expect(question.timeout == .seconds(30))
    }
}

/// Many connections at one provider whose refresh tokens are good once.
private final class OutageStage {
    let world: World
    var core = OneUseProvider()
    var outage: OutageTests.Outage?
    /// What a working server says to a request without a token; nil: that it is none.
    var answerToQuestions: Reaction?
    /// Tokens that were received in an outage.
    private(set) var presented: Set<String> = []
    private(set) var questions = 0
    private let yaml: String
    private var secrets = ["acme-secret": "canary-secret-acme"]
    private let ids: [String]

    init(connections count: Int) throws {
        ids = (0..<count).map { "con_\($0)" }
        world = try World()
        yaml = Self.yaml(ids)
        for number in 0..<count {
            core.grants["user\(number)"] = OneUseProvider.Grant()
            secrets["user\(number)"] =
                #"{"access_token":"access-user\#(number)-1","refresh_token":"canary-refresh-user\#(number)-1","#
                + #""expires_at":\#(World.wallStart + 3600)}"#
        }
        world.respond = { [unowned self] in react($0) }
        try world.apply(yaml: yaml, secrets: secrets)
    }

    private static func yaml(_ ids: [String]) -> String {
        let connections = ids.enumerated().map { number, id in
            "  - { id: \(id), userId: user\(number), authConfig: ac_acme, credentials: { credential: user\(number) } }\n"
        }
        return """
            providers:
              acme:
                displayName: Acme
                authorizationURL: https://id.acme.example/authorize
                tokenURL: https://id.acme.example/token
                rotation: always
            authConfigs:
              ac_acme: { provider: acme, clientId: acme, clientSecret: { credential: acme-secret } }
            agents:
              - name: operator
                match: { uid: 0 }
                grants: [ { users: ["*"], toolkits: ["*"], connections: ["*"], operations: ["*"] } ]
            connections:

            """ + connections.joined()
    }

    private func react(_ request: ReceivedRequest) -> Reaction {
        guard let token = request.refreshToken else {
            questions += 1
            return outage?.withoutToken ?? answerToQuestions ?? .error("invalid_request")
        }
        guard let outage else { return core.receive(request) }
        presented.insert(token)
        return outage.withToken
    }

    func restart() throws {
        try world.restart()
        try world.apply(yaml: yaml, secrets: secrets)
    }

    func statuses() throws -> [String] {
        let listed = try world.ask("connectedAccounts.list", ["limit": 1000], uid: 0)["items"]?.elements ?? []
        return listed.map { "\($0["status"]?.string ?? "?") \($0["statusReason"]?.string ?? "-")" }
    }
}
