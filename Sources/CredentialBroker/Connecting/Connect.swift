internal import ConnectedAccounts
internal import DaemonConfiguration
internal import JSON
internal import JSONRPC
internal import OAuth
internal import ProviderCatalog
internal import SecretBytes
internal import SecretVault

/// New tokens for a connection: whose they may be, and their way into the vault.
extension BrokerState {
    /// Commits the tokens of a link to its connection; gives the reason if they may not be its.
    ///
    /// Another subject never replaces the one before (R11), and one account of a user is connected once.
    mutating func connect(
        _ link: PendingLink, _ grant: GrantedTokens, _ identity: GrantIdentity?, sentAt: BootInstant, now: BootInstant
    ) -> StatusReason? {
        guard links[link.connectionID] == link, let slot = directory.slot(id: link.connectionID),
            let connection = directory[slot], let authConfig = authConfigs[link.authConfigID]
        else { return .linkReplaced }
        if let refusal = refusal(of: identity, for: connection, slot) { return refusal }
        let life = TokenLife(
            generation: connection.generation + 1, obtainedAt: sentAt, lifetime: lifetime(of: grant, authConfig),
            isRefreshable: grant.refreshToken != nil)
        guard let stored = store(grant.tokenSet(), life, of: connection) else { return StatusReason("vault_full") }
        links.remove(link.connectionID)
        install(stored, life, in: slot, authConfig, now: now)
        let shown = wall(now)
        directory.update(slot) { connection in
            connection.connectedAt = shown
            connection.scopes = grant.scope.map { $0.normalizedScopes } ?? connection.scopes
            connection.take(identity)
        }
        return nil
    }

    /// Takes the place of whatever tokens the connection had.
    mutating func install(
        _ stored: (record: RecordHandle, fingerprint: String), _ life: TokenLife?, in slot: Int,
        _ authConfig: AuthConfig, now: BootInstant
    ) {
        // The seed stays: the configured credential is older than what its user has just given.
        self.secrets[slot] = ConnectionSecrets(
            record: stored.record, fingerprint: stored.fingerprint, seed: self.secrets[slot]?.seed,
            rotates: authConfig.provider.refresh.rotation == .always)
        let shown = wall(now)
        directory.update(slot) { connection in
            let (isDisabled, isEnding) = (connection.standing.isDisabled, connection.standing.isEnding)
            connection.standing = ConnectionStanding(life: life)
            (connection.standing.isDisabled, connection.standing.isEnding) = (isDisabled, isEnding)
            connection.updatedAt = shown
        }
        directory[slot].map { rejectedApps[$0.registration] = nil }
        schedule(slot, authConfig, now: now)
        if directory[slot]?.standing.isDisabled == true { scheduler.suspend(slot) }
        if let id = directory[slot]?.id { forgetSent(id) }
        needsRefresher = true
    }

    private func refusal(of identity: GrantIdentity?, for connection: Connection, _ slot: Int) -> StatusReason? {
        guard isSameSubject(identity, as: connection) else { return .anotherAccount }
        guard let identity else { return nil }
        let isConnected = directory.used.contains { other in
            guard other != slot, let known = directory[other] else { return false }
            return known.userID == connection.userID && known.authConfigID == connection.authConfigID
                && !known.subjects.isDisjoint(with: identity.subjects)
        }
        return isConnected ? .alreadyConnected : nil
    }

    /// Where the identifiers that outlive a renaming were never read, the selectors decide.
    private func isSameSubject(_ identity: GrantIdentity?, as connection: Connection) -> Bool {
        if !connection.subjects.isEmpty {
            return identity.map { !$0.subjects.isDisjoint(with: connection.subjects) } ?? false
        }
        let known = Set(connection.accounts.map { $0.identifier.lowercased() }).subtracting([connection.id])
        guard !known.isEmpty, let identity else { return true }
        return !known.isDisjoint(with: identity.accounts.map { $0.identifier.lowercased() })
    }

    /// R5: what the answer says, the token's own expiry, the catalogue's value.
    private func lifetime(of grant: GrantedTokens, _ authConfig: AuthConfig) -> Duration? {
        if let stated = grant.expiresIn ?? grant.accessTokenExpiry { return stated }
        return grant.refreshToken == nil ? nil : authConfig.provider.refresh.accessTokenLifetime
    }

    // MARK: What is imported

    /// The tokens of a connection whose subject is not known yet.
    borrowing func importedGrant(_ connectionID: String) -> (GrantedTokens, authConfigID: String, generation: UInt64)? {
        guard let slot = directory.slot(id: connectionID), let connection = directory[slot],
            connection.authScheme == .oauth2, connection.subjects.isEmpty
        else { return nil }
        let token = withSecret(.accessToken, of: slot) { SecretBox(SecretBytes(copying: $0)) }
        guard let token else { return nil }
        let answer = TokenAnswer(accessToken: token.bytes.copy())
        return (GrantedTokens(answer), connection.authConfigID, connection.generation)
    }

    /// What the provider says of imported tokens. Others than the connection was described with are not handed out.
    mutating func learn(_ identity: GrantIdentity, of connectionID: String, generation: UInt64, now: BootInstant) {
        guard let slot = directory.slot(id: connectionID), let connection = directory[slot],
            connection.generation == generation
        else { return }
        let isRefused = refusal(of: identity, for: connection, slot) == .anotherAccount
        let shown = wall(now)
        directory.update(slot) { connection in
            connection.updatedAt = shown
            if isRefused {
                // Not served, not refreshed, and not taken for the right ones by anybody.
                connection.standing.verdict = .rejected(.anotherAccount)
                connection.standing.life = nil
            } else {
                connection.take(identity)
            }
        }
        if isRefused { scheduler.remove(slot) }
    }

    // MARK: Answers

    /// What a caller is told who began, or completed, a link: the connection as it is now.
    func linkAnswer(_ connectionID: String, _ reply: RPCReply, now: BootInstant) -> FinishedCall {
        guard let slot = directory.slot(id: connectionID), let connection = directory[slot] else {
            return FinishedCall(reply, error: .notFound)
        }
        var writer = JSONWriter()
        write(connection, redirectURL: nil, now: now, into: &writer)
        return FinishedCall(reply, answer: writer.finish())
    }

    func write(
        _ connection: Connection, redirectURL: String?, now: BootInstant, into result: inout JSONWriter
    ) {
        let (status, reason) = shownStatus(connection, at: now)
        result.object { result in
            result.member("id", connection.id)
            result.member("status", status.rawValue)
            result.member("statusReason", reason?.slug)
            result.member("redirectUrl", redirectURL)
        }
    }
}

extension Connection {
    /// Takes over what the provider says of the accounts; what it did not say stands.
    mutating func take(_ identity: GrantIdentity?) {
        if let identity {
            accounts = identity.accounts
            subjects = identity.subjects
        } else if accounts.isEmpty {
            accounts = [Account(identifier: id, displayName: id)]
        }
    }
}

extension String {
    /// Scopes as the wire shows them, whatever stood between them.
    var normalizedScopes: String {
        split { $0 == " " || $0 == "," }.joined(separator: " ")
    }
}
