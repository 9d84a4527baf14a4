import CallbackServer
import Crypto
import Foundation
import Testing

@Suite("The page after consent")
struct CallbackPageTests {
    static let reasons: [CallbackPage.Reason] = [
        .denied, .expired, .providerRefused(error: "invalid_scope"), .providerUnavailable, .untrustedAnswer,
        .otherAccount(expected: "octocat", received: "hubot"), .alreadyConnected(account: "octocat"),
        .otherAccount(expected: nil, received: nil), .alreadyConnected(account: nil),
        .accountRefused(error: "inactive_user"),
        .codeSpent, .replaced, .interrupted, .brokenSetup(reason: "not_refreshable"), .noRoom,
        .unexplained(reason: "something_new"),
    ]

    static let contents: [CallbackPage.Content] =
        [.connected(.init(provider: "GitHub", account: "octocat", userID: "user_123")), .unknownState]
        + reasons.map { .failed(.init(provider: "GitHub", userID: "user_123", reason: $0)) }
        + CallbackPage.Refusal.allCases.map { .refused($0) }

    /// What an attacker may have chosen as a name.
    static let hostileNames = [
        "<script>alert(1)</script>", "</title><script>alert(1)</script>", "\" onload=\"alert(1)", "' onload='alert(1)",
        "</style><style>*{display:none}", "<img src=x onerror=alert(1)>", "<!--", "]]>", "&lt;b&gt;", "a\u{0}b\r\nc",
        "\u{202E}resu rehto", "\u{2066}x\u{2069}", "\u{E0041}\u{FEFF}\u{200B}", "<\u{301}b>", "javascript:alert(1)",
    ]

    private func html(_ content: CallbackPage.Content) -> String {
        String(decoding: CallbackPage(content).html, as: UTF8.self)
    }

