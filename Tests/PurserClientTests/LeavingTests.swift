import LineServer
import Testing

@testable import PurserClient

/// Callers that leave before their answer comes: cancelled, or out of time.
@Suite(.timeLimit(.minutes(1)))
struct LeavingTests {
    @Test func aCancelledCallEndsAtOnceAndItsLateAnswerDisturbsNobody() async throws {
        let talk = try await Conversation()
        let client = talk.client
        let call = Task { try await client.call("one") }
        let id = try await talk.nextID()
        call.cancel()
        await #expect(throws: CancellationError.self) { try await call.value }
        async let other = client.call("two")
        let otherID = try await talk.nextID()
        talk.answer(id, "late")
        talk.answer(otherID, "mine")
        #expect(try await other == "mine")
    }

    @Test func aCallOfACancelledTaskIsNotSent() async throws {
        let talk = try await Conversation()
        let client = talk.client
        let started = Mailbox<Void>()
        let call = Task {
            _ = await started.take()
            return try await client.call("one")
        }
        call.cancel()
        started.put(())
        await #expect(throws: CancellationError.self) { try await call.value }
        try client.notify("two")
        #expect(try await talk.nextRequest()["method"] == "two")
    }

    @Test(arguments: [(nil, Duration.seconds(75)), (Duration.seconds(3), .seconds(3))])
    func aCallWaitsForItsTimeAndNoLonger(_ timeout: Duration?, _ expected: Duration) async throws {
        let clock = ManualClock()
        let talk = try await Conversation(clock: clock)
        let client = talk.client
        async let failure = error { _ = try await client.call("slow", timeout: timeout) }
        let id = try await talk.nextID()
        #expect(await clock.nextSleep() == expected)
        clock.advance(by: expected)
        #expect(await failure == .timedOut(method: "slow", after: expected))

        async let other = client.call("two", timeout: .seconds(1000))
        let otherID = try await talk.nextID()
        talk.answer(id, "late")
        talk.answer(otherID, "mine")
        #expect(try await other == "mine")
    }

    @Test func anAnswerInTimeIsTheResultWhateverTheClockDoesAfterwards() async throws {
        let clock = ManualClock()
        let talk = try await Conversation(clock: clock)
        let client = talk.client
        async let answer = client.call("one", timeout: .seconds(3))
        let id = try await talk.nextID()
        _ = await clock.nextSleep()
        clock.advance(by: .seconds(2))
        talk.answer(id, "in time")
        #expect(try await answer == "in time")
        clock.advance(by: .seconds(2))
    }

    @Test(arguments: [(Duration.seconds(5), Duration.seconds(75)), (.seconds(70), .seconds(85))])
    func aTypedCallWaitsLongerThanTheDaemonDoes(_ asked: Duration, _ expected: Duration) async throws {
        let clock = ManualClock()
        let talk = try await Conversation(clock: clock)
        let client = talk.client
        async let accounts = client.accounts(timeout: asked)
        let request = try await talk.nextRequest()
        #expect(request["params"]?["timeoutMs"]?.int == Int(asked.components.seconds) * 1000)
        #expect(await clock.nextSleep() == expected)
        talk.answer(1, ["accounts": []])
        #expect(try await accounts.isEmpty)
    }
}
