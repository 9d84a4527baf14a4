import CallbackServer
import Glibc
import NIOCore
import NIOPosix
import OAuth
import SecretBytes

/// Serves the callback listener with outcomes made up, for a real browser to look at: `state` names the outcome.
/// Prints its address, then serves until it is killed.
@main
enum CallbackPages {
    static func main() async throws {
        let listener = CallbackListener(
            port: CallbackPort(try CallbackAddress(host: "127.0.0.1", port: 0)),
            eventLoop: MultiThreadedEventLoopGroup.singleton.next()
        ) { request in
            request.query.withBytes { query in
                samples.first { ends(query, with: "&state=\($0.state)") }?.outcome ?? .unknownState
            }
        }
        print("http://\(try await listener.open())")
        // Standard output is a file or a pipe here, and whoever reads it waits for the address.
        fflush(nil)
        try await Task.sleep(for: .seconds(3600))
        await listener.close()
    }

    private static func ends(_ bytes: Span<UInt8>, with text: String) -> Bool {
        let rest = bytes.extracting(last: text.utf8.count)
        return rest.count == text.utf8.count && zip(rest.indices, text.utf8).allSatisfy { rest[$0] == $1 }
    }

    private static let samples: [(state: String, outcome: CallbackOutcome)] = [
        ("connected", .connected(.init(provider: "GitHub", account: "octocat", userID: "user_123"))),
        (
            "details",
            .connected(
                .init(
                    provider: "Xero", account: "maria@harbour-books.example", userID: "user_123", alias: "books",
                    details: [
                        .init(name: "Organisations", value: "Harbour Books Ltd, Harbour Books (Demo)"),
                        .init(name: "Access", value: "Invoices, contacts, settings"),
                    ]))
        ),
        (
            "hostile",
            .connected(
                .init(
                    provider: "Acme <b>", account: "<script>document.title='owned'</script>\"'&\u{202E}evil",
                    userID: "u\u{0}ser</main><style>body{display:none}</style>",
                    alias: String(repeating: "long-name-", count: 30)))
        ),
        ("denied", failed(.denied)),
        ("error", failed(.providerRefused(error: "invalid_scope"))),
        ("other-account", failed(.otherAccount(expected: "octocat", received: "hubot"))),
        (
            "onward",
            .connected(
                .init(provider: "GitHub", account: "octocat", userID: "user_123"),
                redirect: target?.location(status: .success, connectedAccountID: "con_1"))
        ),
    ]

    private static let target = try? RedirectTarget("http://127.0.0.1:9/app?keep=1#top")

    private static func failed(_ reason: CallbackPage.Reason) -> CallbackOutcome {
        .failed(.init(provider: "GitHub", userID: "user_123", reason: reason))
    }
}
