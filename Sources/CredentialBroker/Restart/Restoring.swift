internal import ConnectedAccounts
internal import OAuth
internal import SecretBytes
internal import SecretVault

/// What was brought back from before a restart.
package struct RestoreReport: Sendable, Equatable {
    package var connections = 0
    package var links = 0
    package var sessions = 0
    /// Of the connections, those whose refresh was sent and not answered, and cannot be any more.
    package var uncertain = 0
    /// … and those whose answer is waited for.
    package var awaited = 0
    /// Records that this version cannot read.
    package var unreadable = 0
}

/// A connection's refreshes as they were before a restart, until the configuration says how to go on.
struct InterruptedRefresh: Sendable {
    var generation: UInt64
    var failures: Int
    /// When its refresh token was presented without an answer.
    var presentedAt: BootInstant?
}

/// Takes over what an earlier process of this boot left in the vault.
extension BrokerState {
    /// To be called once, before anything else. What needs the configuration follows with the first one.
    mutating func restore(now: BootInstant) -> RestoreReport {
        let contents = VaultContents(of: vault)
        keptExchanges = settings.keptExchanges
        restoreFingerprintKey(contents.fingerprintKey)
        adoptsSeeds = contents.fingerprintKey == nil && !(contents.connections.isEmpty && contents.deletedSeeds.isEmpty)
        restoredClientSecrets = contents.clientSecrets
        deletedSeeds = contents.deletedSeeds
        exportKey = contents.exportKey
        mergedConnections = contents.mergedConnections
        var report = RestoreReport()
        report.unreadable = contents.unreadable
        var newer: Set<String> = []
        for record in contents.connections.sorted(by: { $0.connection.createdAt < $1.connection.createdAt }) {
            if restore(record, contents, &report) { newer.insert(record.connection.id) }
        }
        _ = directory.unsaved.takeAll()
        for id in newer { directory.noteUnsaved(id) }
        for id in deletedSeeds.keys where directory.slot(id: id) != nil {
            // Its deletion was noted and not begun, and nobody was told of it.
            deletedSeeds[id] = nil
            remove(.deletedSeed, key: id)
        }
        for (id, tokens) in contents.tokens where directory.slot(id: id) == nil {
            guard deletedSeeds[id] == nil else {
                // The process ended while the connection was being deleted.
                _ = vault.remove(tokens.record)
                forgetSent(id)
                continue
            }
            orphanedTokens[id] = tokens
            orphanedTokens[id]?.isLegible = !contents.unreadableConnections.contains(id)
            let mark = contents.sentMarks[id]
            orphanedTokens[id]?.sentAt = mark?.generation == tokens.life?.generation ? mark?.sentAt : nil
        }
        for record in contents.links {
            let id = record.link.connectionID
            let isOver = record.isClaimed || newer.contains(id) || !contents.linkSecrets.contains(id)
            restore(record, isOver: isOver, now: now, &report)
        }
        for id in contents.linkSecrets where links[id] == nil { wipeLink(id) }
        for session in contents.sessions where sessions.insert(session, now: now) { report.sessions += 1 }
        _ = sessions.unsaved.takeAll()
        endLinksWithoutRecord(now: now)
        report.connections = directory.count
        return report
    }

    /// Seeds, fingerprints and what is kept of a link's `state` are only the same under the same key.
    private mutating func restoreFingerprintKey(_ key: [UInt8]?) {
        if let key, key.count == settings.fingerprintKey.count {
            settings.fingerprintKey = key
        } else {
            let key = settings.fingerprintKey
            _ = put(.fingerprintKey, key: "", payload: key.span)
        }
    }

