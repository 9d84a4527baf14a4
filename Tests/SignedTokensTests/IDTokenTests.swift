import Crypto
import CryptoExtras
import JSON
import OAuth
import SecretBytes
import SignedTokens
import Testing

/// 2025-11-21 00:00:00 UTC.
private let now: Int64 = 1_763_683_200

/// A payload that holds, with one member replaced, or left out where the value is empty.
private func payload(_ name: String = "", _ value: String = "", _ more: String = "") -> String {
    let members = [
        ("iss", #""https://id.example""#), ("sub", #""user-1""#), ("aud", #""client""#), ("nonce", #""n-1""#),
        ("exp", "\(now + 300)"), ("iat", "\(now)"),
    ]
    var written = members.compactMap { member -> String? in
        let value = member.0 == name ? value : member.1
        return value.isEmpty ? nil : #""\#(member.0)":\#(value)"#
    }
    if !members.contains(where: { $0.0 == name }), !name.isEmpty { written.append(#""\#(name)":\#(value)"#) }
    if !more.isEmpty { written.append(more) }
    return "{" + written.joined(separator: ",") + "}"
}

private let header = #"{"alg":"RS256","kid":"k1","typ":"JWT"}"#

private func serverKeys() throws -> JWKSet {
    try keySet(
        try SigningKey.server.jwk(#""kid":"k1","use":"sig","alg":"RS256""#),
        try SigningKey.stranger.jwk(#""kid":"k2""#))
}

private func verify(
    _ token: String, keys: JWKSet, issuer: ExpectedIssuer = .exactly("https://id.example"), nonce: String? = "n-1",
    now: Int64 = now
) async throws(IDTokenError) -> IDTokenClaims {
    try await IDToken.verify(
        SecretBytes(utf8: token), keys: keys, issuer: issuer, clientID: "client", nonce: nonce, now: now)
}

@Suite("Id tokens that prove who a user is")
struct GenuineIDTokenTests {
    @Test("The claims of a genuine token are read")
    func claims() async throws {
        let more =
            #""email":"a@example.com","email_verified":true,"name":"Zoë","preferred_username":"zoe","tid":"t","oid":"o","#
            + #""hd":"example.com","nested":{"x":[7]},"bad":"a\u0007b""#
        let claims = try await verify(
            try token(header, payload("", "", more), signedBy: .server), keys: try serverKeys())
        #expect(claims.issuer == "https://id.example")
        #expect(claims.subject == "user-1")
        #expect(claims.email == "a@example.com")
        #expect(claims.isEmailVerified == true)
        #expect(claims.name == "Zoë")
        #expect(claims.preferredUsername == "zoe")
        #expect(claims.tenantID == "t")
        #expect(claims.objectID == "o")
        #expect(claims.hostedDomain == "example.com")
        #expect(claims.root["nested"]?["x"]?.element(at: 0)?.int == 7)
        #expect(claims.text("bad") == nil)
        #expect(claims.text("none") == nil)
    }

    @Test(
        "email_verified may be a word, and unknown is not false",
        arguments: [
            (#""true""#, true as Bool?), (#""false""#, false), ("false", false), (#""yes""#, nil), ("1", nil),
        ])
    func emailVerified(value: String, expected: Bool?) async throws {
        let claims = try await verify(
            try token(header, payload("email_verified", value), signedBy: .server), keys: try serverKeys())
        #expect(claims.isEmailVerified == expected)
    }

    @Test(
        "Every algorithm with a public key is understood",
        arguments: ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
    func rsa(algorithm: String) async throws {
        let keys = try keySet(try SigningKey.server.jwk(#""kid":"k1""#))
        let signed = try token(#"{"alg":"\#(algorithm)","kid":"k1"}"#, payload(), signedBy: .server, as: algorithm)
        let claims = try await verify(signed, keys: keys)
        #expect(claims.subject == "user-1")
    }

    @Test(
        "So are elliptic curves",
        arguments: [("ES256", SigningKey.p256(.init())), ("ES384", .p384(.init()))])
    func ellipticCurves(algorithm: String, key: SigningKey) async throws {
        let keys = try keySet(try SigningKey.server.jwk(#""kid":"k1""#), try key.jwk(#""kid":"k1""#))
        let signed = try token(#"{"alg":"\#(algorithm)","kid":"k1"}"#, payload(), signedBy: key, as: algorithm)
        let claims = try await verify(signed, keys: keys)
        #expect(claims.subject == "user-1")
    }

    @Test("Without a key id the only key that fits is meant")
    func noKeyID() async throws {
        let signed = try token(#"{"alg":"RS256"}"#, payload(), signedBy: .server)
        let one = try keySet(
            try SigningKey.p256(.init()).jwk(#""kid":"e""#), try SigningKey.server.jwk(#""use":"sig""#))
        let claims = try await verify(signed, keys: one)
        #expect(claims.subject == "user-1")
        await #expect(throws: IDTokenError.unknownKey) { _ = try await verify(signed, keys: try serverKeys()) }
    }

    @Test("Several audiences are fine where this client is the party; without a request's nonce none is needed")
    func audiences() async throws {
        for (audience, more) in [
            (#"["client"]"#, ""), (#"["api","client"]"#, #""azp":"client""#), (#""client""#, #""azp":"client""#),
        ] {
            let signed = try token(header, payload("aud", audience, more), signedBy: .server)
            let claims = try await verify(signed, keys: try serverKeys())
            #expect(claims.subject == "user-1")
        }
        let bare = try token(header, payload("nonce", ""), signedBy: .server)
        let claims = try await verify(bare, keys: try serverKeys(), nonce: nil)
        #expect(claims.subject == "user-1")
    }

    @Test("Clocks may be a minute apart", arguments: [now + 359, now - 60])
    func leeway(now: Int64) async throws {
        let claims = try await verify(
            try token(header, payload(), signedBy: .server), keys: try serverKeys(), now: now)
        #expect(claims.subject == "user-1")
    }
}

@Suite("Id tokens that prove nothing")
struct ForgedIDTokenTests {
    @Test(
        "A claim that is wrong or missing is named",
        arguments: [
            ("iss", #""https://evil.example""#, "", IDTokenError.otherIssuer),
            ("iss", #""https://id.example/""#, "", .otherIssuer),
            ("iss", "", "", .missing("iss")), ("iss", "1", "", .missing("iss")),
            ("sub", "", "", .missing("sub")), ("sub", #""""#, "", .missing("sub")),
            ("aud", "", "", .missing("aud")), ("aud", #""other""#, "", .otherAudience),
            ("aud", #"["other"]"#, "", .otherAudience), ("aud", "[]", "", .otherAudience),
            ("aud", #"["client","other"]"#, "", .otherParty),
            ("aud", #"["client","other"]"#, #""azp":"other""#, .otherParty),
            ("azp", #""other""#, "", .otherParty), ("azp", "7", "", .otherParty),
            ("nonce", "", "", .missing("nonce")), ("nonce", #""n-2""#, "", .otherNonce),
            ("nonce", "null", "", .otherNonce),
            ("exp", "", "", .missing("exp")), ("exp", "null", "", .missing("exp")),
            ("exp", #""soon""#, "", .malformed), ("exp", "\(now - 60)", "", .expired), ("exp", "0", "", .expired),
            ("exp", "-1e300", "", .expired), ("iat", "\(now + 61)", "", .notYetValid),
            ("nbf", "\(now + 61)", "", .notYetValid), ("nbf", "1e300", "", .notYetValid),
        ])
    func claims(name: String, value: String, more: String, error: IDTokenError) async throws {
        let signed = try token(header, payload(name, value, more), signedBy: .server)
        let keys = try serverKeys()
        await #expect(throws: error) { _ = try await verify(signed, keys: keys) }
        #expect(!error.description.isEmpty)
        #expect(error.slug.hasPrefix("id_token_"))
    }

    @Test(
        "No algorithm without a public key is ever used",
        arguments: ["none", "None", "NONE", "HS256", "HS384", "HS512", "EdDSA", "RSA-OAEP", "rs256", ""])
    func algorithms(name: String) async throws {
        let keys = try serverKeys()
        let unsigned = try token(#"{"alg":"\#(name)","kid":"k1"}"#, payload(), signedBy: .none)
        await #expect(throws: IDTokenError.algorithmRefused) { _ = try await verify(unsigned, keys: keys) }
    }

    @Test("A token signed with the public key as a shared secret is refused, even if the set has such a secret")
    func confusion() async throws {
        guard case .rsa(let key) = SigningKey.server else { return }
        let secret = SigningKey.hmac(Array(key.publicKey.pemRepresentation.utf8))
        let keys = try keySet(
            try SigningKey.server.jwk(#""kid":"k1""#), try secret.jwk(#""kid":"k1","alg":"HS256""#))
        let signed = try token(#"{"alg":"HS256","kid":"k1"}"#, payload(), signedBy: secret)
        await #expect(throws: IDTokenError.algorithmRefused) { _ = try await verify(signed, keys: keys) }
        let claimed = try token(header, payload(), signedBy: secret)
        await #expect(throws: IDTokenError.badSignature) { _ = try await verify(claimed, keys: keys) }
    }

    @Test(
        "The key is the one that the token names, and may do what the token says",
        arguments: [
            (#"{"alg":"RS256","kid":"k9"}"#, "RS256", IDTokenError.unknownKey),
            (#"{"alg":"RS256","kid":""}"#, "RS256", .unknownKey),
            (#"{"alg":"RS256","kid":"k2"}"#, "RS256", .badSignature),
            (#"{"alg":"RS384","kid":"k1"}"#, "RS384", .unknownKey),
            (#"{"alg":"PS256","kid":"k1"}"#, "PS256", .unknownKey),
            (#"{"alg":"ES256","kid":"k1"}"#, "RS256", .unknownKey),
        ])
    func keys(header: String, algorithm: String, error: IDTokenError) async throws {
        let signed = try token(header, payload(), signedBy: .server, as: algorithm)
        let keys = try serverKeys()
        await #expect(throws: error) { _ = try await verify(signed, keys: keys) }
    }

    @Test(
        "A key that is not for verifying verifies nothing",
        arguments: [#""use":"enc""#, #""key_ops":["sign"]"#, #""key_ops":"verify""#, #""alg":"RS512""#])
    func useless(members: String) async throws {
        let keys = try keySet(try SigningKey.server.jwk(#""kid":"k1","# + members))
        let signed = try token(header, payload(), signedBy: .server)
        await #expect(throws: IDTokenError.unknownKey) { _ = try await verify(signed, keys: keys) }
    }

    @Test("A signature of another key, of other words or of none at all is bad")
    func signatures() async throws {
        let keys = try serverKeys()
        let genuine = try token(header, payload(), signedBy: .server).split(separator: ".").map(String.init)
        let forged = [
            try token(header, payload(), signedBy: .stranger),
            [genuine[0], base64(payload("sub", #""admin""#).utf8), genuine[2]].joined(separator: "."),
            [base64((header + " ").utf8), genuine[1], genuine[2]].joined(separator: "."),
            [genuine[0], genuine[1], ""].joined(separator: "."),
            [genuine[0], genuine[1], "AAAA"].joined(separator: "."),
        ]
        for token in forged {
            await #expect(throws: IDTokenError.badSignature) { _ = try await verify(token, keys: keys) }
        }
        let curve = SigningKey.p256(.init())
        let curveKeys = try keySet(try curve.jwk(#""kid":"k1""#))
        for signature in ["", base64([UInt8](repeating: 0, count: 64)), base64([1, 2, 3])] {
            let text = base64(#"{"alg":"ES256","kid":"k1"}"#.utf8) + "." + genuine[1] + "." + signature
            await #expect(throws: IDTokenError.badSignature) { _ = try await verify(text, keys: curveKeys) }
        }
    }

    @Test(
        "What is no signed token is malformed",
        arguments: [
            "", ".", "..", "a.b", "a.b.c", "a.b.c.d", "e30.e30.e30", "e30..",
            base64(#"{"alg":7}"#.utf8) + ".e30.AA", base64(#"{"alg":"RS256","kid":5}"#.utf8) + ".e30.AA",
            base64(#"{"alg":"RS256","alg":"none"}"#.utf8) + ".e30.AA",
            base64(#"{"alg":"RS256","crit":["b64"],"b64":false}"#.utf8) + ".e30.AA",
            base64(#"{"alg":"RS256"}"#.utf8) + ".W10.AA", base64(#"{"alg":"RS256"}"#.utf8) + ".e30.A",
            base64(#"{"alg":"RS256"}"#.utf8) + ".e30.A A",
        ])
    func malformed(token: String) async throws {
        let keys = try serverKeys()
        await #expect(throws: IDTokenError.malformed) { _ = try await verify(token, keys: keys) }
    }

    @Test("A token beyond all size is not looked at")
    func oversize() async throws {
        let keys = try serverKeys()
        let signed = try token(
            header, payload("pad", "\"" + String(repeating: "a", count: 60_000) + "\""), signedBy: .server)
        await #expect(throws: IDTokenError.tooLarge) { _ = try await verify(signed, keys: keys) }
    }
}

@Suite("Id tokens of Microsoft's tenants")
struct TenantIDTokenTests {
    private let template = "https://login.microsoftonline.com/{tenantid}/v2.0"
    private let tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47"

    private func verify(tid: String, iss: String, keyIssuer: String?) async throws(IDTokenError) -> IDTokenClaims {
        let issuer = keyIssuer.map { #","issuer":"\#($0)""# } ?? ""
        let signed: String
        let keys: JWKSet
        do {
            keys = try keySet(try SigningKey.server.jwk(#""kid":"k1""# + issuer))
            signed = try token(header, payload("iss", #""\#(iss)""#, #""tid":"\#(tid)""#), signedBy: .server)
        } catch {
            throw .malformed
        }
        return try await SignedTokensTests.verify(signed, keys: keys, issuer: .perTenant(template))
    }

    private func issuer(_ tenant: String) -> String { template.replacing("{tenantid}", with: tenant) }

    @Test("The tenant of the token fills the issuer, whether or not the key says so too")
    func tenants() async throws {
        for keyIssuer in [nil, template, issuer(tenant)] {
            let claims = try await verify(tid: tenant, iss: issuer(tenant), keyIssuer: keyIssuer)
            #expect(claims.tenantID == tenant)
        }
    }

    @Test("Another tenant's name, a key of another tenant's, and a tenant that is a path are refused")
    func refusals() async throws {
        let other = "9188040d-6c67-4c5b-b112-36a304b66dad"
        await #expect(throws: IDTokenError.otherIssuer) {
            _ = try await verify(tid: tenant, iss: issuer(other), keyIssuer: nil)
        }
        await #expect(throws: IDTokenError.otherIssuer) {
            _ = try await verify(tid: tenant, iss: issuer(tenant), keyIssuer: issuer(other))
        }
        for path in ["../evil", "", String(repeating: "/", count: 36), "{tenantid}"] {
            await #expect(throws: IDTokenError.missing("tid")) {
                _ = try await verify(tid: path, iss: issuer(path), keyIssuer: nil)
            }
        }
    }
}
