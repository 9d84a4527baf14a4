import Crypto
import CryptoExtras
import FoundationEssentials
import JSON
import OAuth
import SecretBytes
import SignedTokens
import Testing

@Suite("Assertions that a service account signs")
struct ServiceAccountTests {
    private static let privateKey = try? _RSA.Signing.PrivateKey(keySize: .bits2048)

    private func keyFile(_ pem: String? = nil, _ replaced: String = "", with other: String = "") throws -> SecretBytes {
        let key = try #require(Self.privateKey)
        let pem = (pem ?? key.pkcs8PEMRepresentation).replacing("\n", with: "\\n")
        let json = #"""
            {"type":"service_account","project_id":"p-1","private_key_id":"kid-1","private_key":"\#(pem)\n",
            "client_email":"robot@p-1.iam.gserviceaccount.com","client_id":"1",
            "token_uri":"https://oauth2.googleapis.com/token"}
            """#
        return SecretBytes(utf8: replaced.isEmpty ? json : json.replacing(replaced, with: other))
    }

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

    @Test("Google's own: scopes, an hour, and the token endpoint as audience")
    func google() throws {
        let assertion = try ServiceAccountAssertion.make(
            key: try keyFile(), scopes: ["a", "b"], now: 1_763_683_200)
        let parts = try verified(assertion)
        #expect(parts[0] == #"{"alg":"RS256","typ":"JWT","kid":"kid-1"}"#)
        #expect(
            parts[1]
                == #"{"iss":"robot@p-1.iam.gserviceaccount.com","aud":"https://oauth2.googleapis.com/token","#
                + #""scope":"a b","iat":1763683200,"exp":1763686800}"#)
    }

    @Test("In a user's name, for another audience")
    func subject() throws {
        let assertion = try ServiceAccountAssertion.make(
            key: try keyFile(), scopes: [], subject: "a\"b@example.com", audience: "https://other.example", now: 0)
        let parts = try verified(assertion)
        #expect(
            parts[1]
                == #"{"iss":"robot@p-1.iam.gserviceaccount.com","sub":"a\"b@example.com","aud":"https://other.example","#
                + #""iat":0,"exp":3600}"#)
    }

    @Test("Any other client's, with a PKCS #1 key")
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

    @Test("What the key file says in public is read without its key")
    func account() throws {
        let account = try ServiceAccount.read(try keyFile())
        #expect(account.clientEmail == "robot@p-1.iam.gserviceaccount.com")
        #expect(account.keyID == "kid-1")
        #expect(account.tokenURI == "https://oauth2.googleapis.com/token")
        #expect(account.projectID == "p-1")
    }

    @Test(
        "A file that is no usable key is refused with what to do",
        arguments: [
            ("service_account", "authorized_user", AssertionError.notAServiceAccount),
            ("{", "", .notAServiceAccount),
            ("client_email", "x", .missing("client_email")), ("robot@", "robot @", .missing("client_email")),
            ("token_uri", "x", .missing("token_uri")), ("\"private_key\"", "\"x\"", .missing("private_key")),
            ("-----BEGIN", "-----START", .privateKey), ("-----END", "-----STOP", .privateKey),
            ("BEGIN PRIVATE", "BEGIN ENCRYPTED PRIVATE", .privateKey),
            ("-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----!", .privateKey),
            ("-----BEGIN PRIVATE KEY-----\\n", "-----BEGIN PRIVATE KEY-----\\nAAAA", .privateKey),
        ])
    func refusals(part: String, other: String, error: AssertionError) throws {
        let file = try keyFile(nil, part, with: other)
        var thrown: AssertionError?
        do throws(AssertionError) {
            _ = try ServiceAccountAssertion.make(key: file, scopes: [], now: 0)
        } catch {
            thrown = error
        }
        #expect(thrown == error)
        #expect(!error.description.isEmpty)
    }

    @Test("A key of too few bits or of another kind is refused")
    func weakKeys() throws {
        let weak = try _RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: 1024)).pkcs8PEMRepresentation
        for pem in [weak, P256.Signing.PrivateKey().pemRepresentation, "", String(repeating: "A", count: 40_000)] {
            let file = try keyFile(pem)
            #expect(throws: AssertionError.privateKey) {
                _ = try ServiceAccountAssertion.make(key: file, scopes: [], now: 0)
            }
        }
    }

    @Test("A file beyond all size is none")
    func oversize() {
        let file = SecretBytes(utf8: String(repeating: " ", count: 70_000))
        #expect(throws: AssertionError.notAServiceAccount) { _ = try ServiceAccount.read(file) }
    }
}
