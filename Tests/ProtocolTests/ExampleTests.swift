import JSON
import TestKit
import Testing

struct ExampleTests {
    @Test("The examples are there")
    func thereAreExamples() throws {
        let contract = try Contract.shared.get()
        #expect(contract.methods.count >= 27)
        #expect(Contract.examples.count >= 90)
        #expect(contract.methods.allSatisfy { !($0["examples"]?.elements ?? []).isEmpty }, "each method has an example")
    }

    @Test("Each example holds as written", arguments: Contract.examples, [false, true])
    func exampleHolds(_ example: Example, byPosition: Bool) throws {
        let contract = try Contract.shared.get()
        let world = try ExampleWorld(contract)
        for event in example.before { try world.happen(event) }
        let params = world.filled(.object(example.params))
        guard let sent = byPosition ? positional(params, of: example.method, contract) : params else { return }
        let answer = try world.world.ask(example.method, sent, uid: ExampleWorld.uid(example.caller))
        let comparison = ExampleComparison(document: contract.document)
        switch example.outcome {
        case .result:
            #expect(answer.error == nil)
            #expect(comparison.differences(answer.result, example.expected) == [])
        case .error:
            #expect(answer.result == nil)
            #expect(comparison.differences(answer.error, example.expected) == [])
        }
        #expect(try schemaProblems(answer, example, contract) == [])
    }

    /// Nil where the example names a parameter that the method does not have, which has no position.
    private func positional(_ params: JSONTree, of method: String, _ contract: Contract) -> JSONTree? {
        let names = contract.parameterNames(method)
        guard params.members.allSatisfy({ names.contains($0.key) }) else { return nil }
        let last = names.lastIndex { params[$0] != nil } ?? -1
        return .array(names.prefix(last + 1).map { params[$0] ?? .null })
    }

    private func schemaProblems(_ answer: Answer, _ example: Example, _ contract: Contract) throws -> [String] {
        let checker = SchemaChecker(document: contract.document)
        let method = try #require(contract.method(example.method))
        if let result = answer.result { return checker.problems(result, method["result"]?["schema"] ?? .null) }
        let error = try #require(answer.error)
        let declared =
            method["errors"]?.elements.compactMap { $0["$ref"]?.string.flatMap { checker.resolve($0) } } ?? []
        let fitting = try #require(
            declared.first { $0["code"] == error["code"] }, "\(example.method) declares no error \(error.json)")
        return checker.problems(error["data"] ?? .null, fitting["data"] ?? .null)
    }

    @Test("Each wire example holds as written", arguments: Contract.wireExamples.indices)
    func wireExampleHolds(_ index: Int) throws {
        let contract = try Contract.shared.get()
        let example = Contract.wireExamples[index]
        let world = try ExampleWorld(contract)
        let line = world.world.connect(uid: 1001)
        // How long a line may be is decided where lines are cut: SocketServerTests runs these.
        guard let sent = example["send"]?.elements.compactMap(\.string) else {
            #expect(example["sendBytes"] != nil)
            return
        }
        for text in sent { line.send(text) }
        world.world.settle()
        line.collect()
        let expected = example["receive"]?.elements ?? []
        #expect(
            line.received.map(canonical).sorted() == expected.map(canonical).sorted(), "\(example["name"]?.json ?? "")")
        #expect(line.waiting == 0)
    }

    /// Answers come in any order, those of a batch too.
    private func canonical(_ answer: JSONTree) -> String {
        guard case .array(let answers) = answer else { return answer.json }
        return answers.map(\.json).sorted().joined()
    }

    @Test("Each example's parameters and result fit the schemas", arguments: Contract.examples)
    func exampleFitsItsSchemas(_ example: Example) throws {
        let contract = try Contract.shared.get()
        let checker = SchemaChecker(document: contract.document)
        guard case .result = example.outcome else { return }
        let method = try #require(contract.method(example.method))
        for parameter in example.params where parameter.value != "<sessionId>" {
            let described = method["params"]?.elements.first { $0["name"]?.string == parameter.key }
            let schema = try #require(described?["schema"], "\(parameter.key) is not described")
            #expect(checker.problems(parameter.value, schema) == [])
        }
    }
}
