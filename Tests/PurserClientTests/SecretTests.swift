import SecretBytes
import Testing

@testable import PurserClient

struct SecretTests {
    private let secret = Secret(SecretBytes(utf8: "gho_live"))

    @Test func aSecretShowsItselfNowhere() throws {
        let account = try account(secret)
        var dumped = ""
        dump(account, to: &dumped)
        let header = Credentials.Header(name: "Authorization", value: secret)
        let texts = [
            "\(secret)", String(reflecting: secret), String(describing: Optional(secret)), "\([secret])", "\(account)",
            "\(header)", String(reflecting: account), dumped,
        ]
        for text in texts {
            #expect(!text.contains("gho_live"))
            #expect(text.contains("<redacted>"))
        }
    }

    @Test func aSecretIsLentAsBytesAndAsAString() {
        let bytes = secret.withBytes { bytes in bytes.indices.map { bytes[$0] } }
        #expect(bytes == Array("gho_live".utf8))
        #expect(secret.withString { $0 } == "gho_live")
        #expect(secret.count == 8)
    }

    @Test func secretsAreEqualByTheirBytes() {
        #expect(secret == Secret(SecretBytes(utf8: "gho_live")))
        #expect(secret != Secret(SecretBytes(utf8: "gho_dead")))
        #expect(secret != Secret(SecretBytes(utf8: "gho_liv")))
    }

    private func account(_ secret: Secret) throws -> Account {
        Account(
            connectionID: "con_1", accountIdentifier: "octocat", displayName: "The Octocat", provider: "github",
            toolkit: "github", credential: .accessToken(secret), accessTokenExpiresAt: nil, scopes: [],
            connectedAt: Timestamp(unixSeconds: 0), status: .active, statusReason: nil, generation: 1,
            clientSecret: nil,
            details: [:])
    }
}