    /// True if the tokens in the vault are newer than all else that is known of the connection.
    private mutating func restore(
        _ record: ConnectionRecord, _ contents: VaultContents, _ report: inout RestoreReport
    ) -> Bool {
        var connection = record.connection
        let tokens = contents.tokens[connection.id]
        guard !connection.standing.isEnding else {
            finishErasing(record, tokens)
            return false
        }
        var isNewer = false
        if let life = tokens?.life, life.generation != record.tokens {
            // They came, and the process ended before anything else could be noted of them.
            isNewer = true
            connection.standing = ConnectionStanding(life: life)
            connection.standing.isDisabled = record.connection.standing.isDisabled
            connection.standing.awaitsIdentity = tokens?.isUnverified ?? false
            if connection.accounts.isEmpty { connection.take(nil) }
        }
        let mark = contents.sentMarks[connection.id].flatMap { $0.generation == connection.generation ? $0 : nil }
        let slot = directory.put(connection)
        if record.isConfigured { configuredConnections.insert(connection.id) }
        if let tokens {
            secrets[slot] = ConnectionSecrets(
                record: tokens.record, fingerprint: fingerprint(of: tokens.record), seed: record.seed,
                rotates: record.rotates || isNewer, firstPresentedAt: mark?.sentAt)
        }
        if mark != nil {
            if keptExchange(of: slot) != nil { report.awaited += 1 } else { report.uncertain += 1 }
        }
        interruptedRefreshes[connection.id] = InterruptedRefresh(
            generation: connection.generation, failures: record.failures, presentedAt: mark?.sentAt)
        return isNewer
    }

    /// The process ended while the connection was being deleted: it is deleted.
    private mutating func finishErasing(_ record: ConnectionRecord, _ tokens: VaultContents.Tokens?) {
        let id = record.connection.id
        if record.isConfigured { noteDeleted(id, seed: record.seed) }
        if let tokens { _ = vault.remove(tokens.record) }
        for kind in [VaultKind.sentMark, .link, .pendingLink, .connection] { remove(kind, key: id) }
    }

    private mutating func restore(
        _ record: LinkRecord, isOver: Bool, now: BootInstant, _ report: inout RestoreReport
    ) {
        let link = record.link
        guard !isOver, directory.slot(id: link.connectionID) != nil, links.insert(link) else {
            remove(.link, key: link.connectionID)
            wipeLink(link.connectionID)
            return
        }
        report.links += 1
        guard link.flow == .device, let interval = link.pollInterval else { return }
        let polling = DevicePolling<BootInstant>(
            start: now, expiresIn: now.duration(to: link.expiresAt), interval: interval)
        if case .poll(let instant) = polling.first(at: now) {
            _ = try? begin(.pollDevice(connectionID: link.connectionID, polling, at: instant))
        }
    }

    /// Their answer had come, and the code may have been spent: nothing but a new link helps.
    private mutating func endLinksWithoutRecord(now: BootInstant) {
        for slot in directory.used {
            guard let connection = directory[slot], connection.standing.link == .open, links[connection.id] == nil
            else {
                continue
            }
            endLink(connection.id, .failed(.linkInterrupted), now: now)
        }
    }

    // MARK: With the first configuration

    /// Of what the vault had from before, the rest.
    mutating func forgetWhatNobodyNames() {
        for id in restoredClientSecrets { remove(.clientSecret, key: id) }
        restoredClientSecrets = []
        adoptsSeeds = false
        // Nobody was told of them: the process ended before their connection was there. Those whose connection another
        // version may be able to read stay.
        for tokens in orphanedTokens.values where tokens.isLegible { _ = vault.remove(tokens.record) }
        orphanedTokens = [:]
    }

    /// What the configuration has changed between two runs, beside the tokens that it gave.
    mutating func sayWhatChanged() {
        for (id, before) in interruptedRefreshes.sorted(by: { $0.key < $1.key }) {
            guard let connection = directory.slot(id: id).flatMap({ directory[$0] }) else {
                configuration.warnings.append(
                    "connections \(id): the configuration names it no longer since the last start; its tokens are wiped"
                )
                continue
            }
            if connection.generation != before.generation {
                configuration.warnings.append(
                    "connections \(id): its credential is another one than at the last start, and was taken as a new login"
                )
            }
        }
    }

