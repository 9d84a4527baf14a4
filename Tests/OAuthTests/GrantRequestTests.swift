import OAuth
import SecretBytes
import Testing

@Suite("Requests that begin a grant")
struct GrantRequestTests {
    private func endpoint(_ authentication: ClientAuthentication = .none) -> TokenEndpointDescription {
        var endpoint = TokenEndpointDescription(url: "https://id.example/token")
        endpoint.clientAuthentication = authentication
        return endpoint
    }

    private func exchange(
        _ endpoint: TokenEndpointDescription, code: String = "SplxlOBeZQQYbYS6WxSbIA", verifier: String? = "v-1"
    ) throws -> ProviderRequest {
        try AuthorizationCodeRequest.make(
            to: endpoint, clientID: "s6BhdRkqt3", clientSecret: SecretBytes(utf8: "gX1fBat3bV"),
            code: SecretBytes(utf8: code), redirectURI: "https://client.example.com/cb",
            verifier: verifier.map { SecretBytes(utf8: $0) })
    }

    @Test("The exchange of RFC 6749 section 4.1.3 comes out as printed there")
    func code() throws {
        let request = try exchange(endpoint(.clientSecretBasic), verifier: nil)
        let body = text(request.body)
        #expect(
            body == "grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA"
                + "&redirect_uri=https%3A%2F%2Fclient.example.com%2Fcb")
        let authorization = text(request.authorization)
        #expect(authorization == "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW")
        #expect(request.method == .post)
    }

    @Test("With a verifier and a provider's own parameters, in either format")
    func verifier() throws {
        var endpoint = endpoint(.clientSecretPost)
        endpoint.codeParameters = [NamedValue("external", "e")]
        endpoint.refreshParameters = [NamedValue("refreshed", "r")]
        let form = text(try exchange(endpoint, code: "a+b", verifier: "v~1").body)
        #expect(
            form == "grant_type=authorization_code&code=a%2Bb&redirect_uri=https%3A%2F%2Fclient.example.com%2Fcb"
                + "&code_verifier=v~1&client_id=s6BhdRkqt3&client_secret=gX1fBat3bV&external=e")
        endpoint.requestFormat = .json
        let json = text(try exchange(endpoint).body)
        #expect(
            json == #"{"grant_type":"authorization_code","code":"SplxlOBeZQQYbYS6WxSbIA","#
                + #""redirect_uri":"https://client.example.com/cb","code_verifier":"v-1","#
                + #""client_id":"s6BhdRkqt3","client_secret":"gX1fBat3bV","external":"e"}"#)
    }

    @Test("A provider's parameter cannot stand beside a secret", arguments: ["code", "code_verifier", "client_secret"])
    func reserved(name: String) {
        var endpoint = endpoint()
        endpoint.codeParameters = [NamedValue(name, "x")]
        #expect(throws: TokenRequestError.reservedParameter(name)) { _ = try exchange(endpoint) }
    }

    @Test("A device code is asked for as in RFC 8628 section 3.1, at its own endpoint, always as a form")
    func deviceAuthorization() throws {
        var endpoint = endpoint()
        endpoint.requestFormat = .json
        endpoint.headers = [NamedValue("X", "y")]
        let request = try DeviceAuthorizationRequest.make(
            to: "https://id.example/device", tokenEndpoint: endpoint, clientID: "1406020730", clientSecret: nil,
            scopes: ["a", "b"], extra: [NamedValue("audience", "api")])
        #expect(request.url == "https://id.example/device")
        #expect(request.headers.contains(NamedValue("X", "y")))
        let body = text(request.body)
        #expect(body == "scope=a+b&client_id=1406020730&audience=api")
    }

    @Test("A confidential client proves itself for a device code, in the way that the provider wants there")
    func deviceAuthentication() throws {
        let request = try DeviceAuthorizationRequest.make(
            to: "https://id.example/device", tokenEndpoint: endpoint(.clientSecretBasic),
            authentication: .clientSecretPost, clientID: "id", clientSecret: SecretBytes(utf8: "s"))
        let body = text(request.body)
        #expect(body == "client_id=id&client_secret=s")
        let hasHeader = text(request.authorization) != nil
        #expect(!hasHeader)
    }

    @Test("A poll is that of RFC 8628 section 3.4")
    func devicePoll() throws {
        var endpoint = endpoint()
        endpoint.deviceParameters = [NamedValue("audience", "api")]
        let request = try DeviceTokenRequest.make(
            to: endpoint, clientID: "1406020730", clientSecret: nil,
            deviceCode: SecretBytes(utf8: "GmRhmhcxhwAzkoEqiMEg"))
        let body = text(request.body)
        #expect(
            body == "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code"
                + "&device_code=GmRhmhcxhwAzkoEqiMEg&client_id=1406020730&audience=api")
    }

    @Test("An assertion is presented as in RFC 7523 section 2.1, with or without client authentication")
    func assertion() throws {
        let alone = try JWTBearerRequest.make(
            to: endpoint(.clientSecretBasic), clientSecret: nil, assertion: SecretBytes(utf8: "a.b.c"))
        let body = text(alone.body)
        #expect(body == "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.c")
        let aloneIsBare = text(alone.authorization) == nil
        #expect(aloneIsBare)
        let both = try JWTBearerRequest.make(
            to: endpoint(.clientSecretPost), clientID: "id", clientSecret: SecretBytes(utf8: "s"),
            assertion: SecretBytes(utf8: "a"), scopes: ["x", "y"])
        let full = text(both.body)
        #expect(
            full == "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a&scope=x+y"
                + "&client_id=id&client_secret=s")
    }

    @Test("Nothing is sent without what it is about")
    func nothing() {
        #expect(throws: TokenRequestError.nothingToPresent("code")) { _ = try exchange(endpoint(), code: "") }
        #expect(throws: TokenRequestError.nothingToPresent("device_code")) {
            _ = try DeviceTokenRequest.make(
                to: endpoint(), clientID: "id", clientSecret: nil, deviceCode: SecretBytes(utf8: ""))
        }
        #expect(throws: TokenRequestError.nothingToPresent("assertion")) {
            _ = try JWTBearerRequest.make(to: endpoint(), clientSecret: nil, assertion: SecretBytes(utf8: ""))
        }
    }
}
