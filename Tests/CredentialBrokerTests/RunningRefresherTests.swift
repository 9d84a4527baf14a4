import ConnectedAccounts
import CredentialBroker
import JSON
import Synchronization
import TestKit
import Testing

/// The refresher as it runs in the daemon: tasks, a clock to sleep on, a doorbell.
@Suite(.timeLimit(.minutes(2)))
struct RunningRefresherTests {
    /// A provider whose requests a test waits for, and answers when it likes.
    private final class Gate: Sendable {
        let arrivals = AsyncStream<ReceivedRequest>.makeStream()
        private let answers = AsyncStream<Reaction>.makeStream()

        func respond(_ request: ReceivedRequest) async -> Reaction {
            arrivals.continuation.yield(request)
            var iterator = answers.stream.makeAsyncIterator()
            return await iterator.next() ?? .unreachable
        }

        func answer(_ body: String) { answers.continuation.yield(.answer(body)) }
    }

    private static let newTokens =
        #"{"access_token":"access-new","refresh_token":"canary-refresh-new-1","expires_in":3600}"#

    private static let yaml = """
        providers:
          acme: { displayName: Acme, authorizationURL: "https://id.acme.example/authorize", tokenURL: "https://id.acme.example/token" }
        authConfigs:
          ac_acme: { provider: acme, clientId: acme-client, clientSecret: { credential: acme-secret } }
        connections:
          - { id: con_acme, userId: alice, authConfig: ac_acme, credentials: { credential: acme } }
        agents:
          - name: operator
            match: { uid: 0 }
            grants: [ { users: ["*"], toolkits: ["*"], connections: ["*"], operations: ["*"] } ]
        """

    private func makeWorld(_ gate: Gate) throws -> World {
        let clock = ManualClock()
        let world = try World(transport: ScriptedTransport(clock: clock) { await gate.respond($0) })
        let secrets = ["acme-secret": "canary-secret-acme", "acme": StageText.secrets["acme"] ?? ""]
        try world.apply(yaml: Self.yaml, secrets: secrets)
        return world
    }

    private func token(_ world: World) -> String? {
        let line = world.connect(uid: 0)
        let id = line.begin("getConnectionCredentials", ["connectionId": "con_acme", "timeoutMs": 0])
        return line.answer(to: id)?["result"]?["accessToken"]?.string
    }

    @Test("It sleeps, wakes when a token is due, and hands out what came")
    func refreshesWhenDue() async throws {
        let gate = Gate()
        let world = try makeWorld(gate)
        let broker = world.broker
        let refresher = Task { await broker.run() }
        var sleeps = world.clock.sleeps.makeAsyncIterator()
        _ = await sleeps.next()
        world.clock.advance(by: .seconds(3000))
        var arrivals = gate.arrivals.stream.makeAsyncIterator()
        let request = await arrivals.next()
        #expect(request?.refreshToken == "canary-refresh-acme-1")
        #expect(token(world) == "access-acme-1")
        gate.answer(Self.newTokens)
        while token(world) != "access-new" { _ = await sleeps.next() }
        refresher.cancel()
        await refresher.value
        #expect(broker.refreshesInFlight == 0)
        #expect(broker.refresherRounds > 1)
        try world.check()
    }

    @Test("A call that will not wait still has its refresh begun at once, without time passing")
    func impatientCaller() async throws {
        let gate = Gate()
        let world = try makeWorld(gate)
        let broker = world.broker
        world.clock.advance(by: .seconds(600))
        let refresher = Task { await broker.run() }
        var sleeps = world.clock.sleeps.makeAsyncIterator()
        // The ring of the configuration's arrival is heard before.
        repeat { _ = await sleeps.next() } while broker.refresherRounds < 2
        let line = world.connect(uid: 0)
        let id = line.begin(
            "getConnectionCredentials", ["connectionId": "con_acme", "minValiditySeconds": 3500, "timeoutMs": 0])
        #expect(line.answer(to: id)?["error"]?["data"]?["code"] == "TIMEOUT")
        var arrivals = gate.arrivals.stream.makeAsyncIterator()
        #expect(await arrivals.next() != nil)
        gate.answer(Self.newTokens)
        refresher.cancel()
        await refresher.value
    }

    @Test("What was sent is taken in although the refresher is told to end, and the last audit records are written")
    func endsCleanly() async throws {
        let gate = Gate()
        let world = try makeWorld(gate)
        let broker = world.broker
        world.clock.advance(by: .seconds(3000))
        #expect(token(world) == "access-acme-1")
        let refresher = Task { await broker.run() }
        var arrivals = gate.arrivals.stream.makeAsyncIterator()
        _ = await arrivals.next()
        broker.beginStopping()
        refresher.cancel()
        gate.answer(Self.newTokens)
        await refresher.value
        #expect(token(world) == "access-new")
        #expect(world.auditRecords.map(\.connectionID) == ["con_acme"])
        try world.check()
    }
}
