import ConnectedAccounts
import JSON
package import SecretBytes

/// What a connection signs its assertions with (RFC 7523 section 3).
package struct SigningKey: ~Copyable, Sendable {
    /// PEM; whether it is a usable key is not known before it is used.
    package let privateKey: SecretBytes
    /// `kid`
    package var keyID: String?
    /// `iss`; nil: the auth config's client id.
    package var issuer: String?
    /// `sub`; nil: the issuer acts in its own name.
    package var subject: String?
    /// `aud`; nil: the token endpoint.
    package var audience: String?

    init(privateKey: consuming SecretBytes) {
        self.privateKey = privateKey
    }

    /// Whose tokens it brings, if it says so.
    var principal: String? { subject ?? issuer }

    /// Gives the private key up; the rest is gone.
    package consuming func takePrivateKey() -> SecretBytes { privateKey }
}

extension SigningKey {
    /// The longest of the names, in bytes.
    private static var maximumLength: Int { 1024 }

    /// Reads the members of a `JWT_BEARER` credential.
    static func read(_ root: JSONValue) throws(ImportedCredentialsError) -> SigningKey {
        var key = SigningKey(privateKey: try privateKey(root["private_key"]))
        key.keyID = try name(root["key_id"], "key_id")
        key.issuer = try name(root["issuer"], "issuer")
        key.subject = try name(root["subject"], "subject")
        key.audience = try name(root["audience"], "audience")
        return key
    }

    /// Reads the key file of a Google service account. Its addresses are not looked at: where tokens come from is the
    /// auth config's to say.
    static func read(serviceAccount file: JSONValue) throws(ImportedCredentialsError) -> SigningKey {
        guard isServiceAccount(file) else { throw .notAServiceAccount }
        guard let email = try name(file["client_email"], "client_email") else { throw .missing("client_email") }
        var key = SigningKey(privateKey: try privateKey(file["private_key"]))
        key.issuer = email
        key.keyID = try name(file["private_key_id"], "private_key_id")
        return key
    }

    /// Whether a JSON text is such a key file.
    static func isServiceAccount(_ root: JSONValue) -> Bool {
        root.kind == .object && root["type"]?.equals("service_account") == true
    }

    private static func privateKey(_ value: JSONValue?) throws(ImportedCredentialsError) -> SecretBytes {
        guard let value, !value.isNull else { throw .missing("private_key") }
        guard value.withString({ $0.hasPEMBegin }) == true, let pem = value.secret() else {
            throw .wrongType(member: "private_key", expected: "a private key as PEM, with its BEGIN and END lines")
        }
        return pem
    }

    static func name(_ value: JSONValue?, _ member: String) throws(ImportedCredentialsError) -> String? {
        guard let value, !value.isNull else { return nil }
        guard let text = value.string, (1...maximumLength).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else { throw .wrongType(member: member, expected: "a string without spaces, at most \(maximumLength) bytes") }
        return text
    }
}

extension Span<UInt8> {
    /// RFC 7468 section 2.
    var hasPEMBegin: Bool {
        let begin = "-----BEGIN ".utf8.span
        return count > begin.count && begin.indices.allSatisfy { self[$0] == begin[$0] }
    }
}
