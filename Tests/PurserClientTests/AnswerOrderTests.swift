import LineServer
import Testing

@testable import PurserClient

@Suite(.timeLimit(.minutes(1)))
struct AnswerOrderTests {
    @Test func callsGetTheirOwnAnswersInWhateverOrderThese() async throws {
        let talk = try await Conversation()
        let client = talk.client
        try await withThrowingTaskGroup(of: (Int, JSONValue).self) { group in
            for number in 0..<100 {
                group.addTask { (number, try await client.call("echo", ["number": .int(number)])) }
            }
            var requests: [(id: Int, number: JSONValue)] = []
            for _ in 0..<100 {
                let request = try await talk.nextRequest()
                requests.append((try #require(request["id"]?.int), try #require(request["params"]?["number"])))
            }
            var random = SeededRandom(seed: 1)
            for request in requests.shuffled(using: &random) { talk.answer(request.id, request.number) }
            for try await (number, answer) in group { #expect(answer == .int(number)) }
        }
    }

    @Test func answersArriveByteByByte() async throws {
        let talk = try await Conversation()
        async let first = talk.client.call("one")
        async let second = talk.client.call("two")
        var text = ""
        for _ in 0..<2 {
            let request = try await talk.nextRequest()
            text += Conversation.line(try #require(request["id"]?.int), request["method"] ?? nil)
        }
        for character in text { talk.peer.send(String(character)) }
        let answers = try await [first, second]
        #expect(answers == ["one", "two"])
    }

    @Test func severalAnswersArriveAtOnce() async throws {
        let talk = try await Conversation()
        async let first = talk.client.call("one")
        async let second = talk.client.call("two")
        let ids = [try await talk.nextID(), try await talk.nextID()]
        talk.peer.send(ids.map { Conversation.line($0, .int($0)) }.joined())
        let answers = try await Set([first, second])
        #expect(answers == Set(ids.map(JSONValue.int)))
    }

    @Test func whatNobodyAskedForIsIgnored() async throws {
        let talk = try await Conversation()
        async let answer = talk.client.call("one")
        let id = try await talk.nextID()
        talk.peer.send(#"{"jsonrpc":"2.0","method":"event","params":{"type":"connection.expired"}}"# + "\n\n")
        talk.answer(id, "after it")
        #expect(try await answer == "after it")
    }

    @Test func manyLargeRequestsGoOutThoughTheDaemonReadsSlowly() async throws {
        let talk = try await Conversation()
        let client = talk.client
        // Each is larger than a socket's buffer, so that they wait for room.
        let ballast = String(repeating: "x", count: 300_000)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<6 {
                let parameters: JSONValue = [.int(number), .string(ballast)]
                group.addTask { try await client.call("keep", parameters) == .int(number) }
            }
            for _ in 0..<6 {
                let request = try await talk.nextRequest()
                #expect(request["params"]?[1]?.string?.utf8.count == ballast.utf8.count)
                talk.answer(try #require(request["id"]?.int), request["params"]?[0] ?? nil)
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    @Test func aCallWithoutPlaceIsSentOnceAnAnswerMakesRoom() async throws {
        var limits = PurserClient.Limits()
        limits.callsInFlight = 1
        let talk = try await Conversation(limits: limits)
        let client = talk.client
        try await withThrowingTaskGroup(of: JSONValue.self) { group in
            for _ in 0..<20 { group.addTask { try await client.call("more") } }
            for _ in 0..<20 {
                let id = try await talk.nextID()
                try client.notify("is anything else on the way?")
                #expect(try await talk.nextRequest()["id"] == nil)
                talk.answer(id)
            }
            for try await answer in group { #expect(answer == true) }
        }
    }

    @Test func aNotificationHasNoIDAndIsNotWaitedFor() async throws {
        let talk = try await Conversation()
        try talk.client.notify("session.close", ["sessionId": "ses_1"])
        let line = await talk.peer.line()
        #expect(line == #"{"jsonrpc":"2.0","method":"session.close","params":{"sessionId":"ses_1"}}"#)
    }

    @Test func aCallWithoutParametersSendsNone() async throws {
        let talk = try await Conversation()
        async let answer = talk.client.call("daemon.status")
        #expect(await talk.peer.line() == #"{"jsonrpc":"2.0","method":"daemon.status","id":1}"#)
        talk.answer(1)
        #expect(try await answer == true)
    }
}
