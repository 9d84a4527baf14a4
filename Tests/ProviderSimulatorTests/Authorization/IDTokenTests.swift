internal import Crypto
internal import CryptoExtras
import ProviderSimulator
import Testing

@Suite("The simulated provider's id tokens")
struct IDTokenTests {
    private func idToken(_ forgery: AuthorizationServer.IDTokenForgery? = nil) throws -> (ProviderTrial, String) {
        var trial = ProviderTrial(.microsoft)
        trial.server.idTokenForgery = forgery
        let token = try #require(trial.connect().string("id_token"))
        return (trial, token)
    }

    /// Whether the key that is published under the token's `kid` verifies it.
    private func isSigned(_ token: String, by trial: inout ProviderTrial) throws -> Bool {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        let header = String(decoding: base64Decoded(parts[0]), as: UTF8.self)
        let keys = trial.respond(.init(method: "GET", path: "/jwks"))
        guard member("alg", of: header) == "\"RS256\"", member("kid", of: header) == keys.member("kid") else {
            return false
        }
        let modulus = try #require(keys.string("n"))
        let exponent = try #require(keys.string("e"))
        let key = try _RSA.Signing.PublicKey(n: base64Decoded(modulus), e: base64Decoded(exponent))
        let signature = _RSA.Signing.RSASignature(rawRepresentation: base64Decoded(parts[2]))
        let digest = SHA256.hash(data: Array("\(parts[0]).\(parts[1])".utf8))
        return key.isValidSignature(signature, for: digest, padding: .insecurePKCS1v1_5)
    }

    @Test("One is signed by a published key and says who, for whom, when and in answer to what")
    func claims() throws {
        var (trial, token) = try idToken()
        #expect(try isSigned(token, by: &trial))
        #expect(claim("iss", of: token) == "http://127.0.0.1:1/microsoft")
        #expect(claim("sub", of: token) == "sub-ada")
        #expect(claim("aud", of: token) == "app")
        #expect(claim("iat", of: token) == "784111777")
        #expect(claim("exp", of: token) == String(784_111_777 + 3600))
        #expect(claim("nonce", of: token) == "no")
        #expect(claim("email", of: token) == "ada@home.example")
        #expect(claim("name", of: token) == "Ada")
        #expect(claim("oid", of: token) == "sub-ada" && claim("tid", of: token) != nil)
    }

    @Test("Its at_hash is of the access token beside it")
    func accessTokenHash() throws {
        var trial = ProviderTrial(.google)
        let answer = try trial.connect()
        let hash = SHA256.hash(data: Array((answer.string("access_token") ?? "").utf8))
        #expect(base64Decoded(claim("at_hash", of: answer.string("id_token")) ?? "") == Array(hash.prefix(16)))
    }

    @Test("A refreshed one has no nonce, and claims come with their scopes")
    func scopes() throws {
        var trial = ProviderTrial(.xero)
        let first = try trial.connect(["scope": "offline_access openid"])
        #expect(claim("email", of: first.string("id_token")) == nil)
        #expect(claim("name", of: first.string("id_token")) == nil)
        #expect(claim("xero_userid", of: first.string("id_token")) == "sub-ada")
        let second = trial.refresh(first.string("refresh_token")).string("id_token")
        #expect(second != nil && claim("nonce", of: second) == nil)
    }

    struct Forgery: CustomTestStringConvertible, Sendable {
        var forgery: AuthorizationServer.IDTokenForgery
        var isSigned = true
        var claim = ""
        var value = ""

        var testDescription: String { "\(forgery)" }
    }

    @Test(
        "Each forgery is wrong in one thing and right in the rest",
        arguments: [
            Forgery(forgery: .unsigned, isSigned: false), Forgery(forgery: .signature, isSigned: false),
            Forgery(forgery: .unknownKey, isSigned: false),
            Forgery(forgery: .issuer, claim: "iss", value: "https://forged.example"),
            Forgery(forgery: .audience, claim: "aud", value: "sim_another_client"),
            Forgery(forgery: .nonce, claim: "nonce", value: "forged"),
            Forgery(forgery: .expired, claim: "exp", value: String(784_111_777 - 3600)),
        ])
    func forgeries(_ row: Forgery) throws {
        var (trial, token) = try idToken(row.forgery)
        #expect(try isSigned(token, by: &trial) == row.isSigned)
        let honest = try idToken().1
        for name in ["iss", "aud", "sub", "nonce", "exp"] {
            #expect(claim(name, of: token) == (name == row.claim ? row.value : claim(name, of: honest)))
        }
    }
}
