internal import ConnectedAccounts
internal import JSON
internal import SecretBytes

/// Writes connections for management: everything but their secrets, which are masked.
extension BrokerState {
    borrowing func writeConnectedAccount(_ slot: Int, scope: Scope, now: BootInstant, into result: inout JSONWriter) {
        guard let connection = directory[slot] else { return }
        let (status, reason) = shownStatus(connection, at: now)
        result.beginObject()
        result.member("id", connection.id)
        result.member("userId", connection.userID)
        result.memberObject("toolkit") { $0.member("slug", connection.toolkit) }
        result.memberObject("authConfig") { result in
            result.member("id", connection.authConfigID)
            result.member("authScheme", connection.authScheme.rawValue)
        }
        result.member("status", status.rawValue)
        result.member("statusReason", reason?.slug)
        result.member("alias", connection.alias)
        writeIdentity(connection, into: &result)
        writeState(slot, connection, showsLive: showsLive(connection, scope, now), into: &result)
        result.member("expiresAt", shownExpiry(connection))
        result.member("lastRefreshedAt", connection.lastRefreshedAt.flatMap { shown($0) })
        result.member("nextRefreshAt", scheduler.nextRefresh(slot).flatMap { shown(wall($0)) })
        result.member("refreshFailures", scheduler.failures(slot))
        result.member("generation", connection.generation)
        result.member("createdAt", shown(connection.createdAt))
        result.member("updatedAt", shown(connection.updatedAt))
        result.endObject()
    }

    private borrowing func writeIdentity(_ connection: Connection, into result: inout JSONWriter) {
        guard let first = connection.accounts.first else { return result.memberNull("identity") }
        result.memberObject("identity") { result in
            result.member("accountIdentifier", first.identifier)
            result.member("displayName", first.displayName)
            result.memberArray("accounts") { result in
                for account in connection.accounts {
                    result.object { result in
                        result.member("accountIdentifier", account.identifier)
                        result.member("displayName", account.displayName)
                    }
                }
            }
        }
    }

    /// Whether management shows what may be read anyway: such an answer hands credentials out, and is audited.
    func showsLive(_ connection: Connection, _ scope: Scope, _ now: BootInstant) -> Bool {
        configuration.masking == .off && scope.allows(.credentialsRead, connection)
            && connection.standing.servesToken(at: now)
    }

    private borrowing func writeState(
        _ slot: Int, _ connection: Connection, showsLive: Bool, into result: inout JSONWriter
    ) {
        result.key("state")
        result.beginObject()
        result.member("authScheme", connection.authScheme.rawValue)
        result.key("val")
        result.beginObject()
        for field in TokenRecord.Field.allCases {
            writeMasked(field, slot, showsLive: showsLive && !field.staysInside, into: &result)
        }
        if connection.authScheme.usesTokenEndpoint {
            result.member("token_type", "Bearer" as StaticString)
            if let expiry = shownExpiry(connection) { result.member("expires_at", expiry) }
            result.member("scope", connection.scopes)
        }
        result.endObject()
        result.endObject()
    }

    private borrowing func writeMasked(
        _ field: TokenRecord.Field, _ slot: Int, showsLive: Bool, into result: inout JSONWriter
    ) {
        _ = withSecret(field, of: slot) { secret in
            result.key(field.wireName)
            if showsLive || field.isPublic { return result.value(secret: secret) }
            guard let length = configuration.masking.visiblePrefix(ofLength: secret.count) else {
                return result.value("REDACTED" as StaticString)
            }
            var masked = SecretBuffer()
            masked.append(secret.extracting(0..<length))
            masked.append("...")
            masked.withBytes { result.value(secret: $0) }
        }
    }
}

extension TokenRecord.Field {
    /// The member's name as OAuth and Composio write it.
    fileprivate var wireName: StaticString {
        switch self {
        case .accessToken: "access_token"
        case .refreshToken: "refresh_token"
        case .apiKey: "api_key"
        case .username: "username"
        case .password: "password"
        case .bearerToken: "token"
        case .privateKey: "private_key"
        case .issuer: "issuer"
        case .subject: "subject"
        case .audience: "audience"
        case .keyID: "key_id"
        }
    }
}
