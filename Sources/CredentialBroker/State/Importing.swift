internal import ConnectedAccounts
internal import DaemonConfiguration
internal import OAuth
internal import ProviderCatalog
internal import SecretBytes
internal import SecretVault

/// Takes a configuration over: at the start, and at each reload.
///
/// Tokens that were refreshed since are newer than what the configuration says, so a connection whose configured credential has
/// not changed keeps its own.
extension BrokerState {
    /// All of it or, for what cannot be used, a warning. Gives the calls that can be answered now.
    mutating func apply(
        _ new: PurserConfiguration, secrets given: ConfiguredSecrets, now: BootInstant
    ) -> [FinishedCall] {
        configuration.agents = new.agents
        configuration.masking = new.masking
        configuration.redirectURI = new.callback.redirectURI
        configuration.warnings = new.warnings + given.problems
        configuration.loadedAt = wall(now)
        epoch += 1
        removeConnections(notIn: new)
        take(exportKey: given.exportKey, isConfigured: new.exportKey != nil)
        for definition in new.authConfigs {
            take(definition, catalog: new.catalog, secret: given.clientSecrets[definition.id])
        }
        for definition in new.connections { take(definition, given: given.credentials[definition.id], now: now) }
        let configured = Set(new.connections.map(\.id))
        for id in configured.symmetricDifference(configuredConnections) { directory.noteUnsaved(id) }
        configuredConnections = configured
        for slot in directory.orderedSlots() { goOn(slot, now: now) }
        unserved = unserved.filter { directory.slot(id: $0.key) != nil }
        sayWhatChanged()
        resumeRefreshes(now: now)
        forgetWhatNobodyNames()
        endForbiddenSubscriptions()
        needsRefresher = true
        return retry(waiting.takeAll(), now: now)
    }

    /// The endpoint or the timing of those that were connected at run time may be other ones now.
    private mutating func goOn(_ slot: Int, now: BootInstant) {
        guard let connection = directory[slot] else { return }
        if let authConfig = authConfigs[connection.authConfigID], !authConfig.canIdentify,
            connection.standing.awaitsIdentity
        {
            standing(slot) { $0.awaitsIdentity = false }
        }
        identifyLater(connection)
        guard !configuredConnections.contains(connection.id), let authConfig = authConfigs[connection.authConfigID]
        else { return }
        guard authConfig.serves(connection) else {
            // What is known of its refreshes stays, and one under way is still taken in: the mistake may be mended.
            if unserved[connection.id] == nil { unserved[connection.id] = scheduler.failures(slot) }
            configuration.warnings.append(
                "authConfigs.\(authConfig.id): is of another provider or scheme than the account \(connection.id) was "
                    + "connected with, which gives nothing until it is mended; use another id for another provider")
            return
        }
        schedule(slot, authConfig, now: now)
        if let failures = unserved.removeValue(forKey: connection.id) { scheduler.mended(slot, failures: failures) }
    }

    // MARK: What is gone

    private mutating func removeConnections(notIn new: PurserConfiguration) {
        let definitions = Dictionary(new.connections.map { ($0.id, $0) }) { first, _ in first }
        for slot in directory.used {
            guard let connection = directory[slot], configuredConnections.contains(connection.id) else { continue }
            let definition = definitions[connection.id]
            if let definition, isSameGrant(connection, definition, new) { continue }
            remove(slot)
        }
        let kept = Set(new.authConfigs.map(\.id))
        // Those that were connected at run time keep the one they were connected with: their tokens are not the
        // configuration's to take away.
        let used = Set(directory.used.compactMap { directory[$0]?.authConfigID })
        for id in used.subtracting(kept).sorted() {
            configuration.warnings.append(
                "authConfigs.\(id): not configured any more, but connected accounts use it; delete them first")
        }
        for id in authConfigs.keys.filter({ !kept.contains($0) && !used.contains($0) }) {
            if let secret = authConfigs[id]?.clientSecret { _ = vault.remove(secret) }
            authConfigs[id] = nil
            rejectedApps[id] = nil
        }
    }

    /// Whether the tokens that are held can still be those of the connection as it is configured now: another user or
    /// auth config is a matter of names.
    private func isSameGrant(
        _ connection: Connection, _ definition: ConnectionDefinition, _ new: PurserConfiguration
    ) -> Bool {
        let authConfig = new.authConfigs.first { $0.id == definition.authConfigID }
        return authConfig?.provider == connection.provider && authConfig?.authScheme == connection.authScheme
    }

    /// Wipes all that there is of a connection.
    mutating func remove(_ slot: Int) {
        // First of all, so that nothing is left that could come back without its secrets.
        if let id = directory[slot]?.id { remove(.connection, key: id) }
        if let record = secrets.removeValue(forKey: slot)?.record { _ = vault.remove(record) }
        if let connection = directory[slot] {
            rejectedApps[connection.id] = nil
            forgetSent(connection.id)
            // What was on its way before the restart was of these tokens, whatever comes under this name next.
            interruptedRefreshes[connection.id]?.generation = 0
            links.remove(connection.id)
            wipeLink(connection.id)
        }
        audit.forget(slot)
        scheduler.remove(slot)
        directory.remove(slot)
    }

