package import ConnectedAccounts
package import SecretBytes

/// The credentials of a connection, as a file or a caller hands them over.
///
/// Either JSON with some of `access_token`, `refresh_token`, `expires_at`, `scope`, `account`, `api_key`, `token`,
/// `username` and `password`, or of what assertions are signed with (``SigningKey``), or the bare key or token alone.
package struct ImportedCredentials: ~Copyable, Sendable {
    /// What the connection's scheme needs, and nothing else.
    package enum Secret: ~Copyable, Sendable {
        /// At least one of the two.
        case tokens(accessToken: SecretBytes?, refreshToken: SecretBytes?)
        case apiKey(SecretBytes)
        case bearerToken(SecretBytes)
        case basic(username: String, password: SecretBytes)
        case signingKey(SigningKey)
        /// The client's own credentials are all there is.
        case none
    }

    var secret: Secret
    /// When the access token ends. Only ever with one.
    package var expiresAt: WallInstant?
    /// Nil if nothing was said.
    package var scopes: [String]?
    /// The members of each account, in the order given; none if nothing was said.
    package var accounts: [[Account.Field]] = []

    init(_ secret: consuming Secret) {
        self.secret = secret
    }

    /// Whose tokens these are, as far as the credentials say without describing an account: the subject of assertions,
    /// else their issuer.
    package var principal: String?

    /// Gives the secret up; the rest is gone.
    package consuming func takeSecret() -> Secret { secret }

    /// The longest text that is read, in bytes.
    package static let maximumLength = 256 * 1024
    /// The most accounts.
    package static let maximumAccounts = 256
}

/// Why credentials cannot be used. It holds nothing of them.
package enum ImportedCredentialsError: Error, Sendable, Equatable, CustomStringConvertible {
    case empty
    case tooLong
    /// Neither a JSON object nor a key: printable ASCII without spaces.
    case unprintable
    /// The text begins with `{` but is not JSON.
    case notJSON(String)
    /// Counted from 1.
    case unknownMember(position: Int)
    case wrongType(member: String, expected: String)
    case missing(String)
    /// The member has no meaning for the connection's scheme.
    case notForScheme(member: String, scheme: AuthScheme)
    case tooManyAccounts
    /// Nothing can be signed with the private key; the text says why.
    case unusableKey(String)
    /// What is given as `service_account` is no key file.
    case notAServiceAccount
    /// A member of an account that the wire contract has for something else; one of ``Account/reservedNames``.
    case reservedMember(String)

    package var description: String {
        switch self {
        case .empty: "the credentials are empty"
        case .tooLong: "the credentials are longer than \(ImportedCredentials.maximumLength) bytes"
        case .unprintable:
            "the credentials are neither JSON nor one key of printable ASCII without spaces; is it the right file?"
        case .notJSON(let problem): "the credentials begin like JSON but are not: \(problem)"
        case .unknownMember(let position):
            "the credentials' member \(position) is unknown; known are \(CredentialMember.list)"
        case .wrongType(let member, let expected): "\(member) must be \(expected)"
        case .missing(let members): "the credentials need \(members)"
        case .notForScheme(let member, let scheme): "\(member) has no meaning for a connection with \(scheme.rawValue)"
        case .reservedMember(let name):
            "\(name) cannot be a member of account: answers have a member of that name already; leave it out"
        case .unusableKey(let problem): problem
        case .notAServiceAccount:
            "this is no service account key; create a key of type JSON for the account and give the whole file"
        case .tooManyAccounts: "the credentials have more than \(ImportedCredentials.maximumAccounts) accounts"
        }
    }
}
