internal import JSON
package import SecretBytes

/// What a Google service account's key file says in public.
package struct ServiceAccount: Sendable, Equatable {
    /// `client_email`: the account's name, and its assertions' issuer.
    package let clientEmail: String
    /// `private_key_id`
    package let keyID: String?
    /// `token_uri`: the audience of assertions. A key file comes from outside: send nothing there unless the catalogue
    /// names the same address.
    package let tokenURI: String
    /// `project_id`
    package let projectID: String?

    /// The longest key file that is read, in bytes.
    package static let maximumLength = 65_536

    /// Reads the public part of a key file.
    package static func read(_ key: borrowing SecretBytes) throws(AssertionError) -> ServiceAccount {
        try ServiceAccount(document(key))
    }

    fileprivate static func document(_ key: borrowing SecretBytes) throws(AssertionError) -> JSONValue {
        let document = JSONDocument()
        let limits = JSONLimits(maxBytes: maximumLength, maxDepth: 8, maxNodes: 1024)
        guard (try? key.withBytes { try document.parse($0, limits: limits) }) != nil,
            document.root["type"]?.equals("service_account") == true
        else { throw .notAServiceAccount }
        return document.root
    }

    fileprivate init(_ root: JSONValue) throws(AssertionError) {
        guard let clientEmail = Self.text(root["client_email"]) else { throw .missing("client_email") }
        guard let tokenURI = Self.text(root["token_uri"]) else { throw .missing("token_uri") }
        self.clientEmail = clientEmail
        self.tokenURI = tokenURI
        self.keyID = Self.text(root["private_key_id"])
        self.projectID = Self.text(root["project_id"])
    }

    private static func text(_ member: JSONValue?) -> String? {
        guard let text = member?.string, (1...1024).contains(text.utf8.count) else { return nil }
        return text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? text : nil
    }
}

/// The assertion by which a Google service account is given tokens (RFC 7523, Google's server-to-server flow).
package enum ServiceAccountAssertion {
    /// An assertion good for an hour, signed RS256 by the key file `key`, for ``JWTBearerRequest``. `subject` is the user
    /// in whose name to act (domain-wide delegation), `audience` the key file's own `token_uri` unless told otherwise,
    /// `now` in seconds since 1970.
    package static func make(
        key: borrowing SecretBytes, scopes: [String], subject: String? = nil, audience: String? = nil, now: Int64
    ) throws(AssertionError) -> SecretBytes {
        let root = try ServiceAccount.document(key)
        let account = try ServiceAccount(root)
        var assertion = JWTBearerAssertion(issuer: account.clientEmail, audience: audience ?? account.tokenURI)
        assertion.scopes = scopes
        assertion.subject = subject
        assertion.keyID = account.keyID
        let signed = try root["private_key"]?.withString { (pem) throws(AssertionError) -> SecretBytes in
            try assertion.sign(pem: pem, now: now)
        }
        switch consume signed {
        case .some(let signed): return signed
        case .none: throw .missing("private_key")
        }
    }
}
