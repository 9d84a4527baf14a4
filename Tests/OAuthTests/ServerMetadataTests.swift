import OAuth
import SecretBytes
import Testing

@Suite("What a server publishes about itself")
struct ServerMetadataTests {
    @Test(
        "Both places are asked for in the form that their standards give",
        arguments: [
            (
                "https://id.example", "https://id.example/.well-known/openid-configuration",
                "https://id.example/.well-known/oauth-authorization-server"
            ),
            (
                "https://id.example/", "https://id.example/.well-known/openid-configuration",
                "https://id.example/.well-known/oauth-authorization-server"
            ),
            (
                "https://id.example:8443/realms/a", "https://id.example:8443/realms/a/.well-known/openid-configuration",
                "https://id.example:8443/.well-known/oauth-authorization-server/realms/a"
            ),
            (
                "https://id.example/t/", "https://id.example/t/.well-known/openid-configuration",
                "https://id.example/.well-known/oauth-authorization-server/t"
            ),
            (
                "http://[::1]:9/x", "http://[::1]:9/x/.well-known/openid-configuration",
                "http://[::1]:9/.well-known/oauth-authorization-server/x"
            ),
        ])
    func locations(issuer: String, openID: String, oauth: String) throws {
        let first = try ServerMetadata.request(issuer: issuer)
        #expect(first.url == openID)
        #expect(first.method == .get)
        let second = try ServerMetadata.request(issuer: issuer, at: .oauthAuthorizationServer)
        #expect(second.url == oauth)
    }

    @Test(
        "An issuer that could be no endpoint is refused",
        arguments: [
            ("http://id.example", ServerMetadataError.address("issuer", .notSecure)),
            ("https://id.example/?a=b", .issuerHasQuery),
            ("https://id.example/#a", .address("issuer", .hasFragment)),
            ("https://169.254.169.254", .address("issuer", .notPublic)),
        ])
    func badIssuers(issuer: String, error: ServerMetadataError) {
        #expect(throws: error) { _ = try ServerMetadata.request(issuer: issuer) }
        #expect(!error.description.isEmpty)
    }

    /// A valid document with one more member.
    private static func with(_ member: String) -> String {
        let comma = member.isEmpty ? "" : ","
        return #"{"issuer":"https://id.example","token_endpoint":"https://id.example/t"\#(comma)\#(member)}"#
    }

    private func read(_ body: String, status: Int = 200) throws -> ServerMetadata {
        let response = response(body, status: status)
        return try ServerMetadata.read(response, issuer: "https://id.example")
    }

