import LineServer
import PurserClient
import Testing

@testable import PurserCommand

/// The sentences about connections.
@Suite(.timeLimit(.minutes(1)))
struct ConnectionTextTests {
    private func account(_ identities: [(String, String)], alias: String = "null") async throws -> ConnectedAccount {
        let accounts = identities.map { #"{"accountIdentifier":"\#($0.0)","displayName":"\#($0.1)"}"# }
        let identity = identities.isEmpty ? "null" : #"{"accounts":[\#(accounts.joined(separator: ","))]}"#
        let text = """
            {"id":"con_1","userId":"ada","toolkit":{"slug":"xero"},"authConfig":{"id":"ac_1","authScheme":"OAUTH2"},\
            "status":"ACTIVE","statusReason":null,"alias":\(alias),"identity":\(identity),"expiresAt":null,\
            "lastRefreshedAt":null,"nextRefreshAt":null,"refreshFailures":0,"generation":1,\
            "createdAt":"2026-06-01T00:00:00Z","updatedAt":"2026-06-01T00:00:00Z"}
            """
        let daemon = try PlayedDaemon(["connectedAccounts.get": text])
        return try await PurserClient.connect(to: SocketPath(daemon.path)).connectedAccount("con_1")
    }

    private func sentence(
        _ identities: [(String, String)], alias: String = "null", provider: String? = "Xero"
    ) async throws -> String {
        ConnectionSentence(account: try await account(identities, alias: alias), providerName: provider).connected
    }

    @Test func oneAccountIsNamedAsItsProviderDoes() async throws {
        #expect(
            try await sentence([("o-1", "Acme")], alias: #""books""#)
                == "Xero account o-1 (Acme) is connected as con_1 for ada, alias books")
        #expect(try await sentence([("o-1", "o-1")]) == "Xero account o-1 is connected as con_1 for ada")
        #expect(try await sentence([("o-1", "")]) == "Xero account o-1 is connected as con_1 for ada")
    }

    @Test func severalAccountsAreAllNamed() async throws {
        #expect(
            try await sentence([("a", "a"), ("b", "B"), ("c", "c")])
                == "Xero accounts a, b (B) and c are connected as con_1 for ada")
    }

    @Test func anUnknownAccountIsNotInvented() async throws {
        #expect(
            try await sentence([]) == "Xero is connected as con_1 for ada; it did not say whose account it is")
    }

    @Test func withoutAProvidersNameTheToolkitStands() async throws {
        #expect(try await sentence([("a", "a")], provider: nil).hasPrefix("xero account a "))
    }

    @Test func namesDoNotMoveTheCursor() async throws {
        let text = try await sentence([(#"a\u001b[2J"#, #"\u202eb\u000a"#)], alias: #""\u009b""#)
        #expect(text == "Xero account a\u{FFFD}[2J (\u{FFFD}b\u{FFFD}) is connected as con_1 for ada, alias \u{FFFD}")
    }
}