    /// The text of the body, as a person reads it.
    private func words(_ content: CallbackPage.Content) -> String {
        let body = html(content).split(separator: "<body>").last.map(String.init) ?? ""
        return body.replacing("</dt>", with: " ").replacing(/<[^>]*>/, with: "").replacing("&lt;", with: "<").replacing(
            "&gt;", with: ">"
        )
        .replacing("&quot;", with: "\"").replacing("&#39;", with: "'").replacing("&amp;", with: "&")
        .split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    @Test("It says which account of which provider is connected for whom")
    func connected() {
        let words = words(
            .connected(
                .init(
                    provider: "GitHub", account: "octocat", userID: "user_123", alias: "work",
                    details: [.init(name: "Organisation", value: "Octo Ltd")])))
        #expect(words.contains("GitHub account octocat is connected for user_123. Alias work Organisation Octo Ltd"))
        #expect(words.contains("You can close this window."))
        #expect(!words.contains("What to do next"))
    }

    @Test("Without a name of the account it still says whose it is")
    func nameless() {
        let words = words(.connected(.init(provider: "Acme", account: nil, userID: "user_123")))
        #expect(words.contains("Your Acme account is connected for user_123. You can close this window."))
    }

    @Test("What went wrong names what it is about, and what to do next", arguments: reasons)
    func failed(_ reason: CallbackPage.Reason) {
        let words = words(.failed(.init(provider: "GitHub", userID: "user_123", reason: reason)))
        #expect(words.contains("GitHub"))
        #expect(words.contains(/What to do next .{20,}/))
        switch reason {
        case .providerRefused(let error): #expect(words.contains("GitHub ended it with the error \(error)."))
        case .otherAccount(let expected?, let received?):
            #expect(words.contains("You signed in as \(received), but this connection belongs to \(expected)."))
        case .otherAccount:
            #expect(words.contains("You signed in, but this connection belongs to another account."))
        case .alreadyConnected(let account?):
            #expect(words.contains("GitHub account \(account) is connected for user_123 already."))
        case .alreadyConnected:
            #expect(words.contains("This account of GitHub is connected for user_123 already."))
        case .replaced: #expect(words.contains("There is a newer link"))
        case .accountRefused(let error):
            #expect(words.contains("GitHub does not let this account be connected (\(error))."))
        case .brokenSetup(let reason), .unexplained(let reason): #expect(words.contains("(\(reason))"))
        default: #expect(words.contains("GitHub is not connected"))
        }
    }

    @Test("Every page is a complete document that says its language, name and status, runs and loads nothing")
    func document() throws {
        for content in Self.contents {
            let html = html(content)
            #expect(html.hasPrefix("<!doctype html>\n<html lang=\"en\">"))
            #expect(html.hasSuffix("</html>\n"))
            #expect(html.contains("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"))
            #expect(html.firstMatch(of: /<title>[^<]+<\/title>/) != nil)
            #expect(html.contains("<div role=\"status\">"))
            #expect(html.split(separator: "<h1>").count == 2)
            for forbidden in ["<script", "<link", "<img", "<form", "href", "src", "url(", "@import", "http", " style="]
            {
                #expect(!html.contains(forbidden), "\(forbidden) in \(content)")
            }
            #expect(html.utf8.count < 6 << 10)
        }
    }

    @Test("The style sheet is the one whose hash the policy names")
    func styleHash() async throws {
        let rig = try await Rig()
        let answer = try await rig.get("/done/unknown")
        await rig.listener.close()
        let style = try #require(answer.body.firstMatch(of: /<style>([^<]*)<\/style>/)?.1)
        let hash = Data(SHA256.hash(data: Data(style.utf8))).base64EncodedString()
        #expect(answer.header("Content-Security-Policy")?.contains("style-src 'sha256-\(hash)';") == true)
    }

    @Test("A name is text wherever it stands, and changes nothing around it", arguments: hostileNames)
    func hostile(_ name: String) {
        let harmless: [CallbackPage.Content] = contents(named: "x")
        for (content, model) in zip(contents(named: name), harmless) {
            let html = html(content)
            // The same tags, in the same order, as with a harmless name.
            #expect(tags(of: html) == tags(of: self.html(model)))
            for scalar in html.unicodeScalars {
                #expect(scalar == "\n" || scalar.properties.generalCategory != .control)
                #expect(!(0x202A...0x202E).contains(scalar.value) && !(0x2066...0x2069).contains(scalar.value))
                #expect(!(0xE0000...0xE007F).contains(scalar.value))
            }
        }
    }

    @Test("Names keep their own script and their own marks")
    func names() {
        for name in ["Zoë", "山田太郎", "שלום", "👩‍👩‍👧", "O'Brien & <Sons>", "e\u{301}"] {
            #expect(
                words(.connected(.init(provider: "Acme", account: name, userID: "u"))).contains("account \(name) is"))
        }
    }

    @Test("A page stays small, whatever it is to say")
    func bounded() {
        let long = String(repeating: "&\u{301}", count: 100_000)
        for content in contents(named: long) { #expect(html(content).utf8.count < 32 << 10) }
        let many = (0..<1000).map { CallbackPage.Connection.Detail(name: "n\($0)", value: "v") }
        let html = html(.connected(.init(provider: "A", account: "b", userID: "c", details: many)))
        #expect(html.split(separator: "<dt>").count == 9)
    }

    private func contents(named name: String) -> [CallbackPage.Content] {
        let reasons: [CallbackPage.Reason] = [
            .denied, .expired, .providerRefused(error: name), .providerUnavailable, .untrustedAnswer,
            .otherAccount(expected: name, received: name), .alreadyConnected(account: name),
            .accountRefused(error: name), .brokenSetup(reason: name), .unexplained(reason: name),
        ]
        let connection = CallbackPage.Connection(
            provider: name, account: name, userID: name, alias: name, details: [.init(name: name, value: name)])
        return [.connected(connection)]
            + reasons.map { .failed(.init(provider: name, userID: name, reason: $0)) }
    }

    private func tags(of html: String) -> [String] {
        html.matches(of: /<[^>]*>/).map { String($0.output) }
    }
}
