internal import JWTKit

/// The signature algorithms of id tokens that are accepted (RFC 7518 section 3.1): those with a public key. `none` and
/// the HMAC family are not among them, so neither can ever be chosen by a token.
enum SignatureAlgorithm: String, CaseIterable, Sendable {
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"

    /// The curve that an ECDSA algorithm is bound to (RFC 7518 section 3.4); nil for RSA.
    var curve: String? {
        switch self {
        case .es256: "P-256"
        case .es384: "P-384"
        case .es512: "P-521"
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: nil
        }
    }
}
