import ProviderSimulator
import Testing

@Suite("What the simulated provider says of itself")
struct DiscoveryTests {
    private func document(_ provider: SimulatedProvider) -> AuthorizationServer.Answer {
        var trial = ProviderTrial(provider)
        return trial.respond(.init(method: "GET", path: "/.well-known/openid-configuration"))
    }

    @Test("Discovery names the endpoints for people and devices, the keys, S256 and the issuer in the answer")
    func full() {
        let answer = document(.google)
        let issuer = "http://127.0.0.1:1/google"
        #expect(answer.string("issuer") == issuer)
        #expect(answer.string("authorization_endpoint") == issuer + "/authorize")
        #expect(answer.string("device_authorization_endpoint") == issuer + "/device/code")
        #expect(answer.string("jwks_uri") == issuer + "/jwks")
        #expect(answer.member("authorization_response_iss_parameter_supported") == "true")
        #expect(answer.text.contains(#""code_challenge_methods_supported":["S256"]"#))
        #expect(answer.text.contains(#""id_token_signing_alg_values_supported":["RS256"]"#))
        #expect(answer.text.contains("urn:ietf:params:oauth:grant-type:device_code"))
    }

    @Test("It names nothing that is not there")
    func partial() {
        let myob = document(.myob)
        for name in ["device_authorization_endpoint", "revocation_endpoint", "code_challenge_methods_supported"] {
            #expect(myob.member(name) == nil)
        }
        #expect(myob.member("authorization_response_iss_parameter_supported") == "false")
        #expect(document(.microsoft).member("revocation_endpoint") == nil)
    }

    @Test("The published key is the same for all that sign with it, and has no private part")
    func keys() {
        var first = ProviderTrial(.google)
        var second = ProviderTrial(.xero)
        let request = AuthorizationServer.Request(method: "GET", path: "/jwks")
        let keys = first.respond(request)
        #expect(keys.text == second.respond(request).text)
        #expect(keys.text.hasPrefix(#"{"keys":[{"kty":"RSA","use":"sig","alg":"RS256","kid":"sim_key_1","n":""#))
        #expect(keys.string("e") == "AQAB")
        #expect(keys.member("d") == nil)
        second.server.signingKey = SigningKey(id: "other")
        #expect(second.respond(request).string("kid") == "other")
        #expect(second.respond(request).string("n") != keys.string("n"))
    }
}