    @Test("A full document is read")
    func full() throws {
        let metadata = try read(
            #"""
            {"issuer":"https://id.example","token_endpoint":"https://id.example/token",
            "authorization_endpoint":"https://id.example/auth",
            "device_authorization_endpoint":"https://id.example/device",
            "revocation_endpoint":"https://id.example/revoke","introspection_endpoint":"https://id.example/introspect",
            "userinfo_endpoint":"https://api.example/me","jwks_uri":"https://id.example/keys",
            "token_endpoint_auth_methods_supported":["private_key_jwt","none","client_secret_post"],
            "code_challenge_methods_supported":["plain","S256"],"unknown":{"x":[1,2]}}
            """#)
        #expect(metadata.issuer == "https://id.example")
        #expect(metadata.tokenEndpoint == "https://id.example/token")
        #expect(metadata.authorizationEndpoint == "https://id.example/auth")
        #expect(metadata.deviceAuthorizationEndpoint == "https://id.example/device")
        #expect(metadata.revocationEndpoint == "https://id.example/revoke")
        #expect(metadata.introspectionEndpoint == "https://id.example/introspect")
        #expect(metadata.userinfoEndpoint == "https://api.example/me")
        #expect(metadata.jwksURI == "https://id.example/keys")
        #expect(metadata.tokenEndpointAuthMethods == ["private_key_jwt", "none", "client_secret_post"])
        #expect(metadata.codeChallengeMethods == ["plain", "S256"])
        #expect(metadata.clientAuthentication == .clientSecretPost)
    }

    @Test("With nothing said, client authentication is client_secret_basic (RFC 8414 section 2)")
    func defaults() throws {
        let metadata = try read(
            Self.with(#""userinfo_endpoint":null"#))
        #expect(metadata.clientAuthentication == .clientSecretBasic)
        #expect(metadata.codeChallengeMethods.isEmpty)
        #expect(metadata.userinfoEndpoint == nil)
    }

    @Test(
        "A server that always names itself in its answers is known as such (RFC 9207)",
        arguments: [("true", true), ("false", false), ("null", false), (#""true""#, false)])
    func issuerInResponse(value: String, expected: Bool) throws {
        let metadata = try read(Self.with(#""authorization_response_iss_parameter_supported":\#(value)"#))
        #expect(metadata.namesIssuerInResponse == expected)
        let silent = try read(Self.with(""))
        #expect(!silent.namesIssuerInResponse)
    }

    @Test("A server that takes no method of ours is known as such")
    func noMethod() throws {
        let metadata = try read(
            Self.with(#""token_endpoint_auth_methods_supported":["tls_client_auth"]"#)
        )
        #expect(metadata.clientAuthentication == nil)
    }

    @Test(
        "A document that cannot be trusted is refused with its reason",
        arguments: [
            (
                "the issuer with a slash", #"{"issuer":"https://id.example/","token_endpoint":"https://id.example/t"}"#,
                ServerMetadataError.otherIssuer
            ),
            (
                "another issuer", #"{"issuer":"https://evil.example","token_endpoint":"https://id.example/t"}"#,
                .otherIssuer
            ),
            ("no issuer", #"{"token_endpoint":"https://id.example/t"}"#, .otherIssuer),
            (
                "an issuer twice",
                #"{"issuer":"https://id.example","issuer":"https://id.example"}"#,
                .notJSON
            ),
            ("no token endpoint", #"{"issuer":"https://id.example"}"#, .missing("token_endpoint")),
            (
                "a token endpoint in the clear",
                #"{"issuer":"https://id.example","token_endpoint":"http://id.example/t"}"#,
                .address("token_endpoint", .notSecure)
            ),
            (
                "a metadata service as token endpoint",
                #"{"issuer":"https://id.example","token_endpoint":"http://169.254.169.254/t"}"#,
                .address("token_endpoint", .notPublic)
            ),
            (
                "a number as endpoint",
                Self.with(#""jwks_uri":5"#),
                .wrongType("jwks_uri")
            ),
            (
                "methods as text",
                Self.with(#""token_endpoint_auth_methods_supported":"none""#),
                .wrongType("token_endpoint_auth_methods_supported")
            ),
            (
                "methods as numbers",
                Self.with(#""code_challenge_methods_supported":[1]"#),
                .wrongType("code_challenge_methods_supported")
            ),
            ("HTML", "<html>", .notJSON),
            ("an array", "[]", .notJSON),
            ("nothing", "", .notJSON),
        ])
    func refusals(name: String, body: String, error: ServerMetadataError) {
        #expect(throws: error) { _ = try read(body) }
        #expect(!error.description.isEmpty)
    }

    @Test("Only a 200 is an answer")
    func status() {
        #expect(throws: ServerMetadataError.status(404)) {
            _ = try read(Self.with(""), status: 404)
        }
    }

    @Test(
        "Only a server on this machine can have endpoints here",
        arguments: ["http://127.0.0.1:9/x", "http://localhost:9/x", "https://localhost/x", "https://[::1]/x"],
        [
            "token_endpoint", "authorization_endpoint", "device_authorization_endpoint", "revocation_endpoint",
            "introspection_endpoint", "userinfo_endpoint", "jwks_uri",
        ])
    func loopback(url: String, member: String) throws {
        func document(_ issuer: String) -> String {
            let token = member == "token_endpoint" ? "" : #","token_endpoint":"https://id.example/t""#
            return #"{"issuer":"\#(issuer)"\#(token),"\#(member)":"\#(url)"}"#
        }
        let error = ServerMetadataError.loopback(member)
        #expect(throws: error) { _ = try read(document("https://id.example")) }
        #expect(error.description.contains(member))
        for issuer in ["http://localhost:8080", "http://127.0.0.1:8080/realm", "https://[::1]"] {
            let metadata = try ServerMetadata.read(response(document(issuer)), issuer: issuer)
            #expect(metadata.issuer == issuer)
        }
    }
}
