internal import ConnectedAccounts
internal import DaemonConfiguration
internal import OAuth
internal import SecretBytes
internal import SecretVault
internal import SignedTokens

/// A token request whose assertion is still to be signed (RFC 7523). Signing takes a millisecond or more, so it is done
/// outside the lock.
final class UnsignedGrant: Sendable {
    let description: TokenEndpointDescription
    private let assertion: JWTBearerAssertion
    private let privateKey: SecretBox
    private let clientID: String?
    private let clientSecret: SecretBox?
    private let scopes: [String]

    fileprivate init(
        _ description: TokenEndpointDescription, _ assertion: JWTBearerAssertion, _ privateKey: SecretBox,
        clientID: String?, clientSecret: SecretBox?, scopes: [String]
    ) {
        self.description = description
        self.assertion = assertion
        self.privateKey = privateKey
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.scopes = scopes
    }

    /// The request, with an assertion as of `now` in seconds since 1970; nil if nothing can be signed.
    func request(now: Int64) -> ProviderRequest? {
        guard let signed = try? assertion.sign(privateKey: privateKey.bytes, now: now) else { return nil }
        return try? JWTBearerRequest.make(
            to: description, clientID: clientSecret == nil ? nil : clientID,
            clientSecret: clientSecret?.bytes.copy(), assertion: signed, scopes: scopes)
    }
}

extension BrokerState {
    /// Salesforce takes no assertion that is good for longer, in seconds.
    private static var shortLifetime: Int64 { 180 }

    /// Nil if the connection has no key, or nobody says who signs.
    func unsignedGrant(
        _ connection: Connection, _ authConfig: AuthConfig, _ description: TokenEndpointDescription,
        record: RecordHandle
    ) -> UnsignedGrant? {
        let definition = authConfig.definition
        guard let key = secret(.privateKey, in: record),
            let issuer = secret(.issuer, in: record)?.text ?? definition.clientID
        else { return nil }
        var assertion = JWTBearerAssertion(
            issuer: issuer, audience: secret(.audience, in: record)?.text ?? description.url)
        assertion.subject = secret(.subject, in: record)?.text
        assertion.keyID = secret(.keyID, in: record)?.text
        assertion.scopes = definition.scopes
        let isGoogle = connection.authScheme == .serviceAccount
        if !isGoogle {
            assertion.lifetime = Self.shortLifetime
            assertion.tokenID = newID(prefix: "")
        }
        return UnsignedGrant(
            description, assertion, key, clientID: definition.clientID,
            clientSecret: clientSecret(of: authConfig).box, scopes: isGoogle ? [] : definition.scopes)
    }
}
