package import ConnectedAccounts
package import CredentialBroker
package import DaemonConfiguration
internal import OAuth
internal import SecretBytes
package import SecretVault
internal import Synchronization

/// A whole broker in memory, driven step by step on the test's own thread: nothing happens unless the test lets it, and time
/// passes only as it says.
///
/// Every line, audit record and warning that leaves the broker is searched for ``markers``.
package final class World {
    package let clock: ManualClock
    package private(set) var broker: Broker<ManualClock, ScriptedTransport>
    /// What the provider does with a request.
    package var respond: (ReceivedRequest) -> Reaction = { _ in .unreachable }
    /// Every request that was sent, in order.
    package private(set) var ledger: [ReceivedRequest] = []
    /// Requests that a process had noted as sent when it died.
    package private(set) var unsent: [ReceivedRequest] = []
    /// Texts that may never leave the broker.
    package var markers = ["canary-"]
    /// What went wrong beside the answers: a marker that leaked, a broker that never came to rest.
    package private(set) var faults: [String] = []
    /// The warnings of the last reload.
    package private(set) var warnings: [String] = []
    /// When the broker wants to be looked at again.
    package private(set) var wake: BootInstant?

    /// What was imported after a reboot.
    package private(set) var imported: VaultImport.Report?

    package let browserPort = BrowserPort()
    let audit = AuditTrail()
    /// False where the refresher runs by itself.
    private let isDriven: Bool
    private let wallShift = WallShift()
    private let setup: WorldSetup
    private let transport: ScriptedTransport?
    private var seed: UInt64
    /// Of the vault's memory, which may move.
    private let vaultDescriptor: VaultDescriptor
    private var held: [HeldExchange] = []
    private let kept = KeptReactions()
    /// Each time the refresher has done what there was, and waits.
    private var sleeps: AsyncStream<BootInstant>.Iterator

    private struct HeldExchange {
        var attempt: RefreshAttempt
        var request: ReceivedRequest
        var deadline: BootInstant
        var name: ExchangeName?
    }

    /// 2026-06-01T00:00:00Z, in Unix time.
    package static let wallStart: Int64 = 1_780_272_000

    /// A world. With a `transport` its refresher really runs; others are driven step by step, and never send.
    package init(
        _ setup: WorldSetup = WorldSetup(), seed: UInt64 = 1, transport: ScriptedTransport? = nil,
        after reboot: Reboot? = nil
    ) throws {
        let clock = transport?.clock ?? ManualClock()
        self.clock = clock
        sleeps = clock.sleeps.makeAsyncIterator()
        self.setup = setup
        self.transport = transport
        self.seed = seed
        isDriven = transport == nil
        var vault = try SecretVault(creating: Self.policy(setup))
        if let reboot {
            wallShift.add(reboot.wallAhead.nanoseconds)
            imported = try reboot.fill(&vault, now: clock.now)
        }
        vaultDescriptor = VaultDescriptor(of: &vault)
        kept.follow(vaultDescriptor)
        broker = Self.broker(vault, clock, transport, setup, seed: seed, wallShift, audit, browserPort, kept)
    }

    private static func policy(_ setup: WorldSetup) -> SegmentPolicy {
        SegmentPolicy(kind: .lockedMemfd, locksMemory: false, maximumBytes: setup.maximumVaultBytes)
    }

    private static func broker(
        _ vault: consuming SecretVault, _ clock: ManualClock, _ transport: ScriptedTransport?, _ setup: WorldSetup,
        seed: UInt64, _ shift: WallShift, _ audit: AuditTrail, _ port: BrowserPort, _ kept: KeptReactions
    ) -> Broker<ManualClock, ScriptedTransport> {
        let random = RandomBytes(seed: seed &+ 1)
        var settings = BrokerSettings(
            version: "1.0.0-test", pid: 4711, configurationPath: "/etc/purser/purser.yaml", contract: setup.contract,
            fingerprintKey: Array(repeating: UInt8(truncatingIfNeeded: seed &+ 6), count: 32),
            randomBytes: { random.next($0) })
        settings.auditHasRoom = { audit.hasRoom }
        settings.keptExchanges = kept.names
        return Broker(
            settings: settings, vault: vault, clock: clock,
            transport: transport ?? ScriptedTransport(clock: clock, exchanges: kept), seed: seed,
            wallClock: {
                wallStart * 1_000_000_000 + clock.now.nanoseconds - ManualClock.start.nanoseconds + shift.value
            },
            writeAudit: { records, dropped in audit.add(records, dropped) }, openCallbacks: { port.open() })
    }

    /// The process is killed in this instant, and another one finds the vault. Answers that were on their way are lost, unless
    /// exchanges are kept, and so is who called; the configuration must be applied anew.
    package func restart() throws {
        held = []
        seed &+= 1000
        var vault = try vaultDescriptor.survivor(Self.policy(setup))
        vaultDescriptor.follow(&vault)
        broker = Self.broker(vault, clock, transport, setup, seed: seed, wallShift, audit, browserPort, kept)
    }

    /// The vault's memory, without the zeros at its end.
    package var vaultImage: [UInt8] {
        let contents = vaultDescriptor.contents
        return Array(contents[..<(contents.lastIndex { $0 != 0 }.map { $0 + 1 } ?? 0)])
    }

    /// Another process's vault is found in place of this one's, to be followed by ``restart()``. Zeros at its end may be left
    /// out.
    package func replaceVault(with image: [UInt8], byteCount: Int = 256 << 10) {
        vaultDescriptor.replace(with: image + Array(repeating: 0, count: max(0, byteCount - image.count)))
    }

    /// The process dies right after so many more changes of its vault; nil: it does not. What it seems to do from then on has not
    /// happened, so ``restart()`` must follow.
    package func die(afterChanges count: Int?) { vaultDescriptor.setDeath(after: count) }

    /// Whether it has died so.
    package var isDead: Bool { vaultDescriptor.isDead }

    /// What the wall clock shows beyond ``wallStart``.
    package var wallAhead: Duration {
        ManualClock.start.duration(to: now) + .nanoseconds(wallShift.value)
    }

    /// Sets the wall clock forward (or back), as an administrator would; boot time goes on as before.
    package func setWallClock(by duration: Duration) {
        wallShift.add(duration.nanoseconds)
    }

    /// Every audit record that was written.
    package var auditRecords: [AuditRecord] { audit.records }
    package var auditDropped: Int { audit.dropped }
    /// Whether the log takes audit records.
    package var auditHasRoom: Bool {
        get { audit.hasRoom }
        set { audit.hasRoom = newValue }
    }

    /// Lets `body` change the vault behind the broker's back, as a crash in the middle of something would leave it; to be
    /// followed by ``restart()``.
    package func withVault<Result>(_ body: (inout SecretVault) throws -> Result) throws -> Result {
        var vault = try SecretVault(adopting: vaultDescriptor.value, policy: Self.policy(setup))
        return try body(&vault)
    }

    /// Exchanges that would outlive the process now.
    package var exchangesKept: Int { kept.names.count }

    // MARK: Configuration

    /// Takes a configuration over, as at the start and at a reload; `{credential: NAME}` is looked up in `secrets`.
    package func apply(_ configuration: PurserConfiguration, secrets: [String: String]) {
        warnings = broker.apply(configuration, secrets: Self.read(configuration, secrets))
        for warning in warnings { inspect(warning) }
        if isDriven { settle() }
    }

    static func read(_ configuration: PurserConfiguration, _ secrets: [String: String]) -> ConfiguredSecrets {
        ConfiguredSecrets(of: configuration) { reference throws(MissingSecret) in
            guard case .credential(let name) = reference, let text = secrets[name] else { throw MissingSecret() }
            return SecretBytes(utf8: text)
        }
    }

    package func apply(yaml: String, secrets: [String: String]) throws {
        apply(try Self.configuration(yaml), secrets: secrets)
    }

    package static func configuration(_ yaml: String) throws -> PurserConfiguration {
        try PurserConfiguration.load(yaml.utf8.span, file: "test.yaml", names: NoNames())
    }

    // MARK: Time

    package var now: BootInstant { clock.now }

    /// Does all that is due at this instant.
    package func settle() {
        for _ in 0..<10_000 {
            let (tickets, wake) = broker.beginRound()
            self.wake = wake
            for ticket in tickets { drive(RefreshAttempt(ticket)) }
            if tickets.isEmpty {
                guard let wake, wake <= now else { return }
            }
        }
        faults.append("the refresher does not come to rest")
    }

    /// When something happens by itself: the broker looks again, or gives a request up.
    var nextEvent: BootInstant? { [wake, held.map(\.deadline).min()].compactMap(\.self).min() }

    /// Lets time pass, and does what is due in it when it is due.
    package func advance(by duration: Duration) {
        let target = now.advanced(by: duration)
        settle()
        while let next = nextEvent, next <= target {
            step(to: next)
        }
        clock.advance(to: target)
        settle()
    }

    /// Lets time pass while the machine sleeps: nothing is done before its end.
    package func suspend(for duration: Duration) {
        clock.advance(by: duration)
        step(to: now)
    }

    private func step(to instant: BootInstant) {
        clock.advance(to: instant)
        let expired = held.filter { $0.deadline <= now }
        held.removeAll { $0.deadline <= now }
        for exchange in expired { finish(exchange, .lost) }
        settle()
    }

    // MARK: A refresher that runs by itself

    /// Returns when it is so: looks again each time the refresher has done something, after `duration` more.
    package func until(passing duration: Duration = .zero, _ isSo: () async -> Bool) async {
        while !(await isSo()) {
            if duration > .zero { clock.advance(by: duration) }
            _ = await sleeps.next(isolation: #isolation)
        }
    }

    /// Lets time pass in one jump, and returns when what is due then is done.
    package func pass(_ duration: Duration) async {
        clock.advance(by: duration)
        while let deadline = await sleeps.next(isolation: #isolation) {
            if deadline > clock.now, broker.refreshesInFlight == 0 { return }
        }
    }

    // MARK: The provider

    /// Requests that the provider has not reacted to.
    package var pendingRequests: [ReceivedRequest] { held.map(\.request) }

    /// Reacts to the oldest request that is held.
    package func release(_ reaction: Reaction) {
        guard !held.isEmpty else { return faults.append("no request is held") }
        finish(held.removeFirst(), reaction)
        settle()
    }

    /// Reacts to every request that is held.
    package func releaseAll(_ react: (ReceivedRequest) -> Reaction) {
        let exchanges = held
        held = []
        for exchange in exchanges { finish(exchange, react(exchange.request)) }
        settle()
    }

    private func finish(_ exchange: HeldExchange, _ reaction: Reaction) {
        var attempt = exchange.attempt
        if let name = exchange.name { kept[name]?.reaction = reaction }
        take(reaction, &attempt)
        drive(attempt)
    }

    private func drive(_ attempt: RefreshAttempt) {
        var attempt = attempt
        while let exchange = broker.next(&attempt) {
            guard !isDead else { return }
            switch consume exchange {
            case .send(let request, let timeout): guard send(request, timeout, &attempt) else { return }
            case .awaitAnswer(let name, let timeout): guard wait(name, timeout, &attempt) else { return }
            }
        }
    }

    /// False if the attempt goes no further for now.
    private func send(_ request: borrowing ProviderRequest, _ timeout: Duration, _ attempt: inout RefreshAttempt)
        -> Bool
    {
        let name = setup.keepsExchanges ? request.keptAs : nil
        guard request.mayLeave?() ?? true else {
            take(.withheld, &attempt)
            return true
        }
        let received = ReceivedRequest(request, at: now, timeout: timeout)
        guard !isDead else {
            // The dead send nothing, but have noted that they would.
            unsent.append(received)
            if let name { kept[name] = KeptReactions.Exchange(request: received, reaction: .unreachable) }
            return false
        }
        ledger.append(received)
        let reaction = respond(received)
        if let name { kept[name] = KeptReactions.Exchange(request: received, reaction: reaction) }
        return react(reaction, to: received, until: now.advanced(by: timeout), name, &attempt)
    }

    private func wait(_ name: ExchangeName, _ timeout: Duration, _ attempt: inout RefreshAttempt) -> Bool {
        guard let exchange = kept[name] else {
            take(.lost, &attempt)
            return true
        }
        return react(exchange.reaction, to: exchange.request, until: now.advanced(by: timeout), name, &attempt)
    }

    private func react(
        _ reaction: Reaction, to request: ReceivedRequest, until deadline: BootInstant, _ name: ExchangeName?,
        _ attempt: inout RefreshAttempt
    ) -> Bool {
        if case .hold = reaction {
            held.append(HeldExchange(attempt: attempt, request: request, deadline: deadline, name: name))
            return false
        }
        take(reaction, &attempt)
        return true
    }

    private func take(_ reaction: Reaction, _ attempt: inout RefreshAttempt) {
        guard let outcome = reaction.outcome else {
            return faults.append("a held request must be released with an answer")
        }
        broker.take(outcome, of: &attempt)
    }

    // MARK: What leaves the broker

    func inspect(_ text: String) {
        for marker in markers where text.contains(marker) { faults.append("\(marker) has leaked: \(text)") }
    }

    /// Throws what went wrong so far, and what is found in the audit.
    package func check() throws {
        for record in audit.takeUninspected() {
            inspect(
                [record.method, record.agent, record.connectionID, record.reference, record.fingerprint]
                    .compactMap(\.self).joined(separator: " "))
        }
        guard faults.isEmpty else { throw WorldFault(faults: faults) }
    }
}
