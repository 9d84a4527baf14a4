import OAuth
import SecretBytes
import Testing

/// What a callback was read as, in values that can be compared.
private struct Callback: Equatable, Sendable {
    var state: String
    var code: String?
    var error: AuthorizationErrorResponse?
    var issuer: String?
    var fields: [NamedValue] = []

    init(state: String, code: String? = nil, error: AuthorizationErrorResponse? = nil, issuer: String? = nil) {
        (self.state, self.code, self.error, self.issuer) = (state, code, error, issuer)
    }

    init(_ response: consuming AuthorizationResponse) {
        state = response.state
        code = text(response.code)
        error = response.error
        issuer = response.issuer
        fields = response.fields
    }
}

private func read(
    _ query: String, keeping kept: [String] = []
) throws(AuthorizationResponseError) -> AuthorizationResponse {
    try AuthorizationResponse.read(query: query.utf8.span, keeping: kept)
}

@Suite("What the browser brings back")
struct AuthorizationResponseTests {
    @Test("A code comes with its state and its issuer, decoded as a form")
    func code() throws {
        let callback = Callback(
            try read("code=4%2F0A%2Bb+c&state=x%20y&iss=https%3A%2F%2Fid.example&scope=a%zz&a&&=&hd="))
        #expect(callback == Callback(state: "x y", code: "4/0A+b c", issuer: "https://id.example"))
    }

    @Test("A refusal comes with what the server says about it, on one line")
    func error() throws {
        let callback = Callback(
            try read("error=access_denied&error_description=The+user%0D%0A%0D%0Asaid%20%E2%80%AEno%21&state=s&code="))
        let error = AuthorizationErrorResponse(code: "access_denied", explanation: "The user said no!")
        #expect(callback == Callback(state: "s", error: error))
    }

    @Test("An error that is no code is named as such, and an endless explanation is cut")
    func strangeError() throws {
        let callback = Callback(
            try read("error=%3Cscript%3E&state=s&error_description=" + String(repeating: "a", count: 5000)))
        #expect(callback.error?.code == "unrecognized_error")
        #expect(callback.error?.explanation == String(repeating: "a", count: 300))
        let bytes = Callback(try read("error=access_denied&state=s&error_description=%FF%00%07"))
        #expect(bytes.error?.explanation == "\u{FFFD}")
        let empty = Callback(try read("error=access_denied&state=s&error_description=%0A%00"))
        #expect(empty.error == AuthorizationErrorResponse(code: "access_denied"))
    }

    @Test("What a provider says only here is kept by name, in the order asked for")
    func fields() throws {
        let callback = Callback(
            try read(
                "businessName=Caf%C3%A9+1&code=c&state=s&businessId=0a-1&other=x",
                keeping: ["businessId", "businessName", "no", "code"]))
        #expect(callback.fields == [NamedValue("businessId", "0a-1"), NamedValue("businessName", "Café 1")])
    }

    private static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    private static let noAnswers: [(String, AuthorizationResponseError)] = [
        ("", .missingState),
        ("code=c", .missingState),
        ("code=c&state=", .missingState),
        ("state=s", .neitherCodeNorError),
        ("state=s&code=", .neitherCodeNorError),
        ("state=s&code=c&error=access_denied", .codeAndError),
        ("state=s&code=c&code=d", .duplicate("code")),
        ("state=s&code=c&st%61te=t", .duplicate("state")),
        ("state=s&error=a&error=b", .duplicate("error")),
        ("state=s&code=c&iss=a&iss=b", .duplicate("iss")),
        ("state=s&code=c&kept=a&kept=b", .duplicate("kept")),
        ("state=s&code=%zz", .malformed("code")),
        ("state=s&code=%2", .malformed("code")),
        ("state=s&code=a%0Ab", .malformed("code")),
        ("state=s&code=a%C3%A9", .malformed("code")),
        ("state=s%00&code=c", .malformed("state")),
        ("state=%FF&code=c", .malformed("state")),
        ("state=s&code=c&iss=a%0Ab", .malformed("iss")),
        ("state=s&code=c&kept=%00", .malformed("kept")),
        ("state=" + repeated("s", 513) + "&code=c", .malformed("state")),
        ("state=s&code=" + repeated("c", 8193), .malformed("code")),
        ("state=s&code=c&kept=" + repeated("c", 2049), .malformed("kept")),
        ("state=s&code=c&x=" + repeated("x", 16_384), .tooLarge),
        ("state=s&code=c" + repeated("&x", 63), .tooLarge),
    ]

