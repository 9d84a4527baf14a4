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
    /// Commits the tokens of a link to its connection, or to the one whose account it turns out to be; gives the reason if
    /// they may be nobody's.
    ///
    /// Another subject never replaces the one before (R11), and one account of a user is connected once. Where the provider
    /// does not answer who it is, the tokens are kept, and given to nobody until it does.
    mutating func connect(
        _ link: PendingLink, _ grant: GrantedTokens, _ finding: IdentityFinding, sentAt: BootInstant, now: BootInstant
    ) -> LinkConclusion {
        guard links[link.connectionID] == link, let slot = directory.slot(id: link.connectionID),
            let connection = directory[slot], let authConfig = authConfigs[link.authConfigID]
        else { return LinkConclusion(refusal: .linkReplaced) }
        var (place, identity): (Int, GrantIdentity?) = (slot, nil)
        switch finding {
        case .known(let known):
            identity = known
            switch placement(of: known, for: connection, slot, authConfig, now: now) {
            case .refused(let reason): return LinkConclusion(refusal: reason)
            case .here: break
            case .there(let other): place = other
            }
        case .unknown:
            guard connection.subjects.isEmpty else { return LinkConclusion(refusal: .identityUnknown) }
        case .unreachable: break
        }
        guard let target = directory[place] else { return LinkConclusion(refusal: .linkReplaced) }
        let life = TokenLife(
            generation: target.generation + 1, obtainedAt: sentAt, lifetime: lifetime(of: grant, authConfig),
            isRefreshable: grant.refreshToken != nil)
        let isUnverified = if case .unreachable = finding { true } else { false }
        guard let stored = store(grant.tokenSet(), life, isUnverified: isUnverified, of: target) else {
            return LinkConclusion(refusal: StatusReason("vault_full"))
        }
        let waiters = waiting.take(slot: slot)
        links.remove(link.connectionID)
        install(stored, life, in: place, authConfig, now: now)
        let shown = wall(now)
        directory.update(place) { known in
            known.connectedAt = shown
            known.scopes = grant.scope.map { $0.normalizedScopes } ?? known.scopes
            known.take(identity)
            known.alias = known.alias ?? connection.alias
        }
        if place != slot { merge(slot, connection.id, into: target.id) }
        if isUnverified {
            standing(place) { $0.awaitsIdentity = true }
            identifyAgain(target.id, now: now)
        }
        return LinkConclusion(connectionID: target.id, finished: retry(waiters, now: now))
    }

    /// The connection of a link gives way to the one whose account it is.
    private mutating func merge(_ slot: Int, _ id: String, into other: String) {
        if mergedConnections.count >= 1024 {
            for id in mergedConnections.keys { remove(.mergedConnection, key: id) }
            mergedConnections.removeAll()
        }
        mergedConnections[id] = other
        _ = put(.mergedConnection, key: id, payload: other.utf8.span)
        remove(slot)
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
        if let registration = directory[slot]?.registration { forgetRejection(of: registration) }
        schedule(slot, authConfig, now: now)
        if directory[slot]?.standing.isDisabled == true { scheduler.suspend(slot) }
        if let id = directory[slot]?.id { forgetSent(id) }
        needsRefresher = true
    }

    private enum Placement {
        case here
        /// The account is that of another connection, which waits for just these tokens.
        case there(Int)
        case refused(StatusReason)
    }

    private func placement(
        of identity: GrantIdentity, for connection: Connection, _ slot: Int, _ authConfig: AuthConfig, now: BootInstant
    ) -> Placement {
        guard isSameSubject(identity, as: connection) else { return .refused(.anotherAccount) }
        let twin = directory.used.first { other in
            guard other != slot, let known = directory[other] else { return false }
            return known.userID == connection.userID && known.authConfigID == connection.authConfigID
                && !known.subjects.isDisjoint(with: identity.subjects)
        }
        guard let twin, let known = directory[twin] else { return .here }
        // One grant of many accounts grows with each consent (Xero); one that is dead is what its user connects again.
        let isWanted =
            known.standing.needsConsent(at: now) || authConfig.provider.identity?.hasManyAccounts == true
        return connection.standing.life == nil && isWanted ? .there(twin) : .refused(.alreadyConnected)
    }

    /// Where the identifiers that outlive a renaming were never read, the selectors decide.
    private func isSameSubject(_ identity: GrantIdentity, as connection: Connection) -> Bool {
        if !connection.subjects.isEmpty { return !identity.subjects.isDisjoint(with: connection.subjects) }
        let known = Set(connection.accounts.map { $0.identifier.lowercased() }).subtracting([connection.id])
        guard !known.isEmpty else { return true }
        return !known.isDisjoint(with: identity.accounts.map { $0.identifier.lowercased() })
    }

    /// R5: what the answer says, the token's own expiry, the catalogue's value.
    private func lifetime(of grant: GrantedTokens, _ authConfig: AuthConfig) -> Duration? {
        if let stated = grant.expiresIn ?? grant.accessTokenExpiry { return stated }
        return grant.refreshToken == nil ? nil : authConfig.provider.refresh.accessTokenLifetime
    }

    // MARK: What is imported

    /// The tokens of a connection whose subject is not known yet.
    borrowing func importedGrant(
        _ connectionID: String, now: BootInstant
    ) -> (GrantedTokens, authConfigID: String, generation: UInt64)? {
        guard let slot = directory.slot(id: connectionID), let connection = directory[slot],
            connection.authScheme == .oauth2, connection.subjects.isEmpty || connection.standing.awaitsIdentity,
            connection.standing.life?.hasEnded(at: now) == false
        else { return nil }
        let token = withSecret(.accessToken, of: slot) { SecretBox(SecretBytes(copying: $0)) }
        guard let token else { return nil }
        let answer = TokenAnswer(accessToken: token.bytes.copy())
        return (GrantedTokens(answer), connection.authConfigID, connection.generation)
    }

    /// What the provider says of imported tokens. Others than the connection was known, or described, with are not handed
    /// out, and are kept no longer.
    mutating func learn(_ finding: IdentityFinding, of connectionID: String, generation: UInt64, now: BootInstant) {
        guard let slot = directory.slot(id: connectionID), let connection = directory[slot],
            connection.generation == generation, let authConfig = authConfigs[connection.authConfigID]
        else { return }
        var (identity, refusal): (GrantIdentity?, StatusReason?) = (nil, nil)
        switch finding {
        case .unreachable: return identifyAgain(connectionID, now: now)
        // Asked again: what a gateway says for the provider must not cost the grant.
        case .unknown where !connection.subjects.isEmpty: return identifyAgain(connectionID, now: now)
        case .unknown: break
        case .known(let known):
            identity = known
            // What the operator has configured twice may be meant so; what a caller brings is connected once.
            switch placement(of: known, for: connection, slot, authConfig, now: now) {
            case .refused(.anotherAccount): refusal = .anotherAccount
            case .refused(.alreadyConnected), .there:
                refusal = connection.standing.awaitsIdentity ? .alreadyConnected : nil
            case .refused, .here: break
            }
        }
        let shown = wall(now)
        directory.update(slot) { connection in
            connection.updatedAt = shown
            connection.standing.awaitsIdentity = false
            if let refusal {
                connection.standing.verdict = .rejected(refusal)
                // It is over, and counts on from here.
                connection.standing.life?.lifetime = .zero
                connection.standing.life?.isRefreshable = false
            } else if let identity {
                connection.take(identity)
            }
        }
        guard refusal != nil else { return }
        scheduler.remove(slot)
        let over = directory[slot]?.standing.life
        if let emptied = store(TokenSet(), over, of: connection) { secrets[slot]?.record = emptied.record }
    }

    // MARK: Answers

    /// What a caller is told who began, or completed, a link: the connection as it is now.
    func linkAnswer(_ connectionID: String, _ reply: RPCReply, now: BootInstant) -> FinishedCall {
        guard let slot = directory.slot(id: mergedConnections[connectionID] ?? connectionID),
            let connection = directory[slot]
        else {
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

/// How a link ended.
struct LinkConclusion: Sendable {
    /// The connection that has the tokens; nil if there was a refusal.
    var connectionID: String?
    var refusal: StatusReason?
    /// The calls that can be answered now.
    var finished: [FinishedCall] = []
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
