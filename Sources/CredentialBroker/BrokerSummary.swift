package import ConnectedAccounts
internal import SecretVault

/// The daemon's state in a few figures, for a status line.
package struct BrokerSummary: Sendable {
    package var counts: [ConnectionStatus: Int]
    /// Of those that are EXPIRED, how many a person must connect again.
    package var expiredForGood: Int
    /// Nil if none is planned.
    package var nextRefresh: Duration?
    /// What protection this machine does not give.
    package var shortcomings: [String]
}

extension Broker {
    /// The state as it is now. Takes the lock for as long as it takes to look at every connection.
    package func summary() -> BrokerSummary {
        withState { state, now in
            BrokerSummary(
                counts: state.statusCounts(now: now),
                expiredForGood: state.expiredForGood(now: now),
                nextRefresh: state.scheduler.nextWake(now: now).map { max(.zero, now.duration(to: $0)) },
                shortcomings: state.shortcomings)
        }
    }

    /// From now on nothing new is taken on: no refresh is begun, and calls that wait for one are told so.
    package func beginStopping() {
        let finished = withState { state, now in state.beginStopping(now: now) }
        for call in finished { call.deliver() }
        doorbell.ring()
    }

    /// Tells those who still wait that the daemon stops. To be called when refreshes are waited for no more.
    package func endWaiting() {
        let finished = withState { state, _ in
            state.waiting.takeAll().map { FinishedCall($0.reply, error: .shuttingDown) }
        }
        for call in finished { call.deliver() }
    }

    /// Refreshes that were sent and not answered yet, and other exchanges after which there are new tokens, or fewer.
    package var refreshesInFlight: Int {
        withState { state, _ in state.scheduler.inFlight + state.jobsUnderWay }
    }

    /// Overwrites every secret. Nothing can be answered after it.
    package func wipe() {
        withState { state, _ in state.vault.wipe() }
    }
}

extension Broker {
    /// The ids of configured connections whose credential is out of date after the first refresh: without a kept vault, a
    /// restart loses them.
    package var lostAtRestart: [String] {
        withState { state, _ in
            state.configuredConnections.sorted().filter { id in
                state.directory.slot(id: id).flatMap { state.secrets[$0]?.rotates } == true
            }
        }
    }
}

extension BrokerState {
    fileprivate func expiredForGood(now: BootInstant) -> Int {
        directory.used.count { slot in
            guard let standing = directory[slot]?.standing else { return false }
            return standing.status(at: now).status == .expired && standing.needsConsent(at: now)
        }
    }

    fileprivate var shortcomings: [String] {
        var shortcomings = vault.statistics.protection.shortcoming.map { [$0] } ?? []
        if settings.vaultsSetAside > 0 { shortcomings.append("\(settings.vaultsSetAside) earlier vault set aside") }
        if !settings.vaultWarnings.isEmpty {
            shortcomings.append("systemd keeps too few descriptors: see purser status")
        }
        if hasUnsavedChanges { shortcomings.append("the vault is full: a restart goes back to an older state") }
        if !hasRoomForMore, !hasUnsavedChanges { shortcomings.append("the vault is full: no account can be added") }
        switch handover?.isFinal {
        case true?: shortcomings.append("handed over by an export: nothing is refreshed until a restart")
        case false?: shortcomings.append("an export is being fetched: nothing is refreshed meanwhile")
        case nil: break
        }
        return shortcomings
    }

    fileprivate mutating func beginStopping(now: BootInstant) -> [FinishedCall] {
        endingSince = endingSince ?? now
        return drain()
    }

    /// No refresh is begun from here on. Those who wait for one that was sent have its answer yet; the others are told.
    mutating func drain() -> [FinishedCall] {
        scheduler.drain()
        return waiting.takeAll(butFor: { scheduler.isInFlight($0) }).map {
            FinishedCall($0.reply, error: .shuttingDown)
        }
    }
}
