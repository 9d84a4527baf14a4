import JSON
import JSONRPC
import Synchronization
import Testing

@Suite("One request, answered at once")
struct RequestTests {
    private let peer = Peer([
        "ok": { (_, result) throws(RPCError) in
            result.value("fine")
            return .written
        },
        "nothing": { (_, _) throws(RPCError) in .written },
        "fails": { (_, result) throws(RPCError) in
            result.beginObject()
            result.member("accessToken", "half of a result")
            throw RPCError(
                code: -32003, name: "AMBIGUOUS_ACCOUNT", message: "Name one.",
                data: ["candidates": ["a", "b"], "code": 1])
        },
        "malformed": { (_, result) throws(RPCError) in
            result.beginArray()
            return .written
        },
        "forgets": { (_, _) throws(RPCError) in .later },
        "echo": { (call, result) throws(RPCError) in
            if let params = call.params { result.value(params) } else { result.value("absent") }
            return .written
        },
    ])

    @Test(
        "The id comes back as it was written",
        arguments: [
            "1", "0", "-1", "1.0", "1.50", "1e3", "12345678901234567890123456789", "null", #""""#, #""a""#,
            #""\u0061\n\"é""#, #""1""#,
        ])
    func ids(id: String) {
        let lines = peer.send(#"{"id":\#(id),"jsonrpc":"2.0","method":"ok"}"#)
        #expect(lines == [#"{"jsonrpc":"2.0","id":\#(id),"result":"fine"}"#])
    }

    struct Invalid: Sendable, CustomTestStringConvertible {
        let line: String
        let id: JSONTree
        let hint: String
        var testDescription: String { line }

        init(_ line: String, id: JSONTree = nil, _ hint: String) {
            self.line = line
            self.id = id
            self.hint = hint
        }
    }

    @Test(
        "What is no request is refused, with its id if it has one, and a word of advice",
        arguments: [
            Invalid("1", "object"),
            Invalid("\"ok\"", "object"),
            Invalid("null", "object"),
            Invalid("{}", "jsonrpc"),
            Invalid(#"{"method":"ok","id":1}"#, id: 1, "jsonrpc"),
            Invalid(#"{"jsonrpc":2.0,"method":"ok","id":1}"#, id: 1, "jsonrpc"),
            Invalid(#"{"jsonrpc":"1.0","method":"ok","id":1}"#, id: 1, "jsonrpc"),
            Invalid(#"{"jsonrpc":"2.0","id":"x"}"#, id: "x", "method"),
            Invalid(#"{"jsonrpc":"2.0","method":null,"id":"x"}"#, id: "x", "method"),
            Invalid(#"{"jsonrpc":"2.0","method":["ok"],"id":2}"#, id: 2, "method"),
            Invalid(#"{"jsonrpc":"2.0","method":"ok","params":null,"id":2}"#, id: 2, "params"),
            Invalid(#"{"jsonrpc":"2.0","method":"ok","params":"a","id":2}"#, id: 2, "params"),
            Invalid(#"{"jsonrpc":"2.0","method":"ok","params":1}"#, "params"),
            Invalid(#"{"jsonrpc":"2.0","method":"ok","id":true}"#, "id"),
            Invalid(#"{"jsonrpc":"2.0","method":"ok","id":{}}"#, "id"),
            Invalid(#"{"jsonrpc":"2.0","method":"ok","id":[1]}"#, "id"),
            Invalid(#"{"jsonrpc":"2.0","method":"ok","id":"\#(String(repeating: "x", count: 4095))"}"#, "id"),
        ])
    func invalid(_ row: Invalid) {
        let answers = peer.send(row.line).map { tree($0) }
        #expect(answers.count == 1)
        #expect(answers.first?.errorCode == -32600)
        #expect(answers.first?.errorName == "INVALID_REQUEST")
        #expect(answers.first?["id"] == row.id)
        #expect(answers.first?.errorMessage.contains(row.hint) == true)
    }

    @Test("Members that the protocol does not know are ignored")
    func unknownMembers() {
        let lines = peer.send(#"{"jsonrpc":"2.0","trace":{"method":"x","id":9},"method":"\u006fk","id":1,"auth":null}"#)
        #expect(lines == [#"{"jsonrpc":"2.0","id":1,"result":"fine"}"#])
    }

    @Test(
        "Parameters reach the service as they are, absent ones too",
        arguments: [
            (#""params":[1.0,{"a":[]}],"#, "[1.0,{\"a\":[]}]"), (#""params":{},"#, "{}"), ("", "\"absent\""),
        ])
    func params(member: String, result: String) {
        let lines = peer.send(#"{"jsonrpc":"2.0",\#(member)"method":"echo","id":1}"#)
        #expect(lines == [#"{"jsonrpc":"2.0","id":1,"result":\#(result)}"#])
    }

    @Test("Of a call that fails half-way only the error goes out, with its name in data")
    func failure() {
        let lines = peer.send(#"{"jsonrpc":"2.0","method":"fails","id":7}"#)
        #expect(
            lines == [
                #"{"jsonrpc":"2.0","id":7,"error":{"code":-32003,"message":"Name one.","#
                    + #""data":{"code":"AMBIGUOUS_ACCOUNT","candidates":["a","b"]}}}"#
            ])
    }

    @Test(
        "A service that breaks its promise is an internal error, and the line stays whole",
        arguments: ["malformed", "forgets"])
    func brokenService(method: String) {
        let answer = peer.call(method)
        #expect(answer?.errorCode == -32603)
        #expect(answer?.errorName == "INTERNAL_ERROR")
        #expect(answer?["id"] == 1)
        #expect(peer.call("ok")?["result"] == "fine")
        #expect(peer.waitingReplies == 0)
    }

    @Test("A service that writes nothing has the result null")
    func nothing() {
        #expect(peer.call("nothing")?["result"] == .null)
    }

    @Test(
        "An unknown method is named, shortened",
        arguments: [("x", "'x'"), (String(repeating: "y", count: 999), "yyy…'")])
    func unknownMethod(method: String, named: String) {
        let answer = peer.call(method)
        #expect(answer?.errorCode == -32601)
        #expect(answer?.errorName == "METHOD_NOT_FOUND")
        #expect(answer?.errorMessage.contains(named) == true)
        #expect((answer?.errorMessage.utf8.count ?? 0) < 200)
    }

    @Test("A line of white space is no request", arguments: ["", " ", "\n", "\r\n", " \t \r\n"])
    func blank(line: String) {
        #expect(peer.send(line).isEmpty)
    }

    @Test("A line may keep its end", arguments: ["\n", "\r\n", "  "])
    func lineEnd(end: String) {
        #expect(peer.send(#"{"jsonrpc":"2.0","method":"ok","id":1}"# + end).count == 1)
    }

    @Test("Answers are appended behind what the output holds")
    func appends() {
        let line = #"{"jsonrpc":"2.0","method":"ok","id":1}"#
        let both = peer.send("[\(line)]") + peer.send(line)
        #expect(both.count == 2)
    }
}
