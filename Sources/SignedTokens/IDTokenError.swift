/// Why an id token proves nothing. Names claims, never what they say.
package enum IDTokenError: Error, Sendable, Equatable, CustomStringConvertible {
    /// More than ``IDToken/maximumLength`` bytes.
    case tooLarge
    /// No signed token in compact form, or one with parts that cannot be read.
    case malformed
    /// `none`, an algorithm with a shared secret, or one that is not known.
    case algorithmRefused
    /// No key of the server's fits; it may have new ones.
    case unknownKey
    /// The named key did not sign this.
    case badSignature
    /// A claim that must be there is not.
    case missing(String)
    /// `iss`: made elsewhere.
    case otherIssuer
    /// `aud`: not for this client.
    case otherAudience
    /// `azp`: issued to another client, or to nobody knows which of several.
    case otherParty
    /// `nonce`: the answer to another request.
    case otherNonce
    /// `exp` is past.
    case expired
    /// From the future, as `nbf` or `iat` say.
    case notYetValid

    /// A stable name.
    package var slug: String {
        switch self {
        case .tooLarge: "id_token_too_large"
        case .malformed: "id_token_malformed"
        case .algorithmRefused: "id_token_algorithm"
        case .unknownKey: "id_token_unknown_key"
        case .badSignature: "id_token_signature"
        case .missing: "id_token_incomplete"
        case .otherIssuer: "id_token_issuer"
        case .otherAudience, .otherParty: "id_token_audience"
        case .otherNonce: "id_token_nonce"
        case .expired: "id_token_expired"
        case .notYetValid: "id_token_not_yet_valid"
        }
    }

    /// One sentence for whoever tried to connect.
    package var description: String {
        switch self {
        case .tooLarge, .malformed:
            "the provider's proof of identity cannot be read; connect again"
        case .algorithmRefused:
            "the provider's proof of identity is not signed in a way that can be checked; set its signature algorithm to RS256 or ES256 there"
        case .unknownKey, .badSignature:
            "the provider's proof of identity is not signed with its published keys; connect again, and check the issuer"
        case .missing(let claim):
            "the provider's proof of identity lacks “\(claim)”; check that the issuer is an OpenID provider"
        case .otherIssuer:
            "the proof of identity was made by another issuer; write the issuer exactly as the provider does"
        case .otherAudience, .otherParty:
            "the proof of identity was made for another app; check the client id"
        case .otherNonce:
            "the proof of identity belongs to another attempt; connect again"
        case .expired, .notYetValid:
            "the proof of identity is not valid at this time; check this machine's clock, then connect again"
        }
    }
}
