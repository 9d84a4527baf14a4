import LineServer
import SecretBytes
import Testing

@testable import PurserClient

/// What the calls that connect accounts make of answers.
@Suite(.timeLimit(.minutes(1)))
struct ConnectingAnswerTests {
    private func client(_ result: String) async throws -> (PurserClient, LineServer) {
        let server = try serverAnswering(result)
        return (try await PurserClient.connect(to: SocketPath(server.path)), server)
    }

    private static let account =
        #"{"id":"con_1","userId":"u","toolkit":{"slug":"github"},"authConfig":{"id":"ac_1","authScheme":"OAUTH2"},"status":"FAILED","statusReason":"access_denied","alias":null,"identity":null,"state":{"authScheme":"OAUTH2","val":{"access_token":"gho_live"}},"expiresAt":null,"lastRefreshedAt":null,"nextRefreshAt":null,"refreshFailures":0,"generation":0,"createdAt":"2026-06-01T00:00:00Z","updatedAt":"2026-06-01T00:00:00Z"}"#

    @Test func aLinkForABrowserHasItsAddress() async throws {
        let (client, server) = try await client(
            #"{"id":"con_1","status":"INITIATED","redirectUrl":"https://p/?state=s","expiresAt":"2026-06-01T00:10:00Z"}"#
        )
        defer { server.stop() }
        let link = try await client.link(userID: "u", authConfigID: "ac_1")
        #expect(link.id == "con_1")
        #expect(link.redirectURL == "https://p/?state=s")
        #expect(link.expiresAt == Timestamp(rfc3339: "2026-06-01T00:10:00Z"))
        #expect(link.deviceCode == nil)
    }

    @Test func aLinkOfTheDeviceFlowHasItsCode() async throws {
        let (client, server) = try await client(
            #"{"id":"con_1","status":"INITIATED","redirectUrl":null,"expiresAt":"2026-06-01T00:10:00Z","userCode":"WDJB","verificationUri":"https://p/device"}"#
        )
        defer { server.stop() }
        let code = try await client.link(userID: "u", authConfigID: "ac_1", flow: .device).deviceCode
        #expect(code?.userCode == "WDJB")
        #expect(code?.verificationURI == "https://p/device")
        #expect(code?.verificationURIComplete == nil)
    }

    @Test(arguments: [
        (#"{"id":"con_1","redirectUrl":null,"expiresAt":"2026-06-01T00:10:00Z"}"#, "a link without 'redirectUrl'"),
        (#"{"id":"con_1","redirectUrl":"https://p"}"#, "an answer without 'expiresAt'"),
        (
            #"{"id":"con_1","redirectUrl":null,"expiresAt":"2026-06-01T00:10:00Z","userCode":"W"}"#,
            "an answer without 'verificationUri'"
        ),
    ])
    func aLinkThatNobodyCanFollowIsRefused(_ result: String, _ reason: String) async throws {
        let (client, server) = try await client(result)
        defer { server.stop() }
        #expect(
            await error { _ = try await client.link(userID: "u", authConfigID: "ac_1") } == .protocolViolation(reason))
    }

    @Test func aRefreshThatCannotHelpGivesALink() async throws {
        let (linked, server) = try await client(
            #"{"id":"con_1","status":"INITIATED","redirectUrl":"https://p","expiresAt":"2026-06-01T00:10:00Z"}"#)
        defer { server.stop() }
        #expect(try await linked.refreshConnection("con_1").link?.redirectURL == "https://p")
        let (fresh, other) = try await client(
            #"{"id":"con_1","status":"EXPIRED","statusReason":"refresh_pending","redirectUrl":null}"#)
        defer { other.stop() }
        let outcome = try await fresh.refreshConnection("con_1")
        #expect(outcome.link == nil)
        #expect(outcome.status == .expired)
        #expect(outcome.statusReason == "refresh_pending")
    }

    @Test func aDeletionTellsWhatBecameOfEachToken() async throws {
        let (client, server) = try await client(
            #"{"success":true,"tokens":[{"token":"refresh_token","outcome":"revoked"},{"token":"access_token","outcome":"unreachable"}]}"#
        )
        defer { server.stop() }
        let ends = try await client.delete(connection: "con_1").tokens
        #expect(ends.map(\.token) == ["refresh_token", "access_token"])
        #expect(ends.map(\.outcome) == [.revoked, .unreachable])
    }

    @Test func aConnectionThatDidNotComeAboutSaysWhy() async throws {
        let (client, server) = try await client(Self.account)
        defer { server.stop() }
        let account = try await client.waitForConnection("con_1")
        #expect(account.status == .failed)
        #expect(account.statusReason == "access_denied")
        #expect(account.accounts.isEmpty)
    }

    @Test func aConnectionIsShownWithoutItsState() async throws {
        let (client, server) = try await client(Self.account)
        defer { server.stop() }
        let waited = try await client.shownConnection("con_1", timeout: nil).json
        let renamed = try await client.shownConnection(settingAlias: "work", of: "con_1").json
        for json in [waited, renamed] {
            #expect(json["id"] == "con_1")
            #expect(json["state"] == nil)
            #expect(!json.description.contains("gho_live"))
        }
    }

    @Test func anAddressThatIsNotUTF8IsNotSentAndNotShown() async throws {
        let talk = try await Conversation()
        let bytes: [UInt8] = Array("http://a?code=secret".utf8) + [0xFF]
        let failure = await error { try await talk.client.completeLink(redirectURL: Secret(copying: bytes.span)) }
        #expect(failure == .invalidRequest("redirectUrl is not UTF-8"))
    }

    @Test func anAddressThatIsTooLongIsNotSent() async throws {
        let talk = try await Conversation()
        let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1 << 20)
        let failure = await error { try await talk.client.completeLink(redirectURL: Secret(copying: bytes.span)) }
        guard case .invalidRequest = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test func aCallerMayWaitLongerThanCallsUsuallyDo() async throws {
        let clock = ManualClock()
        let talk = try await Conversation(clock: clock)
        let client = talk.client
        async let end = error { _ = try await client.waitForConnection("con_1", timeout: .seconds(600)) }
        _ = try await talk.nextID()
        #expect(await clock.nextSleep() == .seconds(615))
        talk.peer.hangUp()
        #expect(await end == .connectionClosed)
    }
}
