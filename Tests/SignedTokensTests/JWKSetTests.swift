import OAuth
import SecretBytes
import SignedTokens
import Testing

@Suite("A server's key set")
struct JWKSetTests {
    private func read(_ body: String, status: Int = 200) throws -> JWKSet {
        try JWKSet.read(ProviderResponse(status: status, body: SecretBytes(utf8: body)))
    }

    @Test("It is asked for at its address")
    func request() throws {
        let request = try JWKSet.request(from: "https://id.example/keys")
        #expect(request.method == .get)
        #expect(request.url == "https://id.example/keys")
        #expect(throws: JWKSetError.address(.notSecure)) { _ = try JWKSet.request(from: "http://id.example/keys") }
    }

    @Test(
        "What is no set is refused",
        arguments: [
            ("", 200, JWKSetError.notASet), ("[]", 200, .notASet), ("{}", 200, .notASet),
            (#"{"keys":{}}"#, 200, .notASet), ("<html>", 200, .notASet), (#"{"keys":[]}"#, 404, .status(404)),
            (#"{"keys":["# + String(repeating: "1,", count: 100) + "1]}", 200, .tooLarge),
            (String(repeating: " ", count: 300_000), 200, .tooLarge),
        ])
    func refusals(body: String, status: Int, error: JWKSetError) {
        #expect(throws: error) { _ = try read(body, status: status) }
        #expect(!error.description.isEmpty)
    }

    @Test("A key that cannot be used does not spoil the others")
    func mixed() async throws {
        let good = try SigningKey.server.jwk(#""kid":"k1""#)
        let huge = String(repeating: "A", count: 2000)
        let keys = try read(
            #"{"keys":[1,null,{},{"kty":"RSA"},{"kty":"RSA","kid":"k1","n":"!!","e":"AQAB"},{"kty":"oct","k":"AA"},"#
                + #"{"kty":"RSA","kid":"k1","n":"AQAB","e":"AQAB"},{"kty":"RSA","kid":"k1","n":"\#(huge)","e":"AQAB"},"#
                + #"{"kty":"EC","kid":"k1","crv":"P-256","x":"AA","y":"AA"},\#(good)]}"#)
        let payload = #"{"iss":"i","sub":"s","aud":"c","exp":100}"#
        for (algorithm, error) in [("RS256", nil as IDTokenError?), ("ES256", .badSignature)] {
            let signed = try token(#"{"alg":"\#(algorithm)","kid":"k1"}"#, payload, signedBy: .server)
            var thrown: IDTokenError?
            do throws(IDTokenError) {
                _ = try await IDToken.verify(
                    SecretBytes(utf8: signed), keys: keys, issuer: .exactly("i"), clientID: "c", nonce: nil, now: 0)
            } catch {
                thrown = error
            }
            #expect(thrown == error)
        }
    }
}
