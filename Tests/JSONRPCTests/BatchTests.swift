import JSON
import JSONRPC
import Synchronization
import Testing

@Suite("Batches")
struct BatchTests {
    private let replies = Replies()
    private let counter = Counter()
    private let peer: Peer

    init() {
        peer = Self.peer(RPCLimits(), replies, counter)
    }

    private static func peer(_ limits: RPCLimits, _ replies: Replies, _ counter: Counter) -> Peer {
        Peer(
            limits: limits,
            [
                "count": counter.handler,
                "wait": replies.handler,
                "early": { (call, _) throws(RPCError) in
                    try call.later().complete { $0.value("early") }
                    return .later
                },
                "long": { (call, result) throws(RPCError) in
                    counter.add()
                    let count = try call.parameters(["count"]).requiredInt("count")
                    result.value(String(repeating: "x", count: count))
                    return .written
                },
                "completesOther": { (_, result) throws(RPCError) in
                    replies.next()?.complete { $0.value("other") }
                    result.value("this")
                    return .written
                },
            ])
    }

    private func entry(_ method: String, _ id: Int?) -> String {
        let member = id.map { ",\"id\":\($0)" } ?? ""
        return #"{"jsonrpc":"2.0","method":"\#(method)"\#(member)}"#
    }

    private func batch(_ entries: String...) -> String { "[" + entries.joined(separator: ",") + "]" }

    private func summary(_ lines: [String]) -> [String] {
        lines.map { line in
            tree(line).elements.map { answer in
                let id = answer["id"].map { $0 == .null ? "null" : "\($0)" } ?? "none"
                return "\(id)=\(answer["result"].map { "\($0)" } ?? answer.errorName ?? "?")"
            }
            .joined(separator: " ")
        }
    }

