import Crypto
import CryptoExtras
import FoundationEssentials
import OAuth
import SecretBytes
import SignedTokens

/// A key that test tokens are signed with, made for this run.
enum SigningKey: Sendable {
    case rsa(_RSA.Signing.PrivateKey)
    case p256(P256.Signing.PrivateKey)
    case p384(P384.Signing.PrivateKey)
    case hmac([UInt8])
    case none

    static let server: SigningKey = rsaKey()
    static let stranger: SigningKey = rsaKey()

    private static func rsaKey() -> SigningKey {
        guard let key = try? _RSA.Signing.PrivateKey(keySize: .bits2048) else { return .none }
        return .rsa(key)
    }

    func signature(_ algorithm: String, _ text: [UInt8]) throws -> [UInt8] {
        switch self {
        case .rsa(let key):
            let padding: _RSA.Signing.Padding = algorithm.hasPrefix("PS") ? .PSS : .insecurePKCS1v1_5
            return switch algorithm.suffix(3) {
            case "384": Array(try key.signature(for: SHA384.hash(data: text), padding: padding).rawRepresentation)
            case "512": Array(try key.signature(for: SHA512.hash(data: text), padding: padding).rawRepresentation)
            default: Array(try key.signature(for: SHA256.hash(data: text), padding: padding).rawRepresentation)
            }
        case .p256(let key): return Array(try key.signature(for: text).rawRepresentation)
        case .p384(let key): return Array(try key.signature(for: text).rawRepresentation)
        case .hmac(let secret):
            return Array(HMAC<SHA256>.authenticationCode(for: text, using: SymmetricKey(data: secret)))
        case .none: return []
        }
    }

    /// The public part as a JWK, with more members in front of it.
    func jwk(_ members: String) throws -> String {
        switch self {
        case .rsa(let key):
            let parts = try key.publicKey.getKeyPrimitives()
            return #"{\#(members),"kty":"RSA","n":"\#(base64(parts.modulus))","e":"\#(base64(parts.publicExponent))"}"#
        case .p256(let key):
            let point = key.publicKey.rawRepresentation
            return
                #"{\#(members),"kty":"EC","crv":"P-256","x":"\#(base64(point.prefix(32)))","y":"\#(base64(point.suffix(32)))"}"#
        case .p384(let key):
            let point = key.publicKey.rawRepresentation
            return
                #"{\#(members),"kty":"EC","crv":"P-384","x":"\#(base64(point.prefix(48)))","y":"\#(base64(point.suffix(48)))"}"#
        case .hmac(let secret):
            return #"{\#(members),"kty":"oct","k":"\#(base64(secret))"}"#
        case .none: return "{}"
        }
    }
}

func base64(_ bytes: some Sequence<UInt8>) -> String {
    var buffer = SecretBuffer()
    let bytes = Array(bytes)
    Base64.encodeURLSafe(bytes.span, into: &buffer)
    return plain(buffer.bytes())
}

func plain(_ bytes: borrowing SecretBytes) -> String {
    bytes.withBytes { span in
        String(decoding: span.indices.map { span[$0] }, as: UTF8.self)
    }
}

func token(_ header: String, _ payload: String, signedBy key: SigningKey, as algorithm: String = "RS256") throws
    -> String
{
    let text = base64(header.utf8) + "." + base64(payload.utf8)
    return text + "." + base64(try key.signature(algorithm, Array(text.utf8)))
}

func keySet(_ keys: String...) throws -> JWKSet {
    let json = #"{"keys":[\#(keys.joined(separator: ","))]}"#
    return try JWKSet(json.utf8.span)
}