    // MARK: Auth configs

    private mutating func take(_ definition: AuthConfigDefinition, catalog: ProviderCatalog, secret: SecretBox?) {
        // The configuration was checked: its providers can be read.
        guard let provider = (try? catalog.provider(definition.provider)) ?? nil else { return }
        let old = authConfigs[definition.id]
        var authConfig = AuthConfig(definition: definition, provider: provider, endpoints: definition.endpoints)
        let known = old?.clientSecret ?? storedClientSecret(of: definition.id)
        let isSameSecret = secret.map { holds(known, $0) } ?? true
        authConfig.clientSecret = isSameSecret ? known : nil
        if let secret, !isSameSecret { authConfig.clientSecret = storeClientSecret(secret.bytes, of: definition.id) }
        // One that cannot be read this time is kept; one that is configured no more is not.
        if definition.clientSecret == nil, let unused = authConfig.clientSecret {
            _ = vault.remove(unused)
            authConfig.clientSecret = nil
        }
        guard let old, old.definition == definition, old.provider == provider, isSameSecret else {
            authConfigs[definition.id] = authConfig
            // A registration that the provider rejected may be mended.
            for id in registrations(of: definition.id) {
                forgetRejection(of: id)
                scheduler.appChanged(id)
            }
            return
        }
    }

    private func registrations(of authConfigID: String) -> Set<String> {
        directory.used.reduce(into: [authConfigID]) { ids, slot in
            guard let connection = directory[slot], connection.authConfigID == authConfigID else { return }
            ids.insert(connection.registration)
        }
    }

    /// What an earlier process has read.
    private mutating func storedClientSecret(of id: String) -> RecordHandle? {
        guard restoredClientSecrets.remove(id) != nil else { return nil }
        let key = SecretBytes(utf8: id)
        return key.withBytes { vault.handle(kind: VaultKind.clientSecret.rawValue, key: $0) }
    }

    borrowing func holds(_ record: RecordHandle?, _ secret: SecretBox) -> Bool {
        guard let record else { return false }
        return vault.withPayload(record) { SecretBytes(copying: $0).isEqual(to: secret.bytes) } ?? false
    }

    // MARK: Connections

    private mutating func take(_ definition: ConnectionDefinition, given: CredentialsBox?, now: BootInstant) {
        guard let authConfig = authConfigs[definition.authConfigID] else { return }
        let seed = given.map { box in box.seed.withBytes { fingerprint(of: $0) } }
        adoptOrphanedTokens(of: definition, authConfig, now: now)
        if let slot = directory.slot(id: definition.id), given == nil || isSameCredential(slot, seed) {
            if let seed, secrets[slot]?.seed != seed {
                secrets[slot]?.seed = seed
                directory.noteUnsaved(definition.id)
            }
            return keep(slot, definition, authConfig, given: given, now: now)
        }
        if let deleted = deletedSeeds[definition.id] {
            if adoptsSeeds { noteDeleted(definition.id, seed: seed) }
            guard !adoptsSeeds, deleted != seed ?? "" else {
                configuration.warnings.append(
                    "connections \(definition.id): was deleted; take it out of the configuration, or give it new credentials"
                )
                return
            }
            deletedSeeds[definition.id] = nil
            remove(.deletedSeed, key: definition.id)
        }
        let known = directory.slot(id: definition.id).flatMap { directory[$0] }
        var connection = connection(definition, authConfig, given: given, createdAt: known?.createdAt, now: now)
        let tokens = given?.takeTokens() ?? TokenSet()
        connection.standing = ConnectionStanding(
            life: life(of: tokens, given: given, authConfig, generation: (known?.generation ?? 0) + 1, now: now))
        // Whoever disabled it did not mean one set of tokens.
        connection.standing.isDisabled = known?.standing.isDisabled ?? false
        // R11: another subject does not replace the one before, however it comes.
        if let known, known.userID == connection.userID, known.authConfigID == authConfig.id, authConfig.canIdentify {
            connection.subjects = known.subjects
            connection.standing.awaitsIdentity = !known.subjects.isEmpty
        }
        let isUnverified = connection.standing.awaitsIdentity
        guard known != nil || hasRoomForMore,
            let stored = store(tokens, connection.standing.life, isUnverified: isUnverified, of: connection)
        else {
            configuration.warnings.append("connections \(definition.id): the vault has no room for it")
            return
        }
        forgetSent(connection.id)
        let slot = directory.put(connection)
        secrets[slot] = ConnectionSecrets(
            record: stored.record, fingerprint: stored.fingerprint, seed: seed,
            rotates: authConfig.provider.refresh.rotation == .always)
        schedule(slot, authConfig, now: now)
        if connection.standing.isDisabled { scheduler.suspend(slot) }
    }

