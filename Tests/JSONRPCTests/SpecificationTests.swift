import JSON
import JSONRPC
import Testing

/// The examples of the JSON-RPC 2.0 specification, section 7, with their own texts. Compared without the order of members and
/// without `message` and `data` of errors, whose wording the specification leaves open.
@Suite("The examples of the JSON-RPC 2.0 specification")
struct SpecificationTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let sent: String
        let answer: String?

        init(_ name: String, _ sent: String, _ answer: String?) {
            self.testDescription = name
            self.sent = sent
            self.answer = answer
        }
    }

    @Test(
        "are answered as it says",
        arguments: [
            Example(
                "rpc call with positional parameters",
                #"{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}"#,
                #"{"jsonrpc": "2.0", "result": 19, "id": 1}"#),
            Example(
                "rpc call with positional parameters, turned round",
                #"{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}"#,
                #"{"jsonrpc": "2.0", "result": -19, "id": 2}"#),
            Example(
                "rpc call with named parameters",
                #"{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}"#,
                #"{"jsonrpc": "2.0", "result": 19, "id": 3}"#),
            Example(
                "rpc call with named parameters, turned round",
                #"{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}"#,
                #"{"jsonrpc": "2.0", "result": 19, "id": 4}"#),
            Example("a Notification", #"{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}"#, nil),
            Example("a Notification of a non-existent method", #"{"jsonrpc": "2.0", "method": "foobar"}"#, nil),
            Example(
                "rpc call of non-existent method",
                #"{"jsonrpc": "2.0", "method": "foobar", "id": "1"}"#,
                #"{"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "1"}"#),
            Example(
                "rpc call with invalid JSON",
                #"{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]"#,
                #"{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null}"#),
            Example(
                "rpc call with invalid Request object",
                #"{"jsonrpc": "2.0", "method": 1, "params": "bar"}"#,
                #"{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}"#),
            Example(
                "rpc call Batch, invalid JSON",
                """
                [
                  {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
                  {"jsonrpc": "2.0", "method"
                ]
                """,
                #"{"jsonrpc": "2.0", "error": {"code": -32700, "message": "Parse error"}, "id": null}"#),
            Example(
                "rpc call with an empty Array",
                "[]",
                #"{"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}"#),
            Example(
                "rpc call with an invalid Batch (but not empty)",
                "[1]",
                """
                [
                  {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}
                ]
                """),
            Example(
                "rpc call with invalid Batch",
                "[1,2,3]",
                """
                [
                  {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
                  {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
                  {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null}
                ]
                """),
            Example(
                "rpc call Batch",
                """
                [
                        {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
                        {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
                        {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
                        {"foo": "boo"},
                        {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
                        {"jsonrpc": "2.0", "method": "get_data", "id": "9"}
                    ]
                """,
                """
                [
                        {"jsonrpc": "2.0", "result": 7, "id": "1"},
                        {"jsonrpc": "2.0", "result": 19, "id": "2"},
                        {"jsonrpc": "2.0", "error": {"code": -32600, "message": "Invalid Request"}, "id": null},
                        {"jsonrpc": "2.0", "error": {"code": -32601, "message": "Method not found"}, "id": "5"},
                        {"jsonrpc": "2.0", "result": ["hello", 5], "id": "9"}
                    ]
                """),
            Example(
                "rpc call Batch (all notifications)",
                """
                [
                        {"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},
                        {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}
                    ]
                """,
                nil),
        ])
    func example(_ example: Example) {
        let lines = Peer(Self.service).send(example.sent)
        #expect(lines.map { plain(tree($0)) } == (example.answer.map { [plain(tree($0))] } ?? []))
    }

    private static let service: [String: TestService.Handler] = [
        "subtract": { (call, result) throws(RPCError) in
            let params = try call.parameters(["minuend", "subtrahend"])
            result.value(try params.requiredInt("minuend") - params.requiredInt("subtrahend"))
            return .written
        },
        "sum": { (call, result) throws(RPCError) in
            result.value(call.params?.elements.reduce(0) { $0 + ($1.int ?? 0) } ?? 0)
            return .written
        },
        "get_data": { (_, result) throws(RPCError) in
            result.tree(["hello", 5])
            return .written
        },
        "update": Counter().handler,
        "notify_hello": Counter().handler,
        "notify_sum": Counter().handler,
    ]

    /// Without what the specification leaves open.
    private func plain(_ tree: JSONTree) -> JSONTree {
        switch tree {
        case .array(let elements): .array(elements.map { plain($0) })
        case .object(let members):
            .object(
                members.filter { $0.key != "message" && $0.key != "data" }
                    .map { JSONTree.Member($0.key, plain($0.value)) }
                    .sorted { $0.key < $1.key })
        default: tree
        }
    }
}
