package import ConnectedAccounts
package import DaemonConfiguration
package import JSON
package import JSONRPC
package import OAuth
package import SecretVault
internal import Synchronization

/// The owner of every token: answers calls from memory, and has tokens refreshed before they run out.
///
/// Calls are answered synchronously on the caller's thread, behind one lock that is never held across a wait; only ``run()`` waits,
/// for time and for providers.
package final class Broker<Time: Clock, Transport: ProviderTransport>: RPCService, Sendable
where Time.Instant == BootInstant, Time.Duration == Duration {
    let clock: Time
    let transport: Transport
    /// Nanoseconds since 1970, to show times and to read `expires_at`.
    private let wallClock: @Sendable () -> Int64
    private let writeAudit: @Sendable ([AuditRecord], _ dropped: Int) -> Void
    /// Opens the port that browsers come back to; gives what to do about it where that is not possible. Never waits.
    let openCallbacks: @Sendable () -> String?
    private let state: Mutex<BrokerState>
    let doorbell = Doorbell()
    /// What the vault held from before.
    package let restored: RestoreReport
    /// Whether browsers may come back, each time that may have changed: the port stays open only as long as it is so. It
    /// was opened before whoever began a link is told.
    package let browserExpectations: AsyncStream<Bool>
    let expectBrowsers: AsyncStream<Bool>.Continuation
    private let rounds = Atomic<UInt64>(0)

    /// Takes the vault over. `writeAudit` is called off the request path, with what happened since the last time, and must
    /// not wait for whoever reads it;
    /// `openCallbacks` on it, so it must not wait.
    package init(
        settings: BrokerSettings, vault: consuming SecretVault, clock: Time, transport: Transport, seed: UInt64,
        wallClock: @escaping @Sendable () -> Int64,
        writeAudit: @escaping @Sendable ([AuditRecord], _ dropped: Int) -> Void,
        openCallbacks: @escaping @Sendable () -> String? = { nil }
    ) {
        self.clock = clock
        self.transport = transport
        self.wallClock = wallClock
        self.writeAudit = writeAudit
        self.openCallbacks = openCallbacks
        (browserExpectations, expectBrowsers) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        var state = BrokerState(settings: settings, vault: vault, now: clock.now, seed: seed)
        state.observe(wall: wallClock(), at: clock.now)
        restored = state.restore(now: clock.now)
        // Whoever began them was told long ago; the first round has the port opened.
        _ = state.links.takeNewBrowserLinks()
        self.state = Mutex(state)
    }

    /// Takes a configuration over, at once and whole; calls that wait are tried again by the new one.
    ///
    /// - Returns: What could not be used, each with what to do about it.
    package func apply(_ configuration: PurserConfiguration, secrets: ConfiguredSecrets) -> [String] {
        let (finished, warnings, unclaimed) = withState { state, now in
            let finished = state.apply(configuration, secrets: secrets, now: now)
            return (finished, state.configuration.warnings, state.unclaimedExchanges())
        }
        for exchange in unclaimed { transport.forget(exchange) }
        for call in finished { call.deliver() }
        doorbell.ring()
        return warnings
    }

    /// A caller for a peer that was just accepted.
    package func caller(for peer: Peer) -> Caller {
        Caller(peer: peer)
    }

    /// Answers one call (Protocol/openrpc.json) on the connection's thread.
    package func answer(
        _ call: borrowing RPCCall, from caller: Caller, into result: inout JSONWriter
    ) throws(RPCError) -> RPCAnswer {
        guard let method = Method(name: call.methodName) else { throw .methodNotFound(call.methodName) }
        let now = clock.now
        var finished: [FinishedCall] = []
        var mustRing = false
        var begun: [String] = []
        // Also where the call ends in an error: one that would not wait may have asked for a refresh.
        defer {
            for call in finished { call.deliver() }
            if mustRing { doorbell.ring() }
        }
        let answer = try state.withLock { state throws(RPCError) in
            defer {
                state.save()
                mustRing = state.needsRefresher || state.hasUnannouncedChanges
                begun = state.links.takeNewBrowserLinks()
            }
            return try state.answer(method, call, from: caller, now: now, into: &result, finished: &finished)
        }
        if !begun.isEmpty, let error = admitBrowsers(for: begun) { throw error }
        return answer
    }

    /// Runs `body` with the state, at the clock's present instant; then wakes the refresher if there is something for it.
    func withState<Result: ~Copyable>(_ body: (inout BrokerState, BootInstant) -> sending Result) -> sending Result {
        let now = clock.now
        let wall = wallClock()
        var mustRing = false
        var begun: [String] = []
        defer {
            // A link that could not be begun is over by now, which its caller sees at the next look.
            if !begun.isEmpty { _ = admitBrowsers(for: begun) }
            if mustRing { doorbell.ring() }
        }
        return state.withLock { state in
            state.observe(wall: wall, at: now)
            defer {
                state.save()
                mustRing = state.hasUnannouncedChanges
                begun = state.links.takeNewBrowserLinks()
            }
            return body(&state, now)
        }
    }

    /// The refresher's rounds so far, for a watchdog to see that it makes progress.
    package var refresherRounds: UInt64 { rounds.load(ordering: .relaxed) }

    /// Has the refresher make a round, which is then among ``refresherRounds``, though there is nothing to do. Does not wait.
    package func askRefresher() { doorbell.ring() }

    func countRound() {
        rounds.wrappingAdd(1, ordering: .relaxed)
    }

    var wallSeconds: Int64 { wallClock().floorDivided(by: 1_000_000_000) }

    /// Has what the audit holds written now: for a stop, after the last answer. Does not wait.
    package func endAudit() {
        deliverAudit(withState { state, _ in state.audit.take() })
    }

    func deliverAudit(_ batch: (records: [AuditRecord], dropped: Int)) {
        guard !batch.records.isEmpty || batch.dropped > 0 else { return }
        writeAudit(batch.records, batch.dropped)
    }
}
