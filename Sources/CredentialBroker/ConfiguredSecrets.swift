internal import ConnectedAccounts
package import DaemonConfiguration
package import SecretBytes
internal import SignedTokens
internal import Synchronization
internal import VaultExport

/// The secrets that a configuration refers to, read before the broker's lock is taken: reading files may take its time.
package struct ConfiguredSecrets: Sendable {
    var clientSecrets: [String: SecretBox] = [:]
    var credentials: [String: CredentialsBox] = [:]
    var exportKey: SecretBox?
    /// What could not be read or used, each with what to do about it. Everything else works.
    package private(set) var problems: [String] = []

    /// Reads every reference of `configuration` with `read`.
    package init<Failure: Error & CustomStringConvertible>(
        of configuration: PurserConfiguration, read: (SecretReference) throws(Failure) -> SecretBytes
    ) {
        for authConfig in configuration.authConfigs {
            guard let reference = authConfig.clientSecret else { continue }
            do throws(Failure) {
                clientSecrets[authConfig.id] = SecretBox(try read(reference))
            } catch {
                problems.append("authConfigs.\(authConfig.id).clientSecret: \(error)")
            }
        }
        if let reference = configuration.exportKey { addExportKey(reference, read: read) }
        for connection in configuration.connections { add(connection, of: configuration, read: read) }
    }

    private mutating func addExportKey<Failure: Error & CustomStringConvertible>(
        _ reference: SecretReference, read: (SecretReference) throws(Failure) -> SecretBytes
    ) {
        do throws(Failure) {
            let secret = try read(reference)
            do throws(ExportError) {
                _ = try ExportKey(secret)
                exportKey = SecretBox(secret)
            } catch {
                problems.append("export.key: \(error)")
            }
        } catch {
            problems.append("export.key: \(error)")
        }
    }

    private mutating func add<Failure: Error & CustomStringConvertible>(
        _ connection: ConnectionDefinition, of configuration: PurserConfiguration,
        read: (SecretReference) throws(Failure) -> SecretBytes
    ) {
        guard let reference = connection.credentials,
            let scheme = configuration.authConfigs.first(where: { $0.id == connection.authConfigID })?.authScheme
        else { return }
        do throws(Failure) {
            let text = try read(reference)
            do throws(ImportedCredentialsError) {
                let imported = try text.withBytes { bytes throws(ImportedCredentialsError) in
                    try CredentialsBox.read(bytes, authScheme: scheme)
                }
                credentials[connection.id] = imported
            } catch {
                problems.append("connections \(connection.id): its credentials cannot be used: \(error)")
            }
        } catch {
            problems.append("connections \(connection.id): its credentials cannot be read: \(error)")
        }
    }
}

/// What was imported for one connection, where only copyable values go.
final class CredentialsBox: Sendable {
    private let tokens: Mutex<TokenSet?>
    /// The tokens or keys as configured: other ones are a new login, another description of the account is not.
    let seed: SecretBytes
    let expiresAt: WallInstant?
    let scopes: [String]?
    let accounts: [[Account.Field]]
    let principal: String?

    /// Reads what a file holds, or a caller sends, and refuses a key that nothing can be signed with.
    static func read(
        _ text: Span<UInt8>, authScheme: AuthScheme
    ) throws(ImportedCredentialsError) -> CredentialsBox {
        let box = CredentialsBox(try ImportedCredentials.read(text, authScheme: authScheme))
        try box.checkKey()
        return box
    }

    private init(_ imported: consuming ImportedCredentials) {
        expiresAt = imported.expiresAt
        scopes = imported.scopes
        accounts = imported.accounts
        principal = imported.principal
        let tokens = TokenSet(imported.takeSecret())
        seed = tokens.withRecord { SecretBytes(copying: $0) }
        self.tokens = Mutex(tokens)
    }

    private func checkKey() throws(ImportedCredentialsError) {
        let problem = tokens.withLock { tokens -> AssertionError? in
            guard let key = tokens?.with(.privateKey, { SecretBox(SecretBytes(copying: $0)) }) ?? nil else {
                return nil
            }
            do throws(AssertionError) {
                try JWTBearerAssertion.check(privateKey: key.bytes)
                return nil
            } catch {
                return error
            }
        }
        if let problem { throw .unusableKey(problem.description) }
    }

    /// The secrets, the first time.
    func takeTokens() -> TokenSet? {
        var taken: TokenSet?
        tokens.withLock { taken = $0.take() }
        return taken
    }
}

extension TokenSet {
    fileprivate init(_ secret: consuming ImportedCredentials.Secret) {
        self.init()
        switch consume secret {
        case .none: break
        case .apiKey(let key): set(.apiKey, key)
        case .bearerToken(let token): set(.bearerToken, token)
        case .basic(let username, let password):
            set(.username, SecretBytes(utf8: username))
            set(.password, password)
        case .signingKey(let key):
            set(.issuer, text: key.issuer)
            set(.subject, text: key.subject)
            set(.audience, text: key.audience)
            set(.keyID, text: key.keyID)
            set(.privateKey, key.takePrivateKey())
        case .tokens(let accessToken, let refreshToken):
            set(.accessToken, ifThere: accessToken)
            set(.refreshToken, ifThere: refreshToken)
        }
    }

    private mutating func set(_ field: TokenRecord.Field, text: String?) {
        if let text { set(field, SecretBytes(utf8: text)) }
    }
}
