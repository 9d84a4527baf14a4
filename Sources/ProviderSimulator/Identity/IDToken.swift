internal import ConnectedAccounts
internal import Crypto

extension AuthorizationServer {
    /// How an id token is forged, for tests of those who check it.
    package enum IDTokenForgery: Sendable, Equatable, CaseIterable {
        /// `"alg": "none"` and no signature.
        case unsigned
        /// One bit of the signature is another.
        case signature
        /// Signed by a key that is not among those published, under its own `kid`.
        case unknownKey
        case issuer
        case audience
        case nonce
        /// Its time was over before it was issued.
        case expired
    }

    /// OpenID Connect Core 1.0 section 2. Nil where the grant is not for the scope `openid`. A refresh has no nonce.
    func idToken(for tokens: IssuedTokens, nonce: String?, at now: Moment) -> String? {
        let grant = store.grants[tokens.grantID]
        guard tokens.scopes.contains("openid"), let user = grant.userID.flatMap({ users[$0] }) else { return nil }
        let lifetime: Int64 = idTokenForgery == .expired ? -3600 : 3600
        let audience = idTokenForgery == .audience ? "sim_another_client" : grant.clientID
        var claims: [JSONValue.Member] = [
            .init("iss", .string(idTokenForgery == .issuer ? "https://forged.example" : issuer)),
            .init("sub", .string(dialect == .salesforce ? salesforceID(grant, user) : user.id)),
            .init("aud", .string(audience)),
            .init("iat", .number(now.wall.seconds + min(0, 2 * lifetime))),
            .init("exp", .number(now.wall.seconds + lifetime)),
            .init("at_hash", .string(Self.halfHash(of: tokens.accessToken))),
        ]
        if let nonce {
            claims.append(.init("nonce", .string(idTokenForgery == .nonce ? "forged" : nonce)))
        }
        return signed(claims + identityClaims(of: user, grant, tokens.scopes))
    }

    private func identityClaims(
        of user: User, _ grant: SimulatedGrant, _ scopes: [String]
    ) -> [JSONValue.Member] {
        var claims: [JSONValue.Member] = []
        if scopes.contains("email"), user.showsEmail {
            claims += [.init("email", .string(user.email)), .init("email_verified", .bool(true))]
        }
        if scopes.contains("profile") {
            claims += [.init("name", .string(user.name)), .init("preferred_username", .string(user.email))]
        }
        switch dialect {
        case .microsoft:
            claims += [
                .init("oid", .string(user.id)), .init("tid", .string(Self.microsoftTenantID)),
                .init("ver", .string("2.0")),
            ]
        case .xero: claims.append(.init("xero_userid", .string(user.id)))
        default: break
        }
        return claims
    }

    static let microsoftTenantID = "00000000-0000-4000-8000-0000000000fe"

    private func signed(_ claims: [JSONValue.Member]) -> String {
        let key = idTokenForgery == .unknownKey ? SigningKey(id: "sim_key_forged") : key
        let algorithm = idTokenForgery == .unsigned ? "none" : "RS256"
        let header = JSONValue.object([
            .init("alg", .string(algorithm)), .init("typ", .string("JWT")), .init("kid", .string(key.id)),
        ])
        let text = [header, .object(claims)].map { Base64.encodeForURL($0.utf8) }.joined(separator: ".")
        guard idTokenForgery != .unsigned else { return text + "." }
        var signature = key.signature(of: text)
        if idTokenForgery == .signature { signature[signature.count / 2] ^= 1 }
        return text + "." + Base64.encodeForURL(signature)
    }

    /// The left half of the access token's hash, which binds the two (OpenID Connect Core 1.0 section 3.1.3.6).
    private static func halfHash(of accessToken: String) -> String {
        Base64.encodeForURL(Array(SHA256.hash(data: Array(accessToken.utf8)).prefix(16)))
    }
}
