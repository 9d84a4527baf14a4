package import JSON

/// What a verified id token says about its user (OpenID Connect Core sections 2 and 5.1). Texts are at most 1024 bytes,
/// without control characters; a claim that is not so, or not of its type, is read as absent.
package struct IDTokenClaims: Sendable {
    /// All claims, for pointers into them.
    package let root: JSONValue
    /// `iss`, as it was expected.
    package let issuer: String
    /// `sub`, 1 to 255 bytes; names a user of the issuer for good, and is never given to another one.
    package let subject: String

    /// `email`; believe it no further than ``isEmailVerified``.
    package var email: String? { text("email") }
    /// Nil where the server does not say; some write the word instead of the value.
    package var isEmailVerified: Bool? {
        guard let claim = root["email_verified"] else { return nil }
        return claim.bool ?? (claim.equals("true") ? true : claim.equals("false") ? false : nil)
    }
    /// The full name, to show.
    package var name: String? { text("name") }
    /// What the user likes to be called; may change and be taken by another.
    package var preferredUsername: String? { text("preferred_username") }
    /// Microsoft's tenant.
    package var tenantID: String? { text("tid") }
    /// Microsoft's user, the same for every app of a tenant.
    package var objectID: String? { text("oid") }
    /// Google's Workspace domain.
    package var hostedDomain: String? { text("hd") }

    /// Any claim that is text.
    package func text(_ name: String) -> String? {
        guard let claim = root[name], let length = claim.utf8Count, (1...1024).contains(length) else { return nil }
        let text = claim.string
        return text?.unicodeScalars.contains { $0.properties.generalCategory == .control } == true ? nil : text
    }

    init(_ root: JSONValue) throws(IDTokenError) {
        self.root = root
        guard let issuer = root["iss"]?.string else { throw .missing("iss") }
        guard let subject = root["sub"], let length = subject.utf8Count, (1...255).contains(length),
            let subject = subject.string
        else { throw .missing("sub") }
        self.issuer = issuer
        self.subject = subject
    }
}

extension IDTokenClaims {
    func check(issuer expected: ExpectedIssuer, key: VerificationKey) throws(IDTokenError) {
        switch expected {
        case .exactly(let expected):
            guard issuer == expected else { throw .otherIssuer }
        case .perTenant(let template):
            guard let tenantID, Self.isTenant(tenantID) else { throw .missing("tid") }
            // Both must hold: a key of one tenant could sign for all others otherwise.
            for template in [template, key.issuer ?? template] {
                guard issuer == template.replacing("{tenantid}", with: tenantID) else { throw .otherIssuer }
            }
        }
    }

    /// Meant for this client, and for others only where it is the one that asked.
    func check(clientID: String) throws(IDTokenError) {
        guard let audience = root["aud"] else { throw .missing("aud") }
        let isArray = audience.kind == .array
        let isMeant =
            isArray ? audience.elements.contains { $0.string == clientID } : audience.string == clientID
        guard isMeant else { throw .otherAudience }
        if let party = root["azp"], !party.isNull {
            guard party.string == clientID else { throw .otherParty }
        } else if isArray, audience.count > 1 {
            throw .otherParty
        }
    }

    func check(nonce: String) throws(IDTokenError) {
        guard let claim = root["nonce"] else { throw .missing("nonce") }
        guard claim.string == nonce else { throw .otherNonce }
    }

    func check(now: Int64) throws(IDTokenError) {
        guard let expiry = try seconds("exp") else { throw .missing("exp") }
        guard Double(now) < expiry + Double(IDToken.leeway) else { throw .expired }
        for name in ["nbf", "iat"] {
            if let start = try seconds(name), start > Double(now) + Double(IDToken.leeway) { throw .notYetValid }
        }
    }

    /// A NumericDate (RFC 7519 section 2), which may have a fraction.
    private func seconds(_ name: String) throws(IDTokenError) -> Double? {
        guard let claim = root[name], !claim.isNull else { return nil }
        guard let number = claim.double else { throw .malformed }
        return number
    }

    /// A GUID: anything else could bring a path of its own into the issuer.
    private static func isTenant(_ text: String) -> Bool {
        text.utf8.count == 36
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                    UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
