import Crypto
import CryptoExtras
import OAuth
import SecretBytes
import SignedTokens
import Testing

@Suite("Assertions that a connection's own key signs")
struct JWTBearerAssertionTests {
    private static let privateKey = try? _RSA.Signing.PrivateKey(keySize: .bits2048)

    private func pem() throws -> SecretBytes { SecretBytes(utf8: try #require(Self.privateKey).pkcs8PEMRepresentation) }

    /// Header and claims of an assertion whose signature holds.
    private func verified(_ assertion: borrowing SecretBytes) throws -> [String] {
        let parts = plain(assertion).split(separator: ".").map(String.init)
        try #require(parts.count == 3)
        let decoded = try parts.map { part -> [UInt8] in
            var buffer = SecretBuffer()
            try #require(Base64.decodeURLSafe(part.utf8.span, into: &buffer))
            return buffer.withBytes { span in span.indices.map { span[$0] } }
        }
        let key = try #require(Self.privateKey).publicKey
        let digest = SHA256.hash(data: Array((parts[0] + "." + parts[1]).utf8))
        let signature = _RSA.Signing.RSASignature(rawRepresentation: decoded[2])
        #expect(key.isValidSignature(signature, for: digest, padding: .insecurePKCS1v1_5))
        return decoded[..<2].map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("As Google wants it: scopes inside, an hour, and which key signed")
    func google() throws {
        var assertion = JWTBearerAssertion(issuer: "robot@p-1.example", audience: "https://oauth2.googleapis.com/token")
        assertion.scopes = ["a", "b"]
        assertion.keyID = "kid-1"
        assertion.subject = "a\"b@example.com"
        let parts = try verified(try assertion.sign(privateKey: try pem(), now: 1_763_683_200))
        #expect(parts[0] == #"{"alg":"RS256","typ":"JWT","kid":"kid-1"}"#)
        #expect(
            parts[1]
                == #"{"iss":"robot@p-1.example","sub":"a\"b@example.com","aud":"https://oauth2.googleapis.com/token","#
                + #""scope":"a b","iat":1763683200,"exp":1763686800}"#)
    }

    @Test("As any other server wants it, with a PKCS #1 key")
    func generic() throws {
        var assertion = JWTBearerAssertion(issuer: "client", audience: "https://login.example")
        assertion.subject = "user"
        assertion.lifetime = 180
        assertion.tokenID = "j-1"
        let pem = SecretBytes(utf8: try #require(Self.privateKey).pemRepresentation)
        let parts = try verified(try assertion.sign(privateKey: pem, now: 1))
        #expect(parts[0] == #"{"alg":"RS256","typ":"JWT"}"#)
        #expect(
            parts[1] == #"{"iss":"client","sub":"user","aud":"https://login.example","iat":1,"exp":181,"jti":"j-1"}"#)
    }

    /// What checking the key, and signing with it, throws.
    private func refusals(_ pem: String) -> [AssertionError?] {
        let key = SecretBytes(utf8: pem)
        var thrown: [AssertionError?] = [nil, nil]
        do throws(AssertionError) { try JWTBearerAssertion.check(privateKey: key) } catch { thrown[0] = error }
        do throws(AssertionError) {
            _ = try JWTBearerAssertion(issuer: "i", audience: "a").sign(privateKey: key, now: 0)
        } catch { thrown[1] = error }
        return thrown
    }

    @Test("A key that can sign is found to be one")
    func usable() throws {
        #expect(refusals(try #require(Self.privateKey).pkcs8PEMRepresentation) == [nil, nil])
        #expect(refusals(try #require(Self.privateKey).pemRepresentation + "\n") == [nil, nil])
    }

    @Test(
        "A text that is no usable key is refused",
        arguments: [
            ("-----BEGIN", "-----START"), ("-----END", "-----STOP"), ("BEGIN PRIVATE", "BEGIN ENCRYPTED PRIVATE"),
            ("-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----!"),
            ("-----BEGIN PRIVATE KEY-----\n", "-----BEGIN PRIVATE KEY-----\nAAAA"),
        ])
    func damaged(part: String, other: String) throws {
        let pem = try #require(Self.privateKey).pkcs8PEMRepresentation
        #expect(refusals(pem.replacing(part, with: other)) == [.privateKey, .privateKey])
    }

    @Test("A key of too few bits, or of another kind, is refused")
    func weakKeys() throws {
        let weak = try _RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: 1024)).pkcs8PEMRepresentation
        for pem in [weak, P256.Signing.PrivateKey().pemRepresentation, "", String(repeating: "A", count: 40_000)] {
            #expect(refusals(pem) == [.privateKey, .privateKey])
        }
    }

    @Test("Who signs and for whom must be said")
    func missingClaims() throws {
        let key = try pem()
        for (issuer, audience, claim) in [("", "a", "iss"), ("i", "", "aud")] {
            #expect(throws: AssertionError.missing(claim)) {
                _ = try JWTBearerAssertion(issuer: issuer, audience: audience).sign(privateKey: key, now: 0)
            }
        }
    }
}