    /// Whether what the connection came with is what is configured now. Where that is not known it is taken to be.
    private func isSameCredential(_ slot: Int, _ seed: String?) -> Bool {
        guard let known = secrets[slot] else { return false }
        if known.seed == seed || adoptsSeeds { return true }
        return known.seed == nil && directory[slot]?.standing.life != nil
    }

    /// Tokens whose connection's own record is lost are newer than what is configured.
    private mutating func adoptOrphanedTokens(
        of definition: ConnectionDefinition, _ authConfig: AuthConfig, now: BootInstant
    ) {
        guard let tokens = orphanedTokens.removeValue(forKey: definition.id),
            directory.slot(id: definition.id) == nil, let life = tokens.life
        else { return }
        var connection = connection(definition, authConfig, given: nil, createdAt: nil, now: now)
        connection.standing = ConnectionStanding(life: life)
        let slot = directory.put(connection)
        secrets[slot] = ConnectionSecrets(
            record: tokens.record, fingerprint: fingerprint(of: tokens.record), rotates: true,
            firstPresentedAt: tokens.sentAt)
        interruptedRefreshes[definition.id] = InterruptedRefresh(
            generation: life.generation, failures: 0, presentedAt: tokens.sentAt)
    }

    /// A connection that is known, with the credential it came with: its own tokens are at least as new.
    private mutating func keep(
        _ slot: Int, _ definition: ConnectionDefinition, _ authConfig: AuthConfig, given: CredentialsBox?,
        now: BootInstant
    ) {
        guard let connection = directory[slot] else { return }
        var described = accounts(given, authConfig, fallback: connection.id)
        // What the provider said of it is better than what the configuration says.
        if given?.accounts.isEmpty != false || !connection.subjects.isEmpty { described = connection.accounts }
        let redefined = connection.redefined(definition, authConfig, accounts: described)
        if redefined != connection {
            var changed = redefined
            changed.updatedAt = wall(now)
            _ = directory.put(changed)
        }
        // The endpoint or the timing may be other ones now.
        schedule(slot, authConfig, now: now)
    }

    mutating func schedule(_ slot: Int, _ authConfig: AuthConfig, now: BootInstant) {
        guard let connection = directory[slot], let life = connection.standing.life else { return }
        guard connection.authScheme.usesTokenEndpoint else { return }
        scheduler.put(
            slot, endpoint: authConfig.endpointKey, app: connection.registration, timing: authConfig.timing, life: life,
            now: now,
            jitter: jitter())
    }

    private func connection(
        _ definition: ConnectionDefinition, _ authConfig: AuthConfig, given: CredentialsBox?, createdAt: WallInstant?,
        now: BootInstant
    ) -> Connection {
        var connection = Connection(
            id: definition.id, userID: definition.userID, authConfigID: authConfig.id,
            provider: authConfig.provider.slug,
            toolkit: authConfig.definition.toolkit, authScheme: authConfig.definition.authScheme,
            alias: definition.alias,
            accounts: accounts(given, authConfig, fallback: definition.id),
            scopes: (given?.scopes ?? authConfig.definition.scopes).joined(separator: " "),
            createdAt: createdAt ?? wall(now))
        connection.connectedAt = wall(now)
        connection.updatedAt = wall(now)
        return connection
    }

    /// The accounts as the credential describes them, or one that is named after the connection.
    func accounts(_ given: CredentialsBox?, _ authConfig: AuthConfig, fallback: String) -> [Account] {
        let described = given?.accounts ?? []
        guard !described.isEmpty else {
            let name = given?.principal ?? fallback
            return [Account(identifier: name, displayName: name)]
        }
        return described.map { Account(fields: $0, selector: authConfig.provider.selector, fallback: fallback) }
    }
}

extension Account {
    /// An account from the members that a credential describes it with.
    fileprivate init(fields: [Field], selector: String?, fallback: String) {
        let identifier = fields.first { $0.name == selector }?.text ?? fallback
        let displayName = fields.first { $0.name == "displayName" }?.text ?? identifier
        self.init(
            identifier: identifier, displayName: displayName,
            fields: fields.filter { $0.name != selector && $0.name != "displayName" })
    }
}

extension Connection {
    /// The same grant as it is configured now.
    fileprivate func redefined(
        _ definition: ConnectionDefinition, _ authConfig: AuthConfig, accounts: [Account]
    ) -> Connection {
        var copy = Connection(
            id: id, userID: definition.userID, authConfigID: authConfig.id, provider: provider,
            toolkit: authConfig.definition.toolkit, authScheme: authScheme, alias: definition.alias, accounts: accounts,
            scopes: scopes, createdAt: createdAt)
        copy.standing = standing
        copy.updatedAt = updatedAt
        copy.connectedAt = connectedAt
        copy.lastRefreshedAt = lastRefreshedAt
        copy.subjects = subjects
        return copy
    }
}
