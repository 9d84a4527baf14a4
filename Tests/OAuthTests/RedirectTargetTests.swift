import OAuth
import Testing

@Suite("The caller's own address")
struct RedirectTargetTests {
    @Test(
        "Status and account come after its own query and before its fragment",
        arguments: [
            ("https://app.example", "https://app.example?RESULT"),
            ("https://app.example/done", "https://app.example/done?RESULT"),
            ("https://app.example/done?", "https://app.example/done?RESULT"),
            ("https://app.example/done?a=1&b=%20x", "https://app.example/done?a=1&b=%20x&RESULT"),
            ("https://app.example/done?a=1&", "https://app.example/done?a=1&RESULT"),
            ("https://app.example/done?a=b?c", "https://app.example/done?a=b?c&RESULT"),
            ("https://app.example/#/route?x=1", "https://app.example/?RESULT#/route?x=1"),
            ("https://app.example/done?a=1#top", "https://app.example/done?a=1&RESULT#top"),
            ("https://app.example/done#", "https://app.example/done?RESULT#"),
            ("http://localhost:3000/cb?substatus=1", "http://localhost:3000/cb?substatus=1&RESULT"),
            ("http://[::1]:3000", "http://[::1]:3000?RESULT"),
            ("HTTPS://App.Example/X", "HTTPS://App.Example/X?RESULT"),
        ])
    func location(_ url: String, _ expected: String) throws {
        let location = try RedirectTarget(url).location(status: .success, connectedAccountID: "con_1")
        #expect(location.url == expected.replacing("RESULT", with: "status=success&connected_account_id=con_1"))
    }

    @Test("Without an account there is a status alone")
    func failed() throws {
        let target = try RedirectTarget("https://app.example/?a=1")
        #expect(
            target.location(status: .failed, connectedAccountID: nil).url == "https://app.example/?a=1&status=failed")
    }

    @Test("An account's id cannot add to the address")
    func encoded() throws {
        let location = try RedirectTarget("https://a.example/")
            .location(status: .success, connectedAccountID: "con&status=x#\r\nSet-Cookie: é~")
        #expect(
            location.url
                == "https://a.example/?status=success&connected_account_id=con%26status%3Dx%23%0D%0ASet-Cookie%3A%20%C3%A9~"
        )
    }

    @Test(
        "What a browser must not be sent to is refused",
        arguments: [
            ("http://app.example/", RedirectTargetError.notSecure), ("javascript:alert(1)", .notSecure),
            ("data:text/html,x", .notSecure), ("//app.example/", .notSecure), ("/done", .notSecure), ("", .notSecure),
            ("ftp://app.example/", .notSecure), ("https:/app.example", .notSecure), ("http://10.0.0.1/", .notPublic),
            ("https://user@app.example/", .hasUserinfo), ("https://localhost@evil.example/", .hasUserinfo),
            ("https://app.example:0/", .malformed), ("https://", .malformed), ("https://127.1/", .malformed),
            ("https://app.example/a b", .forbiddenCharacter),
            ("https://app.example/\r\nSet-Cookie:x", .forbiddenCharacter),
            ("https://app.example/é", .forbiddenCharacter), ("https://app.example/#a b", .forbiddenCharacter),
            ("https://app.example/#a#b", .forbiddenCharacter),
            ("https://app.example\\@evil.example/", .forbiddenCharacter),
            ("https://app.example/#\u{301}x", .forbiddenCharacter), ("https://169.254.169.254/", .notPublic),
            ("https://app.example/?status=1", .reservedParameter("status")),
            ("https://app.example/?a=1&%73tatus", .reservedParameter("status")),
            ("https://app.example/?connected_account_id=x#y", .reservedParameter("connected_account_id")),
        ])
    func refused(_ url: String, _ error: RedirectTargetError) {
        #expect(throws: error) { try RedirectTarget(url) }
        #expect(error.description.contains("callbackUrl"))
    }

    @Test("An address of 2048 bytes is accepted, and no longer one")
    func length() throws {
        let url = "https://app.example/" + String(repeating: "x", count: 2028)
        #expect(try RedirectTarget(url).url == url)
        #expect(throws: RedirectTargetError.tooLong) { try RedirectTarget(url + "x") }
        #expect(throws: RedirectTargetError.tooLong) { try RedirectTarget("https://app.example/#" + url) }
    }
}
