internal import ConnectedAccounts
internal import DaemonConfiguration
internal import JSON
internal import OAuth
internal import ProviderCatalog
internal import RFC3339
internal import SecretBytes
internal import SecretVault

/// Writes accounts with their live credentials, straight from the vault into the answer.
extension BrokerState {
    /// The members of Account (Protocol/README.md), in their order.
    borrowing func writeAccount(_ place: AccountPlace, scope: Scope, now: BootInstant, into result: inout JSONWriter) {
        guard let connection = directory[place.slot], connection.accounts.indices.contains(place.index),
            let authConfig = authConfigs[connection.authConfigID], authConfig.serves(connection)
        else { return }
        let account = connection.accounts[place.index]
        result.member("connectionId", connection.id)
        result.member("accountIdentifier", account.identifier)
        if let selector = authConfig.provider.selector {
            result.key(selector)
            result.value(account.identifier)
        }
        result.member("displayName", account.displayName)
        result.member("provider", connection.provider)
        result.member("toolkit", connection.toolkit)
        writeCredential(place.slot, connection, now: now, into: &result)
        result.member("accessTokenExpiresAt", shownExpiry(connection))
        result.member("scopes", connection.scopes)
        result.member("connectedAt", shown(connection.connectedAt))
        let (status, reason) = shownStatus(connection, at: now)
        result.member("status", status.rawValue)
        result.member("statusReason", reason?.slug)
        result.member("generation", connection.generation)
        for field in account.fields where field.name != authConfig.provider.selector {
            result.key(field.name)
            result.raw(field.json.utf8.span)
        }
        writeClient(authConfig, connection, scope: scope, into: &result)
    }

    /// What alfe's refresh methods answer.
    borrowing func writeToken(_ slot: Int, into result: inout JSONWriter) {
        guard let connection = directory[slot] else { return }
        _ = withSecret(.accessToken, of: slot) { result.member("accessToken", secret: $0) }
        result.member("accessTokenExpiresAt", shownExpiry(connection))
    }

    private borrowing func writeCredential(
        _ slot: Int, _ connection: Connection, now: BootInstant, into result: inout JSONWriter
    ) {
        guard connection.standing.servesToken(at: now) else { return }
        switch connection.authScheme {
        case .oauth2, .clientCredentials, .jwtBearer, .serviceAccount:
            writeSecret(.accessToken, slot, as: "accessToken", into: &result)
        case .apiKey: writeSecret(.apiKey, slot, as: "apiKey", into: &result)
        case .bearerToken: writeSecret(.bearerToken, slot, as: "token", into: &result)
        case .basic:
            writeSecret(.username, slot, as: "username", into: &result)
            writeSecret(.password, slot, as: "password", into: &result)
        }
    }

    private borrowing func writeSecret(
        _ field: TokenRecord.Field, _ slot: Int, as key: StaticString, into result: inout JSONWriter
    ) {
        _ = withSecret(field, of: slot) { result.member(key, secret: $0) }
    }

    /// Whose own client libraries want the registration beside the token (alfe's Google row).
    static var providersWithClientInAccount: Set<String> { ["google"] }

    /// The client registration, where the provider's tools need it and a grant allows it.
    private borrowing func writeClient(
        _ authConfig: AuthConfig, _ connection: Connection, scope: Scope, into result: inout JSONWriter
    ) {
        guard Self.providersWithClientInAccount.contains(connection.provider),
            scope.allows(.clientSecretRead, connection),
            let clientID = authConfig.definition.clientID
        else { return }
        result.member("clientId", clientID)
        guard let handle = authConfig.clientSecret else { return }
        vault.withPayload(handle) { result.member("clientSecret", secret: $0) }
    }

    /// The connection's status. All that await a refresh share what the provider thinks of their auth config, whatever
    /// their own last try met (R6); one that waits its turn while its endpoint is known to fail says so.
    borrowing func shownStatus(
        _ connection: Connection, at now: BootInstant
    ) -> (status: ConnectionStatus, reason: StatusReason?) {
        let (status, reason) = connection.standing.status(at: now)
        if let rejection = rejectedApps[connection.registration], connection.standing.awaitsRefresh(at: now),
            reason != StatusReason("vault_full")
        {
            return (status, rejection)
        }
        guard reason == .refreshPending else { return (status, reason) }
        let endpoint = authConfigs[connection.authConfigID]?.endpointKey
        let isFailing = scheduler.endpointHealth(now: now).contains { $0.key == endpoint && $0.retryAt != nil }
        return (status, isFailing ? .upstreamUnavailable : reason)
    }

    // MARK: Times

    borrowing func shown(_ instant: WallInstant) -> String? {
        RFC3339.string(unixSeconds: instant.seconds)
    }

    borrowing func shownExpiry(_ connection: Connection) -> String? {
        connection.standing.life?.expiresAt.flatMap { shown(wall($0)) }
    }
}
