import Testing

@testable import PurserClient

struct CallTableTests {
    private static func limits(inFlight: Int = 2, waiting: Int = 2, bytes: Int = 1 << 20) -> PurserClient.Limits {
        var limits = PurserClient.Limits()
        limits.callsInFlight = inFlight
        limits.waitingCalls = waiting
        limits.unsentBytes = bytes
        return limits
    }

    private static func call(_ method: String) throws -> PendingCall { PendingCall(try RequestLine(method, .null)) }

    private func expectSent(
        _ table: inout CallTable, _ expected: [String], location: SourceLocation = #_sourceLocation
    ) {
        let sent = table.sendAll()
        #expect(sent == expected, sourceLocation: location)
    }

    @Test func callsBeyondTheLimitAreSentInOrderAsAnswersCome() throws {
        var table = CallTable(limits: Self.limits())
        for method in ["a", "b", "c", "d"] { try table.add(try Self.call(method)) }
        expectSent(&table, ["a1", "b2"])
        let second = table.takeCall(id: 2)
        #expect(second?.request.method == "b")
        expectSent(&table, ["c3"])
        let first = table.takeCall(id: 1)
        #expect(first?.request.method == "a")
        expectSent(&table, ["d4"])
    }

    @Test func callsAreRefusedWhenTooManyWait() throws {
        var table = CallTable(limits: Self.limits())
        for method in ["a", "b", "c", "d"] { try table.add(try Self.call(method)) }
        let refused = try Self.call("e")
        #expect(throws: PurserError.tooManyCalls) { try table.add(refused) }
        _ = table.takeCall(id: 1)
        try table.add(refused)
        expectSent(&table, ["a1", "b2", "c3"])
    }

    @Test func callsAreRefusedWhenTooManyBytesAreUnsent() throws {
        let first = try Self.call("a")
        var table = CallTable(limits: Self.limits(bytes: 2 * first.request.length))
        try table.add(first)
        try table.add(notification: try RequestLine("b", .null))
        let refused = try Self.call("c")
        #expect(throws: PurserError.tooManyCalls) { try table.add(refused) }
        #expect(throws: PurserError.tooManyCalls) { try table.add(notification: refused.request) }
        expectSent(&table, ["a1", "b"])
        try table.add(refused)
        expectSent(&table, ["c2"])
    }

    @Test func aCallWhoseCallerLeftIsNotSent() throws {
        var table = CallTable(limits: Self.limits())
        let calls = try ["a", "b", "c", "d"].map(Self.call)
        for call in calls { try table.add(call) }
        calls[2].resolve(.failure(CancellationError()))
        _ = table.takeCall(id: 1)
        expectSent(&table, ["a1", "b2", "d4"])
    }

    @Test func aSentCallKeepsItsPlaceWhenItsCallerLeaves() throws {
        var table = CallTable(limits: Self.limits(inFlight: 1))
        let calls = try ["a", "b"].map(Self.call)
        for call in calls { try table.add(call) }
        calls[0].resolve(.failure(CancellationError()))
        expectSent(&table, ["a1"])
        _ = table.takeCall(id: 1)
        expectSent(&table, ["b2"])
    }

    @Test func noAnswerIsTakenTwiceOrForACallThatWasNotSent() throws {
        var table = CallTable(limits: Self.limits(inFlight: 1))
        for method in ["a", "b"] { try table.add(try Self.call(method)) }
        let early = table.takeCall(id: 2)
        #expect(early == nil)
        let first = table.takeCall(id: 1)
        #expect(first != nil)
        let again = table.takeCall(id: 1)
        #expect(again == nil)
    }

    @Test func removingGivesBackEveryCallOnce() throws {
        var table = CallTable(limits: Self.limits())
        for method in ["a", "b", "c", "d"] { try table.add(try Self.call(method)) }
        let unsent = table.removeUnsent().map(\.request.method).sorted()
        #expect(unsent == ["c", "d"])
        let hasOutgoing = table.hasOutgoing
        #expect(!hasOutgoing)
        let rest = table.removeAll().map(\.request.method).sorted()
        #expect(rest == ["a", "b"])
        let nothing = table.removeAll()
        #expect(nothing.isEmpty)
    }

    @Test func whatTheSocketDoesNotTakeStays() throws {
        var table = CallTable(limits: Self.limits())
        try table.add(notification: try RequestLine("a", .null))
        var sent = 0
        table.send { bytes in
            sent = bytes.count - 3
            return sent
        }
        #expect(sent > 0)
        var rest = 0
        table.send { bytes in
            rest = bytes.count
            return rest
        }
        #expect(rest == 3)
        let hasOutgoing = table.hasOutgoing
        #expect(!hasOutgoing)
    }
}

extension CallTable {
    /// Sends everything; tells each line's method and id.
    fileprivate mutating func sendAll() -> [String] {
        var text = ""
        send { bytes in
            text = unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
            return bytes.count
        }
        return text.split(separator: "\n").map { line in
            let request = try? JSONValue(parsing: String(line))
            return (request?["method"]?.string ?? "?") + (request?["id"]?.int.map(String.init) ?? "")
        }
    }
}
