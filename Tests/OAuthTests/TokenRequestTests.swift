import OAuth
import SecretBytes
import Testing

@Suite("Requests to a token endpoint")
struct TokenRequestTests {
    private func endpoint(
        _ authentication: ClientAuthentication, _ format: RequestFormat = .form
    ) -> TokenEndpointDescription {
        var endpoint = TokenEndpointDescription(url: "https://id.example/token")
        endpoint.clientAuthentication = authentication
        endpoint.requestFormat = format
        return endpoint
    }

    private func refresh(
        _ endpoint: TokenEndpointDescription, id: String = "s6BhdRkqt3", secret: String? = "gX1fBat3bV",
        token: String = "tGzv3JOkF0XG5Qx2TlKWIA", scopes: [String] = []
    ) throws(TokenRequestError) -> ProviderRequest {
        try RefreshRequest.make(
            to: endpoint, clientID: id, clientSecret: secret.map { SecretBytes(utf8: $0) },
            refreshToken: SecretBytes(utf8: token), scopes: scopes)
    }

    @Test("The refresh of RFC 6749 section 6 comes out as printed there")
    func rfcExample() throws {
        let request = try refresh(endpoint(.clientSecretBasic))
        #expect(request.method == .post)
        #expect(request.url == "https://id.example/token")
        let authorization = text(request.authorization)
        #expect(authorization == "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW")
        let body = text(request.body)
        #expect(body == "grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA")
        #expect(
            request.headers == [
                NamedValue("Accept", "application/json"), NamedValue("User-Agent", "purser"),
                NamedValue("Content-Type", "application/x-www-form-urlencoded"),
            ])
    }

    @Test(
        "Basic credentials are form-encoded before base64, whatever their length",
        arguments: [
            ("f", "o", "Basic Zjpv"),
            ("fo", "o", "Basic Zm86bw=="),
            ("fo", "ob", "Basic Zm86b2I="),
            ("a:b", "c d", "Basic YSUzQWI6Yytk"),
            ("id", "~>?", "Basic aWQ6fiUzRSUzRg=="),
        ])
    func basic(id: String, secret: String, expected: String) throws {
        let request = try refresh(endpoint(.clientSecretBasic), id: id, secret: secret)
        let authorization = text(request.authorization)
        #expect(authorization == expected)
    }

    @Test(
        "Form values are encoded as in RFC 6749 appendix B",
        arguments: [
            (" %&+£€", "+%25%26%2B%C2%A3%E2%82%AC"),
            ("azAZ09-._~*", "azAZ09-._~*"),
            ("a=b/c\u{0}\n", "a%3Db%2Fc%00%0A"),
        ])
    func appendixB(token: String, expected: String) throws {
        let request = try refresh(endpoint(.none), token: token)
        let body = text(request.body)
        #expect(body == "grant_type=refresh_token&refresh_token=\(expected)&client_id=s6BhdRkqt3")
    }

    @Test(
        "Each way of client authentication puts the credentials where it should, and nowhere else",
        arguments: [
            (ClientAuthentication.clientSecretPost, "&client_id=s6BhdRkqt3&client_secret=gX1fBat3bV", false),
            (.clientSecretBasic, "", true),
            (.none, "&client_id=s6BhdRkqt3", false),
        ])
    func authentication(method: ClientAuthentication, tail: String, hasHeader: Bool) throws {
        let request = try refresh(endpoint(method))
        let body = text(request.body)
        #expect(body == "grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA" + tail)
        let authorization = text(request.authorization)
        #expect((authorization != nil) == hasHeader)
    }

    @Test("A secret that is the user name stands there as it is, without the client id (Stripe)")
    func secretAsUserName() throws {
        let request = try refresh(endpoint(.secretAsUserName), secret: "sk_test_a%b:c")
        let authorization = text(request.authorization)
        #expect(authorization == "Basic c2tfdGVzdF9hJWI6Yzo=")
        let body = text(request.body)
        #expect(body == "grant_type=refresh_token&refresh_token=tGzv3JOkF0XG5Qx2TlKWIA")
        #expect(throws: TokenRequestError.missingClientSecret) {
            _ = try refresh(endpoint(.secretAsUserName), secret: nil)
        }
    }

    @Test("A refresh goes to the address for refreshes where there is one, and nothing else does")
    func refreshURL() throws {
        var endpoint = endpoint(.clientSecretPost)
        endpoint.refreshURL = "https://id.example/refresh"
        #expect(try refresh(endpoint).url == "https://id.example/refresh")
        let other = try ClientCredentialsRequest.make(
            to: endpoint, clientID: "id", clientSecret: SecretBytes(utf8: "s"))
        #expect(other.url == "https://id.example/token")
        endpoint.refreshURL = "http://id.example/refresh"
        #expect(throws: TokenRequestError.endpoint(.notSecure)) { _ = try refresh(endpoint) }
    }

    @Test("A JSON body escapes what JSON must")
    func json() throws {
        let request = try refresh(endpoint(.clientSecretPost, .json), secret: "a\"b\\c", token: "t\nü")
        let body = text(request.body)
        #expect(
            body
                == #"{"grant_type":"refresh_token","refresh_token":"t\nü","client_id":"s6BhdRkqt3","#
                + #""client_secret":"a\"b\\c"}"#
        )
        #expect(request.headers.contains(NamedValue("Content-Type", "application/json")))
    }

    @Test(
        "Scopes are repeated in a refresh only where the endpoint wants it",
        arguments: [
            (false, ["a", "b"], ""), (true, ["a", "b:c"], "&scope=a+b%3Ac"), (true, [], ""),
        ])
    func scopes(wanted: Bool, scopes: [String], expected: String) throws {
        var endpoint = endpoint(.none)
        endpoint.sendsScopeOnRefresh = wanted
        let request = try refresh(endpoint, token: "r", scopes: scopes)
        let body = text(request.body)
        #expect(body == "grant_type=refresh_token&refresh_token=r\(expected)&client_id=s6BhdRkqt3")
    }

    @Test("A provider's own parameters come last, or in the place of the standard one of that name")
    func extraParameters() throws {
        var endpoint = endpoint(.none)
        endpoint.refreshParameters = [NamedValue("grant_type", "fb exchange"), NamedValue("audience", "api")]
        let request = try refresh(endpoint, token: "r")
        let body = text(request.body)
        #expect(body == "refresh_token=r&client_id=s6BhdRkqt3&grant_type=fb+exchange&audience=api")
    }

    @Test("A provider's own headers replace the standard ones of that name")
    func extraHeaders() throws {
        var endpoint = endpoint(.none)
        endpoint.headers = [NamedValue("user-agent", "x"), NamedValue("Notion-Version", "2025-09-03")]
        let request = try refresh(endpoint)
        #expect(
            request.headers == [
                NamedValue("Accept", "application/json"),
                NamedValue("Content-Type", "application/x-www-form-urlencoded"),
                NamedValue("user-agent", "x"), NamedValue("Notion-Version", "2025-09-03"),
            ])
    }

    @Test("Client credentials ask in the client's own name")
    func clientCredentials() throws {
        var endpoint = endpoint(.clientSecretBasic)
        endpoint.clientCredentialsParameters = [NamedValue("resource", "r")]
        let request = try ClientCredentialsRequest.make(
            to: endpoint, clientID: "id", clientSecret: SecretBytes(utf8: "s"), scopes: ["a", "b"])
        let body = text(request.body)
        #expect(body == "grant_type=client_credentials&scope=a+b&resource=r")
        let authorization = text(request.authorization)
        #expect(authorization == "Basic aWQ6cw==")
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var change: @Sendable (inout TokenEndpointDescription) -> Void = { _ in }
        var id = "id"
        var secret: String? = "s"
        var token = "r"
        var error: TokenRequestError
    }

    @Test(
        "What cannot be sent is refused with what to mend",
        arguments: [
            Refusal(
                testDescription: "plain http", change: { $0.url = "http://id.example/" }, error: .endpoint(.notSecure)),
            Refusal(testDescription: "no client id", id: "", error: .emptyClientID),
            Refusal(testDescription: "no client secret", secret: nil, error: .missingClientSecret),
            Refusal(testDescription: "no refresh token", token: "", error: .emptyRefreshToken),
            Refusal(
                testDescription: "header with a line break", change: { $0.headers = [NamedValue("x", "a\r\nb: c")] },
                error: .invalidHeader("x")),
            Refusal(
                testDescription: "header name with a space", change: { $0.headers = [NamedValue("x y", "a")] },
                error: .invalidHeader("x y")),
            Refusal(
                testDescription: "header of the transport", change: { $0.headers = [NamedValue("Host", "a")] },
                error: .invalidHeader("Host")),
            Refusal(
                testDescription: "second refresh token",
                change: { $0.refreshParameters = [NamedValue("refresh_token", "x")] },
                error: .reservedParameter("refresh_token")),
        ])
    func refusals(row: Refusal) {
        var endpoint = endpoint(.clientSecretBasic)
        row.change(&endpoint)
        #expect(throws: row.error) {
            _ = try refresh(endpoint, id: row.id, secret: row.secret, token: row.token)
        }
        #expect(!row.error.description.isEmpty)
    }
}
