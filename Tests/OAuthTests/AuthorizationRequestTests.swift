import OAuth
import Testing

@Suite("The address a browser is sent to")
struct AuthorizationRequestTests {
    private func request(_ endpoint: String = "https://id.example/authorize") -> AuthorizationRequest {
        AuthorizationRequest(
            endpoint: endpoint, clientID: "s6BhdRkqt3", redirectURI: "http://127.0.0.1:7580/callback", state: "xyz")
    }

    private let plain =
        "response_type=code&client_id=s6BhdRkqt3&redirect_uri=http%3A%2F%2F127.0.0.1%3A7580%2Fcallback&state=xyz"

    @Test("Without more it holds what RFC 6749 section 4.1.1 asks for")
    func standard() throws {
        let url = try request().url()
        #expect(url == "https://id.example/authorize?" + plain)
    }

    @Test("Scopes, nonce, challenge and a provider's own parameters follow, percent-encoded")
    func full() throws {
        var request = request()
        request.scopes = ["openid", "a:b/c", "é"]
        request.nonce = "n&1"
        request.codeChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        request.extraParameters = [NamedValue("access_type", "offline"), NamedValue("a b", "c+d=e%")]
        let url = try request.url()
        #expect(
            url == "https://id.example/authorize?response_type=code&client_id=s6BhdRkqt3"
                + "&redirect_uri=http%3A%2F%2F127.0.0.1%3A7580%2Fcallback&scope=openid%20a%3Ab%2Fc%20%C3%A9&state=xyz"
                + "&nonce=n%261&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
                + "&access_type=offline&a%20b=c%2Bd%3De%25")
    }

    @Test("Some providers want commas between scopes")
    func separator() throws {
        var request = request()
        request.scopes = ["a", "b"]
        request.scopeSeparator = ","
        let url = try request.url()
        #expect(url.contains("&scope=a%2Cb&"))
    }

    @Test(
        "A query that the endpoint has of its own stays",
        arguments: [
            ("https://id.example/a?owner=user", "https://id.example/a?owner=user&"),
            ("https://id.example/a?", "https://id.example/a?"),
            ("https://id.example/a?x=1&", "https://id.example/a?x=1&"),
            ("https://id.example", "https://id.example?"),
        ])
    func ownQuery(endpoint: String, start: String) throws {
        let url = try request(endpoint).url()
        #expect(url == start + plain)
    }

    @Test("A scope that the provider sets itself is not sent twice")
    func ownScope() throws {
        var request = request()
        request.scopes = ["a"]
        request.extraParameters = [NamedValue("scope", "b")]
        let url = try request.url()
        #expect(url == "https://id.example/authorize?" + plain + "&scope=b")
        request.extraParameters = []
        request.endpoint = "https://id.example/a?sc%6Fpe=c"
        let other = try request.url()
        #expect(other == "https://id.example/a?sc%6Fpe=c&" + plain)
    }

    @Test(
        "What the flow's safety depends on can be replaced neither by a parameter nor by the endpoint's query",
        arguments: [
            "state", "redirect_uri", "code_challenge", "code_challenge_method", "client_id", "response_type", "nonce",
        ])
    func protected(name: String) {
        var extra = request()
        extra.extraParameters = [NamedValue(name, "x")]
        #expect(throws: AuthorizationRequestError.protectedParameter(name)) { _ = try extra.url() }
        #expect(throws: AuthorizationRequestError.protectedParameter(name)) {
            _ = try request("https://id.example/a?\(name)=x").url()
        }
        let hidden = name.replacing("_", with: "%5F").replacing("state", with: "%73tate").replacing(
            "nonce", with: "n%6Fnce")
        #expect(throws: AuthorizationRequestError.protectedParameter(name)) {
            _ = try request("https://id.example/a?b&\(hidden)").url()
        }
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var error: AuthorizationRequestError
        var change: @Sendable (inout AuthorizationRequest) -> Void
    }

    @Test(
        "What cannot be sent is refused with what to mend",
        arguments: [
            Refusal(testDescription: "plain http", error: .endpoint(.notSecure)) { $0.endpoint = "http://id.example/" },
            Refusal(testDescription: "javascript", error: .endpoint(.notHTTP)) { $0.endpoint = "javascript:alert(1)" },
            Refusal(testDescription: "fragment", error: .endpoint(.hasFragment)) { $0.endpoint += "#a" },
            Refusal(testDescription: "redirect in the clear", error: .redirectURI(.notSecure)) {
                $0.redirectURI = "http://other.example/callback"
            },
            Refusal(testDescription: "redirect with a fragment", error: .redirectURI(.hasFragment)) {
                $0.redirectURI += "#x"
            },
            Refusal(testDescription: "no client id", error: .emptyClientID) { $0.clientID = "" },
            Refusal(testDescription: "no state", error: .invalidState) { $0.state = "" },
            Refusal(testDescription: "state of two lines", error: .invalidState) { $0.state = "a\nb" },
            Refusal(testDescription: "endless state", error: .invalidState) {
                $0.state = String(repeating: "a", count: 513)
            },
            Refusal(testDescription: "broken query", error: .malformedQuery) { $0.endpoint += "?a%zz=1" },
            Refusal(testDescription: "too many scopes", error: .tooLong) {
                $0.scopes = (0..<3000).map { "scope\($0)" }
            },
        ])
    func refusals(row: Refusal) {
        var request = request()
        row.change(&request)
        #expect(throws: row.error) { _ = try request.url() }
        #expect(!row.error.description.isEmpty)
    }
}
