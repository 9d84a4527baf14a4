internal import JSON
internal import JWTKit

/// One public key of a set (RFC 7517 section 4, RFC 7518 section 6), its parts still as base64url.
struct VerificationKey: Sendable, Equatable {
    enum Material: Sendable, Equatable {
        case rsa(modulus: String, exponent: String)
        case ellipticCurve(name: String, x: String, y: String)
    }

    let keyID: String?
    /// The one algorithm that the key is for, if it says so.
    let algorithm: String?
    /// Microsoft's: the issuer that alone may sign with this key, or a template for many.
    let issuer: String?
    let material: Material

    /// 8192 bits; a longer modulus would only cost time.
    private static let maximumModulusLength = 1366

    /// Nil for a symmetric key, one that is not for signatures, or one with parts missing. Private parts are not read.
    init?(_ key: JSONValue) {
        guard key.kind == .object, Self.isForSignatures(key), let material = Self.material(key) else { return nil }
        self.material = material
        self.keyID = Self.text(key["kid"])
        self.algorithm = Self.text(key["alg"])
        self.issuer = Self.text(key["issuer"])
    }

    /// Whether the key can and may verify signatures of `algorithm`.
    func fits(_ algorithm: SignatureAlgorithm) -> Bool {
        guard self.algorithm == nil || self.algorithm == algorithm.rawValue else { return false }
        return switch material {
        case .rsa: algorithm.curve == nil
        case .ellipticCurve(let name, _, _): algorithm.curve == name
        }
    }

    /// The key in the form that verifies, bound to `algorithm`; nil where its numbers are no key. RSA keys of less than
    /// 2048 bits are none.
    func verifier(_ algorithm: SignatureAlgorithm) async -> (any JWTAlgorithm)? {
        let name = JWK.Algorithm(rawValue: algorithm.rawValue)
        let identifier = JWKIdentifier(string: "key")
        let key: JWK =
            switch material {
            case .rsa(let modulus, let exponent):
                .rsa(name, identifier: identifier, modulus: modulus, exponent: exponent)
            case .ellipticCurve(let curve, let x, let y):
                .ecdsa(name, identifier: identifier, x: x, y: y, curve: ECDSACurve(rawValue: curve))
            }
        // A collection of this key alone: one of all keys would take its first for a key id that it does not know.
        let keys = JWTKeyCollection()
        _ = try? await keys.add(jwk: key)
        return try? await keys.getKey(for: identifier, alg: algorithm.rawValue)
    }

    private static func isForSignatures(_ key: JSONValue) -> Bool {
        if let use = key["use"], !use.equals("sig") { return false }
        guard let operations = key["key_ops"] else { return true }
        return operations.elements.contains { $0.equals("verify") }
    }

    private static func material(_ key: JSONValue) -> Material? {
        switch text(key["kty"]) {
        case "RSA":
            guard let modulus = number(key["n"]), let exponent = number(key["e"]), exponent.utf8.count <= 8 else {
                return nil
            }
            return .rsa(modulus: modulus, exponent: exponent)
        case "EC":
            guard let name = text(key["crv"]), let x = number(key["x"]), let y = number(key["y"]) else { return nil }
            return .ellipticCurve(name: name, x: x, y: y)
        default:
            return nil
        }
    }

    private static func number(_ member: JSONValue?) -> String? {
        guard let length = member?.utf8Count, (1...maximumModulusLength).contains(length) else { return nil }
        return member?.string
    }

    private static func text(_ member: JSONValue?) -> String? {
        guard let length = member?.utf8Count, length <= 512 else { return nil }
        return member?.string
    }
}
