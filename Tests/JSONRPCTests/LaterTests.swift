import JSON
import JSONRPC
import SecretBytes
import Synchronization
import Testing

@Suite("Answers that come later")
struct LaterTests {
    private let replies = Replies()
    private let peer: Peer

    init() {
        let replies = replies
        var limits = RPCLimits()
        limits.maxWaitingReplies = 3
        peer = Peer(
            limits: limits,
            [
                "wait": replies.handler,
                "early": { (call, result) throws(RPCError) in
                    result.value("dropped")
                    let isFirst = try call.later().complete { $0.value("early") }
                    let isSecond = try call.later().complete { $0.value("again") }
                    #expect(isFirst == !call.isNotification && !isSecond)
                    return .later
                },
                "throws": { (call, _) throws(RPCError) in
                    replies.keep(try call.later())
                    throw .internalError("thrown")
                },
                "writes": { (call, result) throws(RPCError) in
                    replies.keep(try call.later())
                    result.value("written")
                    return .written
                },
                "completesAndThrows": { (call, _) throws(RPCError) in
                    try call.later().complete { $0.value("completed") }
                    throw .internalError("thrown")
                },
                "drops": { (call, _) throws(RPCError) in
                    _ = try call.later()
                    return .later
                },
            ])
    }

    private func send(_ method: String, id: String) -> [String] {
        peer.send(#"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)"}"#)
    }

    @Test("They arrive in the order of their completion, each with its own id")
    func order() {
        #expect(send("wait", id: "1.0").isEmpty)
        #expect(send("wait", id: "\"b\"").isEmpty)
        #expect(peer.waitingReplies == 2)
        for (number, reply) in replies.all().reversed().enumerated() {
            let isFirst = reply.complete { $0.value(number) }
            #expect(isFirst)
        }
        #expect(
            peer.takeDelivered() == [
                #"{"jsonrpc":"2.0","id":"b","result":0}"#, #"{"jsonrpc":"2.0","id":1.0,"result":1}"#,
            ])
        #expect(peer.waitingReplies == 0)
    }

