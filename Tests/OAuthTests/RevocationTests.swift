import OAuth
import SecretBytes
import Testing

@Suite("Requests that end a token")
struct RevocationRequestTests {
    private func make(
        token: String = "45ghiukldjahdnhzdauz", kind: RevocationRequest.TokenKind = .refresh,
        _ change: (inout RevocationEndpoint) -> Void = { _ in }
    ) throws -> ProviderRequest {
        var endpoint = RevocationEndpoint(url: "https://id.example/revoke")
        change(&endpoint)
        return try RevocationRequest.make(
            to: endpoint, token: SecretBytes(utf8: token), kind: kind, clientID: "s6BhdRkqt3",
            clientSecret: SecretBytes(utf8: "gX1fBat3bV"))
    }

    @Test("The request of RFC 7009 section 2.1 comes out as printed there")
    func rfcExample() throws {
        let request = try make { $0.sendsTypeHint = true }
        #expect(request.method == .post)
        #expect(request.url == "https://id.example/revoke")
        let body = text(request.body)
        #expect(body == "token=45ghiukldjahdnhzdauz&token_type_hint=refresh_token")
        let authorization = text(request.authorization)
        #expect(authorization == "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW")
    }

    @Test("GitHub's way: DELETE with Basic and a JSON body")
    func github() throws {
        let request = try make(kind: .access) {
            $0.method = .delete
            $0.placement = .body(.json)
            $0.tokenParameter = "access_token"
            $0.headers = [NamedValue("Accept", "application/vnd.github+json")]
        }
        #expect(request.method == .delete)
        let body = text(request.body)
        #expect(body == #"{"access_token":"45ghiukldjahdnhzdauz"}"#)
        #expect(request.headers.contains(NamedValue("Accept", "application/vnd.github+json")))
        #expect(!request.headers.contains(NamedValue("Accept", "application/json")))
    }

    @Test("Google's and Salesforce's way: the token alone")
    func tokenAlone() throws {
        let request = try make { $0.authentication = .tokenAlone }
        let body = text(request.body)
        #expect(body == "token=45ghiukldjahdnhzdauz")
        let isBare = text(request.authorization) == nil
        #expect(isBare)
    }

    @Test("A public client and one with its secret in the body")
    func inBody() throws {
        let none = text(try make { $0.authentication = .client(.none) }.body)
        #expect(none == "token=45ghiukldjahdnhzdauz&client_id=s6BhdRkqt3")
        let post = text(try make { $0.authentication = .client(.clientSecretPost) }.body)
        #expect(post == "token=45ghiukldjahdnhzdauz&client_id=s6BhdRkqt3&client_secret=gX1fBat3bV")
    }

    @Test("A bearer token stands in the header and nowhere else")
    func bearer() throws {
        let request = try make { $0.authentication = .bearer }
        let authorization = text(request.authorization)
        #expect(authorization == "Bearer 45ghiukldjahdnhzdauz")
        let body = text(request.body)
        #expect(body == "")
    }

    @Test("A GET has its token in the address, encoded, beside the address's own query")
    func query() throws {
        let request = try make(token: "a&b +") {
            $0.url = "https://id.example/revoke?v=1"
            $0.method = .get
            $0.placement = .query
            $0.authentication = .tokenAlone
        }
        #expect(request.method == .get)
        #expect(request.url == "https://id.example/revoke?v=1&token=a%26b+%2B")
        let hasNoBody = text(request.body) == nil
        #expect(hasNoBody)
        #expect(!request.headers.contains { $0.name == "Content-Type" })
    }

    @Test("Nothing is sent without a token, or to where none may go")
    func refusals() {
        #expect(throws: TokenRequestError.nothingToPresent("token")) { _ = try make(token: "") }
        #expect(throws: TokenRequestError.nothingToPresent("token")) {
            _ = try make(token: "a\r\nX: y") { $0.authentication = .bearer }
        }
        #expect(throws: TokenRequestError.endpoint(.notSecure)) { _ = try make { $0.url = "http://id.example/" } }
    }
}

@Suite("What came of ending a token")
struct RevocationOutcomeTests {
    private func read(
        _ body: String, _ status: Int, _ method: ProviderRequest.Method = .post, contentType: String? = nil
    ) -> RevocationOutcome {
        RevocationOutcome.read(
            .answered(response(body, status: status, contentType: contentType)), method: method, receivedAt: now)
    }

    @Test(
        "Each answer is understood",
        arguments: [
            ("RFC 7009", "", 200, "revoked"), ("GitHub", "", 204, "revoked"), ("Google", "{}", 200, "revoked"),
            ("Notion", #"{"request_id":"r"}"#, 200, "revoked"), ("words", "OK", 200, "revoked"),
            ("Slack", #"{"ok":true,"revoked":true}"#, 200, "revoked"),
            ("Slack", #"{"ok":false,"error":"token_revoked"}"#, 200, "already_dead"),
            ("Slack", #"{"ok":false,"error":"ratelimited"}"#, 200, "unreachable"),
            (
                "Google", #"{"error":"invalid_token","error_description":"Token expired or revoked"}"#, 400,
                "already_dead"
            ),
            ("some", #"{"error":"invalid_grant"}"#, 400, "already_dead"),
            ("RFC 7009", #"{"error":"unsupported_token_type"}"#, 400, "refused"),
            ("RFC 7009", #"{"error":"invalid_client"}"#, 401, "refused"),
            ("unknown", #"{"error":"whatever"}"#, 400, "refused"),
            ("unknown", "", 400, "refused"), ("some", #"{"error":"access_denied"}"#, 403, "refused"),
            ("RFC 7009", "", 503, "unreachable"), ("a limit", "", 429, "unreachable"),
            ("a front end", "<html>", 403, "unreachable"), ("a login page", " <!DOCTYPE html>", 200, "unreachable"),
            ("elsewhere", "", 302, "unreachable"),
        ])
    func answers(name: String, body: String, status: Int, slug: String) {
        let outcome = read(body, status)
        #expect(outcome.slug == slug)
    }

    @Test("A page that calls itself one confirms nothing")
    func page() {
        #expect(read("signed out", 200, contentType: "text/html; charset=utf-8").slug == "unreachable")
    }

    @Test("What is deleted by its address is dead where nothing is found, but a missing POST endpoint ends nothing")
    func notFound() {
        #expect(read(#"{"message":"Not Found"}"#, 404, .delete) == .alreadyDead)
        #expect(read("", 410, .delete) == .alreadyDead)
        #expect(read(#"{"message":"Not Found"}"#, 404).slug == "refused")
    }

    @Test("Without an answer nothing is said to be dead")
    func transport() {
        let timeout = RevocationOutcome.read(
            .failed(TransportFailure(.timeout, mayHaveBeenReceived: true)), method: .post, receivedAt: now)
        #expect(timeout.slug == "unreachable")
        let refused = RevocationOutcome.read(
            .failed(TransportFailure(.refusedAddress, mayHaveBeenReceived: false)), method: .post, receivedAt: now)
        #expect(refused.slug == "refused")
    }
}