    /// Goes on with the refreshes of connections whose tokens are still those from before the restart.
    mutating func resumeRefreshes(now: BootInstant) {
        let interrupted = interruptedRefreshes
        interruptedRefreshes = [:]
        for (id, refresh) in interrupted {
            guard let slot = directory.slot(id: id), let connection = directory[slot],
                connection.generation == refresh.generation
            else { continue }
            guard authConfigs[connection.authConfigID]?.serves(connection) == true else {
                // It may be configured again, or mended.
                interruptedRefreshes[id] = refresh
                continue
            }
            resume(slot, connection, refresh, now: now)
            if connection.standing.isDisabled { scheduler.suspend(slot) }
        }
    }

    /// The last exchange that presented the tokens of this slot, and of no other login.
    private func keptExchange(of slot: Int) -> ExchangeName? {
        guard let connection = directory[slot], let tokens = secrets[slot]?.identity else { return nil }
        return keptExchanges.filter {
            $0.connectionID == connection.id && $0.generation == connection.generation && $0.tokens == tokens
        }.max { $0.begunAt < $1.begunAt }
    }

    /// The answer to what the process before has sent can still be had.
    private mutating func takeOver(_ slot: Int, _ connection: Connection, _ refresh: InterruptedRefresh) -> Bool {
        guard let presentedAt = refresh.presentedAt, connection.standing.verdict == nil,
            let exchange = keptExchange(of: slot),
            let ticket = scheduler.takeOver(
                slot, failures: refresh.failures, sentAt: BootInstant(nanoseconds: exchange.begunAt))
        else { return false }
        keptExchanges.remove(exchange)
        // If it was the first and comes to nothing, the token is as good as never sent.
        if exchange.isFirst { secrets[slot]?.sentAt = presentedAt }
        takenOver.append(ticket)
        awaitedExchanges[ticket] = exchange
        needsRefresher = true
        return true
    }

    /// Those that no connection goes on with: they are to be forgotten.
    mutating func unclaimedExchanges() -> [ExchangeName] {
        let unclaimed = keptExchanges.filter { interruptedRefreshes[$0.connectionID] == nil }
        keptExchanges.subtract(unclaimed)
        return Array(unclaimed)
    }

    private mutating func resume(
        _ slot: Int, _ connection: Connection, _ refresh: InterruptedRefresh, now: BootInstant
    ) {
        // The process before may have found its endpoint failing …
        if refresh.failures > 0 || connection.standing.verdict == .uncertain { scheduler.endpointWasFailing(of: slot) }
        guard !takeOver(slot, connection, refresh) else { return }
        // … or ended because it waited for it.
        if refresh.presentedAt != nil { scheduler.endpointWasFailing(of: slot) }
        if let halted = connection.standing.verdict?.reason {
            return scheduler.restore(
                slot, failures: refresh.failures, halted: halted, resendAfter: nil, now: now, jitter: jitter())
        }
        guard let presentedAt = refresh.presentedAt else {
            return scheduler.restore(
                slot, failures: refresh.failures, halted: nil, resendAfter: nil, now: now, jitter: jitter())
        }
        let failures = max(1, refresh.failures)
        switch lostAnswer(of: slot, presentedAt: presentedAt, endpointWide: false, retryAfter: nil, now: now) {
        case .uncertain:
            standing(slot) { standing in
                standing.verdict = .uncertain
                standing.lastFailure = .uncertain
            }
            scheduler.restore(
                slot, failures: failures, halted: .uncertain, resendAfter: nil, now: now, jitter: jitter())
        case .transient(_, _, let resendAfter):
            // Where only the process ended, the pause counts from when the token was presented: of processes that live shortly
            // none would send it again before the provider's grace is over.
            let isInterrupted = failures == 1 && resendAfter == nil
            scheduler.restore(
                slot, failures: failures, halted: nil, resendAfter: resendAfter, now: isInterrupted ? presentedAt : now,
                jitter: jitter())
        case .dead, .brokenApp, .stillFailing: break
        }
    }
}

extension GrantVerdict {
    fileprivate var reason: StatusReason {
        switch self {
        case .rejected(let reason), .revoked(let reason): reason
        case .uncertain: .uncertain
        }
    }
}
