import JSON
import JSONRPC
import Testing

@Suite("Random lines, the same on every run")
struct RandomTests {
    private static let pieces = [
        #"{"jsonrpc":"2.0","#, #""method":"echo","#, #""method":"wait","#, #""id":1}"#, #""id":"é"}"#,
        #""params":[1,2],"#,
        #""params":{"a":null},"#, "{", "}", "[", "]", ",", ":", "\"", "\\", "null", "1e5", "-", " ", "\t", "\u{00}",
        "é",
        #"{"jsonrpc":"2.0","method":"echo","id":2}"#, #"{"jsonrpc":"2.0","method":"wait","id":3}"#,
        #"{"jsonrpc":"2.0","method":"wait"}"#, #"{"jsonrpc":"2.0","method":"fails","params":{},"id":null}"#,
    ]

    @Test("Whatever comes, each line that goes out is an answer, or a batch of answers")
    func answers() {
        var random = SeededGenerator(state: 7)
        let replies = Replies()
        let peer = Peer([
            "wait": replies.handler,
            "echo": { (call, result) throws(RPCError) in
                if let params = call.params { result.value(params) }
                return .written
            },
        ])
        var results = 0
        for _ in 0..<5000 {
            let sent = line(&random)
            var received = peer.send(sent)
            while Bool.random(using: &random), let reply = replies.next() { reply.complete { $0.value(true) } }
            received += peer.takeDelivered()
            for line in received { results += check(tree(line)) }
            if replies.count > 100 { _ = replies.all() }
        }
        _ = replies.all()
        for line in peer.takeDelivered() { results += check(tree(line)) }
        #expect(results > 500)
        #expect(peer.waitingReplies == 0)
    }

    /// Pieces of requests in any order; sometimes a whole batch.
    private func line(_ random: inout SeededGenerator) -> [UInt8] {
        let count = Int.random(in: 1..<6, using: &random)
        var chosen: [String] = []
        if Bool.random(using: &random) {
            chosen = (0..<count).map { _ in Self.pieces.suffix(4).randomElement(using: &random) ?? "" }
            chosen = ["[", chosen.joined(separator: ","), "]"]
        } else {
            chosen = (0..<count).map { _ in Self.pieces.randomElement(using: &random) ?? "" }
        }
        var bytes = Array(chosen.joined().utf8)
        if Int.random(in: 0..<4, using: &random) == 0, let place = bytes.indices.randomElement(using: &random) {
            bytes[place] = UInt8.random(in: .min ... .max, using: &random)
        }
        return bytes
    }

    /// Checks the form of an answer and gives the number of results in it.
    private func check(_ answer: JSONTree) -> Int {
        if case .array(let parts) = answer {
            #expect(!parts.isEmpty)
            return parts.reduce(0) { $0 + check($1) }
        }
        #expect(answer["jsonrpc"] == "2.0")
        #expect(answer["id"] != nil)
        #expect((answer["result"] == nil) != (answer["error"] == nil))
        #expect((answer.errorCode == nil) == (answer.errorName == nil))
        return answer["result"] == nil ? 0 : 1
    }
}
