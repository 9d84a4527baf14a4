internal import ConnectedAccounts
internal import DaemonConfiguration
internal import OAuth
internal import ProviderCatalog
internal import SecretBytes
internal import SecretVault

/// What has to be sent for a ticket.
enum PreparedRefresh: ~Copyable, Sendable {
    /// The issuer's metadata must be read first.
    case discover(authConfigID: String, issuer: String)
    /// The endpoint was failing: whether it works is found out with a request that has nothing to lose.
    case ask(ProviderRequest, timeout: Duration, description: TokenEndpointDescription)
    case send(ProviderRequest, timeout: Duration, description: TokenEndpointDescription)
    /// The request needs an assertion that is signed first.
    case sign(UnsignedGrant, timeout: Duration)
    /// The connection is gone, or was connected anew.
    case obsolete
    /// There is no refresh token, whatever was thought.
    case nothingToPresent
    /// No request can be built with what is configured, such as a client secret that could not be read.
    case unbuildable
    /// The token was presented before, nobody knows what became of it, and it may not be again, or not any more.
    case graceOver
}

extension BrokerState {
    /// How long an answer is waited for where the same token may simply be presented again.
    private static var patience: Duration { .seconds(30) }
    /// … where a lost answer may cost the grant: as long as the connection to the provider stands, it is worth waiting.
    private static var longPatience: Duration { .seconds(600) }

    /// For an answer that may have come long ago, while no process was there: it lies in the socket. No longer, for a provider
    /// that says nothing must not have each of many processes wait anew.
    private static var leastPatience: Duration { .milliseconds(100) }

    mutating func dueRefreshes(now: BootInstant) -> [RefreshScheduler.Ticket] {
        needsRefresher = false
        defer { takenOver = [] }
        return takenOver + scheduler.due(now: now)
    }

    // MARK: Sending

    /// In a stop, what was begun may leave so long: its answer is waited for, but not for ever.
    private static var latestDeparture: Duration { .seconds(2) }

    /// Whose tokens the ticket would present; nil if nobody waits for that any more.
    private func presenter(of ticket: RefreshScheduler.Ticket, now: BootInstant) -> Connection? {
        let isTooLate = endingSince.map { $0.duration(to: now) >= Self.latestDeparture } ?? false
        // A reload may have given the slot to another connection, of the same generation by chance.
        guard scheduler.awaits(ticket), !isHandedOver, !isTooLate, let connection = directory[ticket.slot],
            connection.generation == ticket.generation
        else { return nil }
        return connection
    }

    /// Reads the refresh token and builds its request, inside the lock: no other refresh can have used it since. It may
    /// be sent only if ``leaves(_:now:)`` says so in that moment.
    ///
    /// `hasAnswered`: the endpoint has just shown that it works.
    mutating func prepare(
        _ ticket: RefreshScheduler.Ticket, hasAnswered: Bool, now: BootInstant
    ) -> PreparedRefresh {
        guard let connection = presenter(of: ticket, now: now),
            let authConfig = authConfigs[connection.authConfigID], authConfig.serves(connection),
            let secrets = secrets[ticket.slot]
        else { return .obsolete }
        guard connection.authScheme != .oauth2 || refreshToken(in: secrets.record) != nil else {
            return .nothingToPresent
        }
        guard let description = authConfig.tokenEndpoint else {
            return .discover(authConfigID: authConfig.id, issuer: authConfig.endpoints.issuer ?? "")
        }
        if connection.authScheme == .oauth2, let presented = secrets.firstPresentedAt {
            switch description.lostAnswer {
            case .never: return .graceOver
            case .resendWithin(let grace) where presented.duration(to: now) >= grace: return .graceOver
            case .resendWithin, .resend: break
            }
        }
        if connection.authScheme.signsAssertions {
            guard let grant = unsignedGrant(connection, authConfig, description, record: secrets.record) else {
                return .unbuildable
            }
            return .sign(grant, timeout: Self.patience)
        }
        if ticket.asksFirst, !hasAnswered, hasToLose(secrets, connection, description) {
            let request = try? RefreshRequest.withoutToken(
                to: description, clientID: authConfig.definition.clientID ?? "",
                clientSecret: clientSecret(of: authConfig))
            guard let request else { return .unbuildable }
            return .ask(request, timeout: Self.patience, description: description)
        }
        guard var request = refreshRequest(connection, authConfig, description, record: secrets.record) else {
            return .unbuildable
        }
        if connection.authScheme == .oauth2 {
            request.keptAs = ExchangeName(
                connectionID: connection.id, generation: connection.generation, tokens: secrets.identity,
                isFirst: secrets.firstPresentedAt == nil, begunAt: now.nanoseconds)
        }
        return .send(request, timeout: patience(for: secrets, connection, description), description: description)
    }

