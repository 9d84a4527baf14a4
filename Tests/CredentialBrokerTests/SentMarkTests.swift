import ConnectedAccounts
import JSON
import OAuth
import SecretBytes
import SecretVault
import TestKit
import Testing

@testable import CredentialBroker

/// R8: "sent with generation N at T" is in the vault before a refresh is sent, and not sooner than the connection to the
/// provider stands.
struct SentMarkTests {
    /// A refresh of `con_acme` that waits for its connection to the provider.
    private func connecting(_ stage: Stage) throws -> (attempt: RefreshAttempt, mayLeave: @Sendable () -> Bool) {
        stage.world.clock.advance(by: .seconds(60))
        let line = stage.world.connect(uid: Stage.alice)
        _ = line.begin("refreshAccount", ["connectionId": "con_acme"])
        let (tickets, _) = stage.world.broker.beginRound()
        let ticket = try #require(tickets.first)
        #expect(tickets.count == 1)
        var attempt = RefreshAttempt(ticket)
        guard let exchange = stage.world.broker.next(&attempt) else { throw NothingToSend() }
        switch consume exchange {
        case .send(let request, _):
            guard let mayLeave = request.mayLeave else { throw NothingToSend() }
            return (attempt, mayLeave)
        case .awaitAnswer: throw NothingToSend()
        }
    }

    private struct NothingToSend: Error {}

    private func mark(_ stage: Stage) -> [UInt8]? {
        stage.world.broker.withState { state, _ in
            let mark = SecretBytes(utf8: "con_acme").withBytes { state.vault.handle(kind: 2, key: $0) }
            return mark.flatMap { state.vault.withPayload($0) { bytes in bytes.indices.map { bytes[$0] } } }
        }
    }

    @Test("A process that dies before the connection to the provider stands has presented nothing")
    func diesConnecting() throws {
        let stage = try Stage()
        _ = try connecting(stage)
        #expect(mark(stage) == nil)
        try stage.restart()
        #expect(stage.world.broker.restored.uncertain == 0)
        _ = try stage.ask("refreshAccount", ["connectionId": "con_acme"])
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-2")
        #expect(stage.presentations("acme").count == 1)
    }

    @Test("One that dies after that may have, and the token is not presented again")
    func diesSending() throws {
        let stage = try Stage()
        let mayLeave = try connecting(stage).mayLeave
        #expect(mayLeave())
        let written = try #require(mark(stage))
        #expect(written.prefix(8).elementsEqual([1, 0, 0, 0, 0, 0, 0, 0]))
        try stage.restart()
        #expect(stage.world.broker.restored.uncertain == 1)
        stage.world.advance(by: .seconds(86_400))
        #expect(try stage.status("con_acme") == "EXPIRED uncertain")
        #expect(stage.presentations("acme").isEmpty)
    }

    @Test("A token's life counts from when it was asked for, not from when that was decided")
    func lifeCountsFromSending() throws {
        let stage = try Stage()
        var (attempt, mayLeave) = try connecting(stage)
        stage.world.clock.advance(by: .seconds(30))
        #expect(mayLeave())
        stage.world.broker.take(
            .answered(
                ProviderResponse(
                    status: 200, contentType: "application/json",
                    body: SecretBytes(
                        utf8: #"{"access_token":"access-acme-2","expires_in":20,"#
                            + #""refresh_token":"canary-refresh-acme-2"}"#))),
            of: &attempt)
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-acme-2")
    }

    @Test(
        "A stop lets leave what was about to, whose answer is waited for, and keeps back what comes later",
        arguments: [1, 3])
    func stopKeepsBack(_ seconds: Int) throws {
        let stage = try Stage()
        let mayLeave = try connecting(stage).mayLeave
        stage.world.broker.beginStopping()
        stage.world.clock.advance(by: .seconds(seconds))
        #expect(mayLeave() == (seconds < 2))
        #expect((mark(stage) != nil) == (seconds < 2))
    }

    @Test("What nobody waits for any more when the connection stands is kept back, and is no failure")
    func keptBack() throws {
        let stage = try Stage()
        var (attempt, mayLeave) = try connecting(stage)
        // Its user has connected again meanwhile: other tokens, and the provider has accepted the registration.
        stage.secrets["acme"] =
            #"{"access_token":"access-new-1","refresh_token":"canary-refresh-acmetwo-1","expires_at":\#(World.wallStart + 7200)}"#
        try stage.reload()
        #expect(!mayLeave())
        #expect(mark(stage) == nil)
        stage.world.broker.take(
            .failed(TransportFailure(.withheld, mayHaveBeenReceived: false)), of: &attempt)
        guard stage.world.broker.next(&attempt) == nil else { throw NothingToSend() }
        #expect(stage.world.broker.refreshesInFlight == 0)
        #expect(try stage.account("con_acme")["refreshFailures"] == 0)
        #expect(try stage.credentials("con_acme")["accessToken"] == "access-new-1")
    }
}
