import Glibc
import LineServer
import Testing

@testable import PurserClient

/// The examples of `Protocol/openrpc.json`, read by the typed calls.
@Suite(.timeLimit(.minutes(1)))
struct ContractTests {
    @Test func everyExampleOfAccountsIsUnderstood() async throws {
        let accounts = try await readAll("getAccounts", "getGithubAccounts", "getXeroAccounts", "getSalesforceAccounts")
        {
            try await $0.accounts()
        }
        #expect(accounts.count > 3)
        #expect(accounts.contains { $0.contains { $0.credential?.accessToken != nil } })
    }

    @Test func everyExampleOfCredentialsIsUnderstood() async throws {
        let credentials = try await readAll("getConnectionCredentials") { try await $0.credentials(connection: "c") }
        #expect(credentials.count > 3)
        for credentials in credentials { #expect(!credentials.headers.isEmpty) }
    }

    @Test func everyExampleOfARefreshIsUnderstood() async throws {
        let accounts = try await readAll("refreshAccount") { try await $0.refresh(connection: "c") }
        #expect(accounts.contains { $0.generation > 1 })
    }

    @Test func everyExampleOfASessionIsUnderstood() async throws {
        let sessions = try await readAll("session.create", "session.get") { try await $0.session("s") }
        #expect(sessions.contains { !$0.connectedAccounts.isEmpty })
    }

    @Test func everyExampleOfAConnectionIsUnderstood() async throws {
        let connections = try await readAll("connectedAccounts.get") { try await $0.connectedAccount("c") }
        #expect(connections.contains { !$0.accounts.isEmpty })
        let lists = try await readAll("connectedAccounts.list", onePage: true) { try await $0.connectedAccounts() }
        #expect(lists.contains { !$0.isEmpty })
    }

    /// What `call` makes of each example result of these methods.
    private func readAll<Result>(
        _ methods: String..., onePage: Bool = false, _ call: (PurserClient) async throws -> Result
    ) async throws -> [Result] {
        var results: [Result] = []
        for method in methods {
            for example in try Self.examples(of: method) {
                var example = try #require(example.object)
                if onePage { example["nextCursor"] = .null }
                let server = try serverAnswering(JSONValue.object(example).description)
                results.append(try await call(try await PurserClient.connect(to: SocketPath(server.path))))
            }
        }
        return results
    }

    private static func examples(of method: String) throws -> [JSONValue] {
        let methods = try #require(try JSONValue(parsing: document())["methods"]?.array)
        let description = try #require(methods.first { $0["name"]?.string == method })
        return (description["examples"]?.array ?? []).compactMap { $0["result"]?["value"] }
    }

    private static func document(_ test: String = #filePath) throws -> String {
        let folders = test.split(separator: "/").dropLast(3).joined(separator: "/")
        let file = unsafe open("/\(folders)/Protocol/openrpc.json", O_RDONLY)
        try #require(file >= 0)
        defer { close(file) }
        var text: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe read(file, &chunk, chunk.count)
            guard count > 0 else { break }
            text += chunk[..<count]
        }
        return String(decoding: text, as: UTF8.self)
    }
}