    private borrowing func refreshRequest(
        _ connection: Connection, _ authConfig: AuthConfig, _ description: TokenEndpointDescription,
        record: RecordHandle
    ) -> ProviderRequest? {
        let clientID = authConfig.definition.clientID ?? ""
        let scopes = connection.scopes.split(separator: " ").map(String.init)
        // A request that cannot be built is a configuration that was let through: it stays unsent, and shows as such.
        if connection.authScheme == .clientCredentials {
            return try? ClientCredentialsRequest.make(
                to: description, clientID: clientID, clientSecret: clientSecret(of: authConfig),
                scopes: authConfig.definition.scopes)
        }
        guard let refreshToken = refreshToken(in: record) else { return nil }
        return try? RefreshRequest.make(
            to: description, clientID: clientID, clientSecret: clientSecret(of: authConfig),
            refreshToken: refreshToken.bytes, scopes: scopes)
    }

    borrowing func clientSecret(of authConfig: AuthConfig) -> SecretBytes? {
        guard let handle = authConfig.clientSecret else { return nil }
        return vault.withPayload(handle) { SecretBytes(copying: $0) }
    }

    borrowing func refreshToken(in record: RecordHandle) -> SecretBox? {
        secret(.refreshToken, in: record)
    }

    borrowing func secret(_ field: TokenRecord.Field, in record: RecordHandle) -> SecretBox? {
        let found = vault.withPayload(record) { bytes in
            TokenRecord.range(of: field, in: bytes).map {
                SecretBox(SecretBytes(copying: bytes.extracting($0)))
            }
        }
        return found ?? nil
    }

    /// Whether a lost answer would cost the grant, or begin the time after which it does.
    private func hasToLose(
        _ secrets: ConnectionSecrets, _ connection: Connection, _ description: TokenEndpointDescription
    ) -> Bool {
        guard connection.authScheme == .oauth2, secrets.firstPresentedAt == nil else { return false }
        return secrets.rotates || description.lostAnswer != .resend
    }

    private func patience(
        for secrets: ConnectionSecrets, _ connection: Connection, _ description: TokenEndpointDescription
    ) -> Duration {
        if connection.authScheme.hasLastingKey { return Self.patience }
        if case .resendWithin = description.lostAnswer { return Self.patience }
        let isCostly = secrets.rotates || description.lostAnswer == .never
        return isCostly ? Self.longPatience : Self.patience
    }

    /// For whose answer a taken-over ticket waits, and how it is to be read; nil if there is nobody any more to whom it would
    /// mean something. What has come is taken in whenever that is, however late.
    mutating func awaited(
        _ ticket: RefreshScheduler.Ticket, now: BootInstant
    ) -> (name: ExchangeName?, reading: (description: TokenEndpointDescription, timeout: Duration)?) {
        let name = awaitedExchanges.removeValue(forKey: ticket)
        guard let name, scheduler.awaits(ticket), let connection = directory[ticket.slot],
            connection.generation == ticket.generation, let secrets = secrets[ticket.slot],
            let description = authConfigs[connection.authConfigID]?.endpoints.tokenEndpoint
        else { return (name, nil) }
        let waited = BootInstant(nanoseconds: name.begunAt).duration(to: now)
        let rest = patience(for: secrets, connection, description) - waited
        return (name, (description, max(rest, Self.leastPatience)))
    }

    /// The provider's connection stands, and the ticket's request is about to leave. When this returns true, "sent with
    /// generation N, first at T" is in the vault; false, and it must not be sent.
    mutating func leaves(_ ticket: RefreshScheduler.Ticket, now: BootInstant) -> Bool {
        guard let connection = presenter(of: ticket, now: now) else { return false }
        var mark = SecretBuffer(minimumCapacity: 16)
        mark.append(littleEndian: ticket.generation)
        let first = secrets[ticket.slot]?.firstPresentedAt ?? now
        mark.append(littleEndian: UInt64(bitPattern: first.nanoseconds))
        let key = SecretBytes(utf8: connection.id)
        do {
            _ = try key.withBytes { key throws(VaultError) in
                try mark.withBytes { mark throws(VaultError) in
                    try vault.put(kind: VaultKind.sentMark.rawValue, key: key, payload: mark)
                }
            }
            secrets[ticket.slot]?.firstPresentedAt = first
            secrets[ticket.slot]?.sentAt = now
            return true
        } catch {
            // Without the mark a crash could not tell that the token was presented: not sent, and so not lost.
            return false
        }
    }

    mutating func forgetSent(_ connectionID: String) {
        let key = SecretBytes(utf8: connectionID)
        let mark = key.withBytes { vault.handle(kind: VaultKind.sentMark.rawValue, key: $0) }
        if let mark { _ = vault.remove(mark) }
    }
}