    @Test("A reply counts as waiting until the connection has taken its line, or dropped it", arguments: [true, false])
    func waiting(isTaken: Bool) {
        _ = send("wait", id: "1")
        replies.next()?.complete { $0.null() }
        #expect(peer.waitingReplies == 1)
        if isTaken { #expect(peer.takeDelivered().count == 1) } else { peer.dropDelivered() }
        #expect(peer.waitingReplies == 0)
    }

    @Test("A line is given once")
    func takenOnce() {
        let boxes = Mutex<[RPCOutgoing]>([])
        let connection = RPCConnection(service: TestService(handlers: ["wait": replies.handler]), caller: "tester") {
            line in
            boxes.withLock { $0.append(line) }
        }
        var output = SecretBuffer()
        connection.receive(line: Array(#"{"jsonrpc":"2.0","id":1,"method":"wait"}"#.utf8).span, into: &output)
        replies.next()?.complete { $0.null() }
        let box = boxes.withLock { $0.first }
        let isThere = box?.take() != nil
        let isThereAgain = box?.take() != nil
        #expect(isThere && !isThereAgain)
        #expect(connection.waitingReplies == 0)
    }

    @Test("Only the first completion counts")
    func once() {
        _ = send("wait", id: "1")
        let reply = replies.next()
        let results = [
            reply?.complete { $0.value("first") },
            reply?.complete { _ in Issue.record("called") },
            reply?.fail(.internalError("late")),
        ]
        #expect(results == [true, false, false])
        #expect(peer.takeDelivered() == [#"{"jsonrpc":"2.0","id":1,"result":"first"}"#])
    }

    @Test("A completion may fail, half-way too")
    func fails() {
        _ = send("wait", id: "1")
        replies.next()?.complete { (result) throws(RPCError) in
            result.beginArray()
            throw .rateLimited("Slow down.", retryAfterSeconds: 2)
        }
        let answer = tree(peer.takeDelivered().first ?? "")
        #expect(answer.errorCode == -32010)
        #expect(answer["error"]?["data"]?["retryAfterSeconds"] == 2)
        #expect(answer["result"] == nil)
    }

    @Test("A completion that writes half a value is an internal error")
    func malformed() {
        _ = send("wait", id: "1")
        replies.next()?.complete { $0.beginObject() }
        #expect(tree(peer.takeDelivered().first ?? "").errorName == "INTERNAL_ERROR")
    }

    @Test("A reply that is dropped answers with an internal error", arguments: ["wait", "drops"])
    func dropped(method: String) {
        let atOnce = send(method, id: "5")
        _ = replies.all()
        let lines = atOnce + peer.takeDelivered()
        #expect(lines.map { tree($0).errorName } == ["INTERNAL_ERROR"])
        #expect(lines.map { tree($0)["id"] } == [5])
        #expect(peer.waitingReplies == 0)
    }

    @Test("A completion inside the call is answered at once, and what was written before is dropped")
    func early() {
        #expect(send("early", id: "1") == [#"{"jsonrpc":"2.0","id":1,"result":"early"}"#])
        #expect(peer.takeDelivered().isEmpty)
        #expect(peer.waitingReplies == 0)
    }

    @Test(
        "A call that takes a reply and answers otherwise is answered once",
        arguments: [
            ("throws", nil), ("completesAndThrows", nil), ("writes", "written"),
        ] as [(String, JSONTree?)])
    func otherwise(method: String, result: JSONTree?) {
        let lines = send(method, id: "1").map { tree($0) }
        #expect(lines.count == 1)
        #expect(lines.first?["result"] == result)
        #expect(peer.waitingReplies == 0)
        let isSecond = replies.next()?.complete { $0.value("late") } ?? false
        #expect(!isSecond)
        #expect(peer.takeDelivered().isEmpty)
        #expect(peer.waitingReplies == 0)
    }

    @Test("Too many waiting calls are refused until one is answered")
    func bound() {
        for id in 1...3 { #expect(send("wait", id: "\(id)").isEmpty) }
        let refused = tree(send("wait", id: "4").first ?? "")
        #expect(refused.errorCode == -32010)
        #expect(refused.errorName == "RATE_LIMITED")
        #expect(refused["error"]?["data"]?["retryAfterSeconds"] == 1)
        #expect(replies.count == 3)
        replies.next()?.complete { $0.null() }
        #expect(send("wait", id: "5").isEmpty)
        #expect(replies.count == 3)
    }

    @Test("A notification may wait, gets nothing, and counts against the bound")
    func notifications() {
        let line = #"{"jsonrpc":"2.0","method":"wait"}"#
        for _ in 0..<4 { #expect(peer.send(line).isEmpty) }
        #expect(replies.count == 3)
        #expect(peer.waitingReplies == 0)
        let isWanted = replies.next()?.complete { _ in Issue.record("called") }
        #expect(isWanted == false)
        _ = replies.next()
        #expect(send("wait", id: "1").isEmpty)
        #expect(peer.takeDelivered().isEmpty)
        for method in ["early", "throws", "writes", "drops", "unknown"] {
            #expect(peer.send(#"{"jsonrpc":"2.0","method":"\#(method)"}"#).isEmpty)
        }
    }

    @Test("When the peer is gone a reply says so, and nothing is written")
    func abandoned() {
        _ = send("wait", id: "1")
        _ = send("wait", id: "2")
        let reply = replies.next()
        #expect(reply?.isAbandoned == false)
        peer.abandon()
        #expect(reply?.isAbandoned == true)
        let isWanted = reply?.complete { _ in Issue.record("called") }
        #expect(isWanted == false)
        _ = replies.all()
        #expect(peer.takeDelivered().isEmpty)
        #expect(peer.waitingReplies == 0)
    }

    @Test("A reply outlives its connection")
    func outlives() {
        let replies = Replies()
        var peer: Peer? = Peer(["wait": replies.handler])
        _ = peer?.call("wait")
        peer = nil
        let isFirst = replies.next()?.complete { $0.null() }
        #expect(isFirst == true)
    }

    @Test("Completions from many threads race for one answer each", .timeLimit(.minutes(1)))
    func race() async {
        var limits = RPCLimits()
        limits.maxWaitingReplies = 200
        let peer = Peer(limits: limits, ["wait": replies.handler])
        for id in 0..<200 { _ = peer.send(#"{"jsonrpc":"2.0","id":\#(id),"method":"wait"}"#) }
        let all = replies.all()
        let wins = Counter()
        await withTaskGroup { group in
            for number in 0..<600 {
                group.addTask {
                    if all[number % 200].complete({ $0.value(number) }) { wins.add() }
                }
            }
        }
        let ids = peer.takeDelivered().map { tree($0)["id"] }
        #expect(wins.value == 200)
        #expect(ids.count == 200)
        #expect(Set(ids.map { "\(String(describing: $0))" }).count == 200)
        #expect(peer.waitingReplies == 0)
    }
}
