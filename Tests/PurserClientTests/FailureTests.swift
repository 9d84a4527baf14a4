import LineServer
import Testing

@testable import PurserClient

@Suite(.timeLimit(.minutes(1)))
struct FailureTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var line: String
        var expected: PurserError
    }

    static let forbidden = RPCError(code: -32001, name: .forbidden, message: "not in this caller's scope")

    static let lines = [
        Row(
            testDescription: "an error with a name",
            line:
                #"{"jsonrpc":"2.0","id":1,"error":{"code":-32001,"message":"not in this caller's scope","data":{"code":"FORBIDDEN"}}}"#,
            expected: .rpc(forbidden)),
        Row(
            testDescription: "an error with data",
            line:
                #"{"jsonrpc":"2.0","id":1,"error":{"code":-32010,"message":"m","data":{"code":"RATE_LIMITED","retryAfterSeconds":2}}}"#,
            expected: .rpc(RPCError(code: -32010, name: .rateLimited, message: "m", data: ["retryAfterSeconds": 2]))),
        Row(
            testDescription: "an error without data",
            line: #"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"m"}}"#,
            expected: .rpc(RPCError(code: -32603, name: .unknown, message: "m"))),
        Row(
            testDescription: "no JSON",
            line: "HTTP/1.1 400 Bad Request",
            expected: .protocolViolation("a line that is not JSON: expected a value at byte 0")),
        Row(
            testDescription: "no JSON-RPC 2.0",
            line: #"{"id":1,"result":true}"#,
            expected: .protocolViolation("a line without JSON-RPC 2.0")),
        Row(
            testDescription: "a batch",
            line: #"[{"jsonrpc":"2.0","id":1,"result":true}]"#,
            expected: .protocolViolation("a line without JSON-RPC 2.0")),
        Row(
            testDescription: "result and error",
            line: #"{"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1,"message":"m"}}"#,
            expected: .protocolViolation("an answer that has not one of result and error")),
        Row(
            testDescription: "neither result nor error",
            line: #"{"jsonrpc":"2.0","id":1}"#,
            expected: .protocolViolation("an answer that has not one of result and error")),
        Row(
            testDescription: "an error without message",
            line: #"{"jsonrpc":"2.0","id":1,"error":{"code":1}}"#,
            expected: .protocolViolation("an error without code or message")),
        Row(
            testDescription: "the id of no call",
            line: #"{"jsonrpc":"2.0","id":77,"result":true}"#,
            expected: .protocolViolation("an answer to call 77, which is not waiting for one")),
        Row(
            testDescription: "an id of another type",
            line: #"{"jsonrpc":"2.0","id":"1","result":true}"#,
            expected: .protocolViolation("an answer whose id is of no call")),
        Row(
            testDescription: "a result without id",
            line: #"{"jsonrpc":"2.0","result":true}"#,
            expected: .protocolViolation("an answer whose id is of no call")),
    ]

    @Test(arguments: lines)
    func eachLineThatIsNoResultIsItsOwnError(_ row: Row) async throws {
        let talk = try await Conversation()
        async let failure = error { _ = try await talk.client.call("one") }
        _ = try await talk.nextID()
        talk.peer.send(row.line + "\n")
        #expect(await failure == row.expected)
    }

    @Test func anAnswerThatComesTwiceEndsTheConnection() async throws {
        let talk = try await Conversation()
        async let first = talk.client.call("one")
        let id = try await talk.nextID()
        async let second = error { _ = try await talk.client.call("two") }
        _ = try await talk.nextID()
        talk.peer.send(Conversation.line(id, 1) + Conversation.line(id, 2))
        #expect(try await first == 1)
        #expect(await second == .protocolViolation("an answer to call \(id), which is not waiting for one"))
        #expect(await talk.peer.line() == nil)
    }

    @Test(arguments: [
        "", #"{"jsonrpc":"2.0","id":1,"result":{"accessToken":"gho_"#, #"{"jsonrpc":"2.0","id":1,"result":true}"#,
    ])
    func aDaemonThatIsGoneMidCallIsAnErrorEvenBehindHalfAnAnswer(_ half: String) async throws {
        let talk = try await Conversation()
        async let first = error { _ = try await talk.client.call("one") }
        async let second = error { _ = try await talk.client.call("two") }
        _ = (try await talk.nextID(), try await talk.nextID())
        talk.peer.send(half)
        talk.peer.hangUp()
        let failures = await [first, second]
        #expect(failures == [.connectionClosed, .connectionClosed])
    }

    @Test func aDaemonThatReadsNoMoreEndsTheConnection() async throws {
        let talk = try await Conversation()
        async let first = error { _ = try await talk.client.call("one") }
        _ = try await talk.nextID()
        talk.peer.stopReading()
        #expect(await talk.peer.line() == nil)
        async let second = error { _ = try await talk.client.call("two") }
        #expect(await first == .connectionClosed)
        #expect(await second == .connectionClosed)
    }

    @Test func anErrorOfTheWholeConnectionIsTheReasonOfWhatGetsNoAnswer() async throws {
        var limits = PurserClient.Limits()
        limits.callsInFlight = 2
        let clock = ManualClock()
        let talk = try await Conversation(limits: limits, clock: clock)
        let reason = PurserError.rpc(RPCError(code: -32008, name: .timeout, message: "m"))
        async let answered = talk.client.call("one")
        let id = try await talk.nextID()
        async let sent = error { _ = try await talk.client.call("two") }
        _ = try await talk.nextID()
        async let unsent = error { _ = try await talk.client.call("three") }
        // Each call's time begins when the connection has it.
        for _ in 0..<3 { _ = await clock.nextSleep() }
        talk.peer.send(
            #"{"jsonrpc":"2.0","id":null,"error":{"code":-32008,"message":"m","data":{"code":"TIMEOUT"}}}"# + "\n")
        // The client has nothing more to say, and the daemon still answers what it has.
        #expect(await talk.peer.line() == nil)
        #expect(await unsent == reason)
        async let next = talk.client.call("four")
        let nextPeer = try await talk.server.peer()
        let request = try JSONValue(parsing: try #require(await nextPeer.line()))
        nextPeer.send(Conversation.line(try #require(request["id"]?.int), request["method"] ?? nil))
        #expect(try await next == "four")
        talk.answer(id, "late")
        #expect(try await answered == "late")
        talk.peer.hangUp()
        #expect(await sent == reason)
    }

    @Test func anAnswerMayBeAsLongAsTheLimitAndNoLonger() async throws {
        let text = String(repeating: "x", count: 500)
        var limits = PurserClient.Limits()
        limits.answerBytes = Conversation.line(1, .string(text)).utf8.count - 1
        let talk = try await Conversation(limits: limits)
        async let answer = talk.client.call("one")
        _ = try await talk.nextID()
        talk.answer(1, .string(text))
        #expect(try await answer == .string(text))

        async let failure = error { _ = try await talk.client.call("two") }
        _ = try await talk.nextID()
        talk.answer(2, .string(text + "x"))
        #expect(await failure == .protocolViolation("a line of more than \(limits.answerBytes) bytes"))
        #expect(await talk.peer.line() == nil)
    }

    @Test func anEndlessAnswerIsNotWaitedForToItsEnd() async throws {
        var limits = PurserClient.Limits()
        limits.answerBytes = 1000
        let talk = try await Conversation(limits: limits)
        async let failure = error { _ = try await talk.client.call("one") }
        _ = try await talk.nextID()
        talk.peer.send(String(repeating: "x", count: 1001))
        #expect(await failure == .protocolViolation("a line of more than 1000 bytes"))
    }

    struct BadRequest: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var parameters: JSONValue
        var reason: String
    }

    static let requests = [
        BadRequest(
            testDescription: "parameters that are neither object nor array", parameters: "text",
            reason: "the parameters must be a JSON object, {\"name\": value, …}, or an array of them in order"),
        BadRequest(
            testDescription: "a number that JSON does not have", parameters: ["n": .double(.infinity)],
            reason: "JSON has no number for inf"),
        BadRequest(
            testDescription: "more than a line may have", parameters: [.string(String(repeating: "x", count: 1 << 20))],
            reason: "the request has 1048621 bytes; the daemon takes at most 1048576"),
        BadRequest(
            testDescription: "nested too deeply", parameters: nested(66),
            reason: "arrays and objects are nested more than 64 deep"),
    ]

    @Test(arguments: requests)
    func whatTheDaemonCouldNotReadIsNotSent(_ row: BadRequest) async throws {
        let talk = try await Conversation()
        let failure = await error { _ = try await talk.client.call("one", row.parameters) }
        #expect(failure == .invalidRequest(row.reason))
        async let answer = talk.client.call("two")
        #expect(try await talk.nextRequest()["method"] == "two")
        talk.answer(1)
        #expect(try await answer == true)
    }

    private static func nested(_ depth: Int) -> JSONValue {
        (1..<depth).reduce(JSONValue.array([])) { inner, _ in .array([inner]) }
    }
}