    @Test("The answer waits for its last part, whatever the order", arguments: [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
    func outOfOrder(order: [Int]) {
        let sent = batch(entry("wait", 1), entry("count", 2), entry("wait", nil), entry("wait", 3), entry("wait", 4))
        #expect(peer.send(sent).isEmpty)
        #expect(peer.waitingReplies == 3)
        let all = replies.all().enumerated().filter { $0.offset != 1 }.map { $0.element }
        for (position, index) in order.enumerated() {
            #expect(peer.takeDelivered().isEmpty)
            #expect(peer.waitingReplies == 3 - position)
            all[index].complete { $0.value(index) }
        }
        let lines = peer.takeDelivered()
        let expected = ["int(2)=int(1)"] + order.map { "int(\([1, 3, 4][$0]))=int(\($0))" }
        #expect(summary(lines).map { Set($0.split(separator: " ").map { String($0) }) } == [Set(expected)])
        #expect(peer.waitingReplies == 0)
    }

    @Test("Parts that come while the batch is still read go out with the rest, at once if they are all")
    func whileReading() {
        let atOnce = peer.send(batch(entry("wait", 1), entry("completesOther", 2), entry("early", 3)))
        #expect(summary(atOnce) == ["int(2)=string(\"this\") int(3)=string(\"early\") int(1)=string(\"other\")"])
        #expect(peer.waitingReplies == 0)
        let later = peer.send(batch(entry("wait", 1), entry("completesOther", 2), entry("wait", 3)))
        #expect(later.isEmpty)
        replies.next()?.complete { $0.value("last") }
        #expect(
            summary(peer.takeDelivered())
                == ["int(1)=string(\"other\") int(2)=string(\"this\") int(3)=string(\"last\")"])
        #expect(peer.waitingReplies == 0)
    }

    @Test("A batch whose only answer came while it was read has a well-formed line")
    func onlyOther() {
        #expect(peer.send(entry("wait", 1)).isEmpty)
        let lines = peer.send(batch(entry("wait", 2), entry("completesOther", nil), entry("completesOther", nil)))
        #expect(summary(lines) == ["int(2)=string(\"other\")"])
        #expect(peer.takeDelivered().map { tree($0)["id"] } == [1])
    }

    @Test("A dropped part does not hold up the others")
    func dropped() {
        _ = peer.send(batch(entry("wait", 1), entry("wait", 2)))
        replies.next()?.complete { $0.null() }
        _ = replies.all()
        #expect(summary(peer.takeDelivered()) == ["int(1)=null int(2)=INTERNAL_ERROR"])
    }

    @Test("A batch of notifications has no answer, those that wait included")
    func notifications() {
        #expect(peer.send(batch(entry("count", nil), entry("wait", nil), entry("unknown", nil))).isEmpty)
        #expect(counter.value == 1)
        _ = replies.all()
        #expect(peer.takeDelivered().isEmpty)
        #expect(peer.waitingReplies == 0)
    }

    @Test("Entries that are no requests get an error each, and the others are served")
    func invalidEntries() {
        let lines = peer.send(batch("[]", entry("count", 1), "{}", "null", #"{"jsonrpc":"2.0","id":2}"#))
        let invalid = "null=INVALID_REQUEST"
        #expect(summary(lines) == ["\(invalid) int(1)=int(1) \(invalid) \(invalid) int(2)=INVALID_REQUEST"])
    }

    @Test(
        "The most entries that are allowed are answered; one more, and nothing is executed",
        arguments: [
            (1000, 1000), (1001, 0), (10_000, 0),
        ])
    func entries(count: Int, executed: Int) {
        let lines = peer.send("[" + (0..<count).map { entry("count", $0) }.joined(separator: ",") + "]")
        #expect(counter.value == executed)
        #expect(lines.count == 1)
        let answer = tree(lines.first ?? "")
        #expect(answer.elements.count == executed)
        if executed > 0 { return }
        #expect(answer.errorName == "TOO_LARGE")
        #expect(answer["id"] == .null)
        #expect(answer["error"]?["data"]?["entries"] == .int(count))
        #expect(answer["error"]?["data"]?["limit"] == 1000)
    }

    private func long(_ count: Int, _ id: Int?) -> String {
        let member = id.map { ",\"id\":\($0)" } ?? ""
        return #"{"jsonrpc":"2.0","method":"long","params":[\#(count)]\#(member)}"#
    }

    @Test("Once an answer does not fit, the calls after it are refused, but for notifications")
    func tooLong() {
        var limits = RPCLimits()
        limits.maxBatchAnswerBytes = 1000
        let peer = Self.peer(limits, replies, counter)
        let lines = peer.send(batch(long(500, 1), long(600, 2), long(1, 3), long(1, nil), "7"))
        let answers = tree(lines.first ?? "").elements
        #expect(answers.map { $0.errorName } == [nil, "TOO_LARGE", "TOO_LARGE", "INVALID_REQUEST"])
        #expect(answers.map { $0["id"] } == [1, 2, 3, .null])
        #expect(answers.map { $0["error"]?["data"]?["executed"] } == [nil, true, false, nil])
        #expect(counter.value == 3)
    }

    @Test("An answer that just fits goes out", arguments: [(0, 0), (1, 1)])
    func justFits(excess: Int, errors: Int) {
        var limits = RPCLimits()
        let whole = tree(peer.send(batch(long(300, 1), long(300, 2))).first ?? "")
        #expect(whole.elements.count == 2)
        limits.maxBatchAnswerBytes = 2 * (300 + #"{"jsonrpc":"2.0","id":1,"result":""},"#.utf8.count) - 1
        let peer = Self.peer(limits, replies, counter)
        let answers = tree(peer.send(batch(long(300, 1), long(300 + excess, 2))).first ?? "").elements
        #expect(answers.count { $0.errorName == "TOO_LARGE" } == errors)
    }

    @Test("A later part that does not fit is replaced by an error")
    func laterTooLong() {
        var limits = RPCLimits()
        limits.maxBatchAnswerBytes = 1000
        let peer = Self.peer(limits, replies, counter)
        #expect(peer.send(batch(long(500, 1), entry("wait", 2), entry("wait", 3))).isEmpty)
        replies.next()?.complete { $0.value(String(repeating: "y", count: 600)) }
        replies.next()?.complete { $0.value("z") }
        let answers = tree(peer.takeDelivered().first ?? "").elements
        #expect(answers.map { $0["id"] } == [1, 2, 3])
        #expect(answers.map { $0.errorName } == [nil, "TOO_LARGE", nil])
        #expect(answers[1]["error"]?["data"]?["executed"] == true)
    }

    @Test("A connection answers single calls while a batch waits")
    func independent() {
        #expect(peer.send(batch(entry("wait", 1))).isEmpty)
        #expect(peer.send(entry("wait", 2)).isEmpty)
        #expect(peer.send(entry("count", 3)).count == 1)
        let (first, second) = (replies.next(), replies.next())
        second?.complete { $0.null() }
        #expect(peer.takeDelivered() == [#"{"jsonrpc":"2.0","id":2,"result":null}"#])
        first?.complete { $0.null() }
        #expect(peer.takeDelivered() == [#"[{"jsonrpc":"2.0","id":1,"result":null}]"#])
    }

    @Test("Parts completed on many threads make one whole line", .timeLimit(.minutes(1)))
    func race() async {
        for _ in 0..<20 {
            let entries = (0..<100).map { entry($0 % 3 == 0 ? "count" : "wait", $0) }
            #expect(peer.send("[" + entries.joined(separator: ",") + "]").isEmpty)
            let all = replies.all()
            await withTaskGroup { group in
                for reply in all { group.addTask { _ = reply.complete { $0.value("part") } } }
            }
            let lines = peer.takeDelivered()
            #expect(lines.count == 1)
            #expect(tree(lines.first ?? "").elements.count == 100)
            #expect(peer.waitingReplies == 0)
        }
    }

    @Test("Whoever takes the line of a batch finds nothing of it still counted", .timeLimit(.minutes(1)))
    func countedAtTheLine() async {
        for _ in 0..<300 {
            let entries = (0..<16).map { entry("wait", $0) }
            #expect(peer.send("[" + entries.joined(separator: ",") + "]").isEmpty)
            let all = replies.all()
            await withTaskGroup { group in
                for reply in all { group.addTask { _ = reply.complete { $0.value("part") } } }
                while peer.takeDelivered().isEmpty { await Task.yield() }
                #expect(peer.waitingReplies == 0)
            }
        }
    }

    @Test("When the peer is gone nothing of a batch goes out")
    func abandoned() {
        _ = peer.send(batch(entry("wait", 1), entry("wait", 2)))
        replies.next()?.complete { $0.null() }
        peer.abandon()
        _ = replies.all()
        #expect(peer.takeDelivered().isEmpty)
        #expect(peer.waitingReplies == 0)
    }
}
