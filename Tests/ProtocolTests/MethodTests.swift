import JSON
import TestKit
import Testing

@testable import CredentialBroker

struct MethodTests {
    @Test("The daemon has exactly the methods of the contract")
    func sameMethods() {
        #expect(Method.allCases.map(\.rawValue).sorted() == Contract.methodNames.sorted())
    }

    @Test("The daemon knows exactly the parameters of the contract, in its order", arguments: Contract.methodNames)
    func sameParameters(_ method: String) throws {
        let contract = try Contract.shared.get()
        let world = try ExampleWorld(contract)
        let answer = try world.world.ask(method, ["no such parameter": 1], uid: 0)
        #expect(answer.errorName == "INVALID_PARAMS")
        #expect(answer.errorData?["expected"]?.elements.compactMap(\.string) == contract.parameterNames(method))
    }

    @Test("Required parameters are required, and only these", arguments: Contract.methodNames)
    func requiredParameters(_ method: String) throws {
        let contract = try Contract.shared.get()
        let parameters = contract.method(method)?["params"]?.elements ?? []
        let required = parameters.filter { $0["required"] == true }
        let world = try ExampleWorld(contract)
        let answer = try world.world.ask(method, [:], uid: 0)
        if let first = required.first?["name"]?.string {
            #expect(answer.errorName == "INVALID_PARAMS")
            #expect(answer.errorData?["parameter"]?.string == first)
        } else {
            #expect(answer.errorData?["parameter"] == nil)
        }
    }

    @Test("A value of the wrong type is refused by name", arguments: Contract.methodNames)
    func wrongTypes(_ method: String) throws {
        let contract = try Contract.shared.get()
        let world = try ExampleWorld(contract)
        for name in contract.parameterNames(method) {
            // An object of unknown members fits no parameter.
            let misfit: JSONTree = ["no such member": [1]]
            var params = [JSONTree.Member(name, misfit)]
            for other in contract.method(method)?["params"]?.elements ?? [] where other["required"] == true {
                guard let key = other["name"]?.string, key != name else { continue }
                params.append(JSONTree.Member(key, .string("user_123")))
            }
            // Which account is meant is asked for first.
            if contract.parameterNames(method).contains("connectionId"), name != "connectionId", name != "account" {
                params.append(JSONTree.Member("connectionId", .string("con_gmail")))
            }
            let answer = try world.world.ask(method, .object(params), uid: 0)
            #expect(answer.errorName == "INVALID_PARAMS")
            let named = answer.errorData?["parameter"]?.string
            #expect(named == name)
        }
    }

    @Test("rpc.discover answers the document, in one line")
    func discover() throws {
        let contract = try Contract.shared.get()
        let line = try ExampleWorld(contract).world.connect(uid: 1003)
        line.send(#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"#)
        #expect(line.received.count == 1)
        #expect(line.received.first?["result"] == contract.document)
    }

    @Test("Every reference in the document leads somewhere")
    func references() throws {
        let contract = try Contract.shared.get()
        let checker = SchemaChecker(document: contract.document)
        var references: [String] = []
        func collect(_ tree: JSONTree) {
            for member in tree.members where member.key == "$ref" { references.append(member.value.string ?? "") }
            for member in tree.members { collect(member.value) }
            for element in tree.elements { collect(element) }
        }
        collect(contract.document)
        #expect(references.count > 100)
        #expect(references.filter { checker.resolve($0) == nil } == [])
    }
}

struct SchemaCheckerTests {
    static let misfits: [(schema: String, value: String)] = [
        (#"{"type":"string"}"#, "1"),
        (#"{"type":["string","null"]}"#, "1"),
        (#"{"enum":["a"]}"#, #""b""#),
        (#"{"const":1}"#, "2"),
        (#"{"required":["a"]}"#, "{}"),
        (#"{"pattern":"^con_"}"#, #""x""#),
        (#"{"maxLength":1}"#, #""xy""#),
        (#"{"format":"date-time"}"#, #""today""#),
        (#"{"minimum":1}"#, "0"),
        (#"{"maximum":1}"#, "2"),
        (#"{"minItems":1}"#, "[]"),
        (#"{"maxItems":0}"#, "[1]"),
        (#"{"maxProperties":0}"#, #"{"a":1}"#),
        (#"{"minProperties":1}"#, "{}"),
        (#"{"additionalProperties":false,"properties":{}}"#, #"{"a":1}"#),
        (#"{"additionalProperties":{"type":"string"}}"#, #"{"a":1}"#),
        (#"{"properties":{"a":{"type":"null"}}}"#, #"{"a":1}"#),
        (#"{"items":{"type":"string"}}"#, "[1]"),
        (#"{"allOf":[{"type":"string"}]}"#, "1"),
        (##"{"$ref":"#/s"}"##, "1"),
        (##"{"$ref":"#/nowhere"}"##, "1"),
        (#"{"unheardOf":1}"#, "1"),
    ]

    @Test("What does not fit is found", arguments: misfits)
    func finds(_ schema: String, _ value: String) throws {
        let checker = SchemaChecker(document: ["s": ["type": "string"]])
        let problems = checker.problems(try JSONTree(parsing: value), try JSONTree(parsing: schema))
        #expect(!problems.isEmpty)
    }
}
