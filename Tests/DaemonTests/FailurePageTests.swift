import CallbackServer
import ConnectedAccounts
import OAuth
import Testing

@testable import Daemon

@Suite("What the page says of a link that came to nothing")
struct FailurePageTests {
    private func page(_ reason: String) -> (CallbackPage.Reason, words: String) {
        let reason = CallbackPage.Reason(StatusReason(reason))
        let page = CallbackPage(.failed(.init(provider: "Hub", userID: "alice", reason: reason)))
        return (reason, String(decoding: page.html, as: UTF8.self).replacing(/<style>[^<]*<\/style>/, with: ""))
    }

    @Test(
        "Each reason of the daemon's own has words that fit it",
        arguments: [
            ("access_denied", CallbackPage.Reason.denied), ("link_expired", .expired), ("expired", .expired),
            ("link_replaced", .replaced), ("link_interrupted", .interrupted), ("link_rejected", .untrustedAnswer),
            ("code_spent", .codeSpent), ("another_account", .otherAccount(expected: nil, received: nil)),
            ("already_connected", .alreadyConnected(account: nil)), ("upstream_unavailable", .providerUnavailable),
            ("credentials_missing", .brokenSetup(reason: "credentials_missing")),
            ("not_refreshable", .brokenSetup(reason: "not_refreshable")), ("vault_full", .noRoom),
            ("callback_unavailable", .unexplained(reason: "callback_unavailable")),
            // What providers say, by its class.
            ("invalid_client", .providerRefused(error: "invalid_client")),
            ("redirect_uri_mismatch", .providerRefused(error: "redirect_uri_mismatch")),
            ("client_rejected", .providerRefused(error: "client_rejected")),
            ("admin_policy_enforced", .accountRefused(error: "admin_policy_enforced")),
            ("grant_rejected", .accountRefused(error: "grant_rejected")),
            ("timeout", .providerUnavailable), ("not_json", .providerUnavailable), ("try_later", .providerUnavailable),
            ("something_new", .unexplained(reason: "something_new")),
        ])
    func mapping(reason: String, expected: CallbackPage.Reason) {
        #expect(page(reason).0 == expected)
    }

    @Test("Whatever a provider can be the reason of, the page says what to do next, and names the provider")
    func nextStep() throws {
        let reasons =
            FailureTable.reasons.union([
                "access_denied", "link_expired", "expired", "link_replaced", "link_interrupted", "link_rejected",
                "code_spent", "another_account", "already_connected", "upstream_unavailable", "credentials_missing",
                "not_refreshable", "vault_full", "something_new",
            ])
        for reason in reasons {
            let words = page(reason).words
            let step = try #require(words.firstMatch(of: /What to do next<\/h2>\s*<p>(.*?)<\/p>/), "\(reason)")
            #expect(step.output.1.count > 20, "\(reason)")
            #expect(words.contains("Hub"), "\(reason)")
            if FailureTable.reasons.contains(reason) {
                #expect(!words.contains("could not be connected for"), "\(reason) has no words")
            }
        }
    }
}
