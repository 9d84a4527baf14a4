import DaemonConfiguration
import JSON
import TestKit
import Testing

/// Protocol/openrpc.json, as the tests read it.
struct Contract {
    let bytes: [UInt8]
    let document: JSONTree
    /// `examples.yaml`, read once.
    let configuration: Result<PurserConfiguration, any Error>
    /// The texts of the secrets that `examples.yaml` names.
    let secrets: [String: String]
    let credentials: JSONTree

    /// Read once: a reading that fails, fails every test.
    static let shared = Result { try Contract() }

    init() throws {
        bytes = try RepositoryFile.read("Protocol/openrpc.json")
        document = try JSONTree(parsing: String(decoding: bytes, as: UTF8.self))
        configuration = Result { try World.configuration(RepositoryFile.text("Protocol/examples.yaml")) }
        credentials = try JSONTree(parsing: RepositoryFile.text("Protocol/examples.credentials.json"))
        secrets = Dictionary(
            uniqueKeysWithValues: credentials.members.map { ($0.key, $0.value.string ?? $0.value.json) })
    }

    var methods: [JSONTree] { document["methods"]?.elements ?? [] }

    func method(_ name: String) -> JSONTree? { methods.first { $0["name"]?.string == name } }

    func parameterNames(_ method: String) -> [String] {
        self.method(method)?["params"]?.elements.compactMap { $0["name"]?.string } ?? []
    }

    /// Every example, error examples included.
    static var examples: [Example] {
        guard let contract = try? shared.get() else { return [] }
        return contract.methods.flatMap { method -> [Example] in
            let name = method["name"]?.string ?? ""
            let results = method["examples"]?.elements.map { Example(method: name, result: $0) } ?? []
            let errors = method["x-errorExamples"]?.elements.map { Example(method: name, error: $0) } ?? []
            return results + errors
        }
    }

    static var methodNames: [String] {
        guard let contract = try? shared.get() else { return [] }
        return contract.methods.compactMap { $0["name"]?.string }
    }

    /// `event`, the one notification that the daemon sends.
    static var notification: JSONTree {
        guard let contract = try? shared.get() else { return .null }
        return contract.document["x-notifications"]?.elements.first ?? .null
    }

    static var notificationExamples: [JSONTree] { notification["examples"]?.elements ?? [] }

    static var wireExamples: [JSONTree] {
        guard let contract = try? shared.get() else { return [] }
        return contract.document["x-wireExamples"]?.elements ?? []
    }
}

/// One example of one method.
struct Example: Sendable, CustomTestStringConvertible {
    enum Outcome { case result, error }

    let method: String
    let name: String
    let caller: String
    let before: [JSONTree]
    let params: [JSONTree.Member]
    let outcome: Outcome
    let expected: JSONTree

    init(method: String, result example: JSONTree) {
        self.method = method
        name = example["name"]?.string ?? ""
        caller = example["x-caller"]?.string ?? "research"
        before = example["x-before"]?.elements ?? []
        params = example["params"]?.elements.map { .init($0["name"]?.string ?? "", $0["value"] ?? .null) } ?? []
        outcome = .result
        expected = example["result"]?["value"] ?? .null
    }

    init(method: String, error example: JSONTree) {
        self.method = method
        name = example["name"]?.string ?? ""
        caller = example["caller"]?.string ?? "research"
        before = example["before"]?.elements ?? []
        params = example["params"]?.members ?? []
        outcome = .error
        expected = example["error"] ?? .null
    }

    var testDescription: String { "\(method): \(name)" }
}