    @Test("What is no answer is refused", arguments: noAnswers)
    func refusals(query: String, error: AuthorizationResponseError) {
        #expect(throws: error) { _ = try read(query, keeping: ["kept"]) }
        #expect(!error.description.isEmpty)
        #expect(!error.slug.isEmpty)
    }

    @Test("64 parameters and 16 KiB are still read")
    func largest() throws {
        let many = Callback(try read("state=s&code=c" + String(repeating: "&x", count: 62)))
        #expect(many.code == "c")
        let start = "state=s&code=c&x="
        let long = Callback(try read(start + String(repeating: "x", count: 16_384 - start.utf8.count)))
        #expect(long.code == "c")
    }

    @Test(
        "The issuer, where it is known, must be the one that was asked (RFC 9207)",
        arguments: [
            ("&iss=https://id.example", "https://id.example" as String?, true, nil as AuthorizationResponseError?),
            ("&iss=https://evil.example", "https://id.example", false, .otherIssuer),
            ("&iss=https://id.example/", "https://id.example", false, .otherIssuer),
            ("", "https://id.example", true, .missingIssuer),
            ("&iss=", "https://id.example", true, .missingIssuer),
            ("", "https://id.example", false, nil),
            ("&iss=https://id.example", nil, false, nil),
        ])
    func issuer(tail: String, expected: String?, isPromised: Bool, error: AuthorizationResponseError?) throws {
        var thrown: AuthorizationResponseError?
        let response = try read("state=s&code=c" + tail)
        do throws(AuthorizationResponseError) {
            try response.checkIssuer(expected, isPromised: isPromised)
        } catch {
            thrown = error
        }
        #expect(thrown == error)
    }
}

@Suite("An address that a person pastes")
struct PastedRedirectTests {
    private func read(_ address: String) throws -> AuthorizationResponse {
        try AuthorizationResponse.read(
            pasted: address.utf8.span, redirectURI: "http://127.0.0.1:7580/callback", keeping: ["businessId"])
    }

    @Test(
        "Only its query and its path count",
        arguments: [
            "http://127.0.0.1:7580/callback?code=c&state=s&businessId=1",
            "  HTTPS://localhost/callback?state=s&code=c&businessId=1\r\n",
            "http://127.0.0.1:7580/callback?code=c&state=s&businessId=1#_=_",
            "http://127.0.0.1:7580/callback?code=c&state=s&businessId=1#code=d&state=t",
        ])
    func accepted(address: String) throws {
        var expected = Callback(state: "s", code: "c")
        expected.fields = [NamedValue("businessId", "1")]
        let callback = Callback(try read(address))
        #expect(callback == expected)
    }

    @Test(
        "Anything else is told apart",
        arguments: [
            ("", AuthorizationResponseError.notTheRedirect),
            (" \n", .notTheRedirect),
            ("code=c&state=s", .notTheRedirect),
            ("?code=c&state=s", .notTheRedirect),
            ("/callback?code=c&state=s", .notTheRedirect),
            ("http:///callback?code=c&state=s", .notTheRedirect),
            ("http://127.0.0.1:7580/callback", .notTheRedirect),
            ("http://127.0.0.1:7580/callback#?code=c&state=s", .notTheRedirect),
            ("http://127.0.0.1:7580/callback/?code=c&state=s", .notTheRedirect),
            ("http://127.0.0.1:7580?code=c&state=s", .notTheRedirect),
            ("http://127.0.0.1:7580/Callback?code=c&state=s", .notTheRedirect),
            ("ftp://127.0.0.1:7580/callback?code=c&state=s", .notTheRedirect),
            ("https://id.example/authorize?state=s&redirect_uri=/callback", .notTheRedirect),
            ("http://127.0.0.1:7580/callback?code=c", .missingState),
            ("http://127.0.0.1:7580/callback?code=c&state=s&state=t", .duplicate("state")),
            (String(repeating: " ", count: 40_000), .tooLarge),
        ])
    func refused(address: String, error: AuthorizationResponseError) {
        #expect(throws: error) { _ = try read(address) }
    }
}
