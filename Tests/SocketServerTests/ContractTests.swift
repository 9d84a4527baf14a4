import JSON
import TestKit
import Testing

@testable import SocketServer

/// The examples of Protocol/openrpc.json that are decided where lines are cut; ProtocolTests runs all others.
@Suite("The contract, where lines are cut")
struct ContractTests {
    static let examples = Result {
        try JSONTree(parsing: RepositoryFile.text("Protocol/openrpc.json"))["x-wireExamples"]?.elements
            .filter { $0["sendBytes"] != nil } ?? []
    }

    @Test("Each wire example that sends so many bytes holds as written, and then the connection ends")
    func wireExamplesHold() async throws {
        let examples = try Self.examples.get()
        #expect(!examples.isEmpty)
        try await TestServer.run { server in
            for example in examples {
                let count = try #require(example["sendBytes"]?.int)
                let client = try server.client()
                client.send(Array(repeating: UInt8(ascii: " "), count: count))
                let expected = example["receive"]?.elements ?? []
                #expect(client.lines() == expected.map(\.json))
                #expect(client.isAtEnd())
                // A byte less is no such line.
                let other = try server.client()
                other.send(Array(repeating: UInt8(ascii: " "), count: count - 1))
                other.send("\n")
                #expect(errorName(server.ask(other, "echo", "1")) == nil)
            }
        }
    }
}
