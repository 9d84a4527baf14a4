extension AuthorizationServer {
    /// Discovery (OpenID Connect Discovery 1.0 section 3, RFC 8414, RFC 8628 section 4, RFC 9207 section 3).
    func discoveryAnswer() -> Answer {
        var members: [JSONValue.Member] = [
            .init("issuer", .string(issuer)), .init("authorization_endpoint", .string(issuer + "/authorize")),
            .init("token_endpoint", .string(tokenURL ?? issuer + "/token")),
            .init("introspection_endpoint", .string(issuer + "/introspect")),
            .init("userinfo_endpoint", .string(issuer + "/userinfo")), .init("jwks_uri", .string(issuer + "/jwks")),
            .init("response_types_supported", .array([.string("code")])),
            .init("grant_types_supported", .array(grantTypes.map(JSONValue.string))),
            .init("subject_types_supported", .array([.string("public")])),
            .init("id_token_signing_alg_values_supported", .array([.string("RS256")])),
            .init("authorization_response_iss_parameter_supported", .bool(issuerParameter != .missing)),
        ]
        if dialect.hasRevocationEndpoint {
            members.append(.init("revocation_endpoint", .string(issuer + "/revoke")))
        }
        if dialect.hasDeviceFlow {
            members.append(.init("device_authorization_endpoint", .string(issuer + "/device/code")))
        }
        if dialect.knowsCodeChallenges {
            members.append(.init("code_challenge_methods_supported", .array([.string("S256")])))
        }
        let methods = clients.values.reduce(into: Set<AuthenticationMethod>()) { $0.formUnion($1.authentication) }
        if announcesAuthenticationMethods {
            let names = methods.map(\.rawValue).sorted().map(JSONValue.string)
            members.append(.init("token_endpoint_auth_methods_supported", .array(names)))
        }
        return .json(.object(members))
    }

    private var grantTypes: [String] {
        ["authorization_code", "refresh_token", "client_credentials"]
            + (dialect.hasDeviceFlow ? [Self.deviceGrantType] : [])
    }

    /// The keys that id tokens are signed with (RFC 7517 section 5).
    func keysAnswer() -> Answer { .json(.object([.init("keys", .array([key.publicJSON]))])) }

    var key: SigningKey { signingKey ?? .simulated }
}
