internal import Crypto
internal import CryptoExtras

/// An RSA key that signs id tokens with RS256 (RFC 7518 section 3.3). It proves nothing outside of the simulator.
package struct SigningKey: Sendable {
    /// The `kid` of its tokens and of its public half.
    package let id: String
    private let key: _RSA.Signing.PrivateKey

    /// Makes a new key of 2048 bits, which takes a moment.
    package init(id: String) {
        self.id = id
        do {
            key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
        } catch {
            preconditionFailure("BoringSSL makes no RSA key of 2048 bits: it is broken, and nothing here can go on")
        }
    }

    /// One for the whole process, made when it is first needed.
    package static let simulated = SigningKey(id: "sim_key_1")

    func signature(of text: String) -> [UInt8] {
        do {
            let digest = SHA256.hash(data: Array(text.utf8))
            return Array(try key.signature(for: digest, padding: .insecurePKCS1v1_5).rawRepresentation)
        } catch {
            preconditionFailure("BoringSSL signs nothing with a key that it made itself")
        }
    }

    /// The public half as a JSON Web Key (RFC 7517).
    var publicJSON: JSONValue {
        do {
            let numbers = try key.publicKey.getKeyPrimitives()
            return .object([
                .init("kty", .string("RSA")), .init("use", .string("sig")), .init("alg", .string("RS256")),
                .init("kid", .string(id)), .init("n", .string(Base64.encodeForURL(Array(numbers.modulus)))),
                .init("e", .string(Base64.encodeForURL(Array(numbers.publicExponent)))),
            ])
        } catch {
            preconditionFailure("BoringSSL does not know the numbers of a key that it made itself")
        }
    }
}
