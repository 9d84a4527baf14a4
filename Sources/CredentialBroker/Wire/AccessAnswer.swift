internal import ConnectedAccounts
internal import DaemonConfiguration
internal import JSON
internal import OAuth
internal import ProviderCatalog
internal import SecretBytes

/// Writes what a call of the provider's API needs: its base address, and headers ready to send.
extension BrokerState {
    borrowing func writeAccess(_ place: AccountPlace, into result: inout JSONWriter) {
        guard let connection = directory[place.slot], connection.accounts.indices.contains(place.index),
            let authConfig = authConfigs[connection.authConfigID], authConfig.serves(connection)
        else { return }
        let provider = authConfig.provider
        let values = connection.accounts[place.index].templateValues(authConfig)
        result.member("authScheme", connection.authScheme.rawValue)
        // A template that cannot be filled is left out: the caller then has the token, and knows the address itself.
        result.member("apiBaseURL", (try? provider.apiBaseURL(toolkit: connection.toolkit, values: values)) ?? nil)
        result.key("headers")
        result.beginObject()
        writeCredentialHeader(place.slot, connection, provider.credentialPlacement, into: &result)
        for header in (try? provider.apiHeaders(values: values)) ?? [] {
            result.key(header.name)
            result.value(header.value)
        }
        result.endObject()
        guard case .query(let name) = provider.credentialPlacement else { return }
        result.key("query")
        result.beginObject()
        result.key(name)
        _ = withSecret(connection.authScheme.secretField, of: place.slot) { result.value(secret: $0) }
        result.endObject()
    }

    private borrowing func writeCredentialHeader(
        _ slot: Int, _ connection: Connection, _ placement: CredentialPlacement, into result: inout JSONWriter
    ) {
        if connection.authScheme == .basic { return writeBasic(slot, into: &result) }
        switch placement {
        case .basic: writeBasic(slot, into: &result)
        case .query: break
        case .header(let name, let prefix):
            var header = SecretBuffer()
            header.append(utf8: prefix)
            _ = withSecret(connection.authScheme.secretField, of: slot) { header.append($0) }
            result.key(name)
            header.withBytes { result.value(secret: $0) }
        }
    }

    /// RFC 7617. A key without a user name stands in the user's place, with an empty password.
    private borrowing func writeBasic(_ slot: Int, into result: inout JSONWriter) {
        var pair = SecretBuffer()
        if withSecret(.username, of: slot, { pair.append($0) }) == nil {
            _ = withSecret(.apiKey, of: slot) { pair.append($0) }
        }
        pair.append(UInt8(ascii: ":"))
        _ = withSecret(.password, of: slot) { pair.append($0) }
        var header = SecretBuffer()
        header.append("Basic ")
        pair.withBytes { Base64.encode($0, into: &header) }
        header.withBytes { result.member("Authorization", secret: $0) }
    }
}

extension AuthScheme {
    /// The secret that stands for the account in a call.
    var secretField: TokenRecord.Field {
        switch self {
        case .oauth2, .clientCredentials, .jwtBearer, .serviceAccount: .accessToken
        case .apiKey: .apiKey
        case .bearerToken: .bearerToken
        case .basic: .password
        }
    }
}

extension Account {
    /// What the catalogue's templates are filled with; none of it is a secret.
    func templateValues(_ authConfig: AuthConfig) -> TemplateValues {
        var known: [String: String] = [:]
        for field in fields { known[field.name] = field.text }
        if let selector = authConfig.provider.selector { known[selector] = identifier }
        return TemplateValues(
            clientID: authConfig.definition.clientID, variables: authConfig.definition.variables, accountFields: known)
    }
}
