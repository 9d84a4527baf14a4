internal import CEmbedded
internal import CallbackServer
internal import ConnectedAccounts
internal import CredentialBroker
internal import DaemonConfiguration
internal import Glibc
package import Logging
internal import NIOCore
internal import NIOPosix
internal import OAuth
internal import SecretVault
internal import SocketServer
package import Systemd
internal import TokenEndpoint
internal import UnixSignals

/// The whole daemon, put together: starts in the order that loses nothing, runs, and stops in the reverse.
package struct Daemon: Sendable {
    /// The version that `daemon.status` and `--version` show.
    package static let version = "0.1.0"

    /// The field that only what the audit logs has: what became of it.
    package static let auditField = "audit"

    /// How long a stop waits for refreshes that were sent: their tokens exist from then on.
    private static let refreshGrace: Duration = .seconds(10)
    /// Shorter ones do not leave a machine with other work the time for a sign of life.
    private static let leastWatchdogInterval: Duration = .seconds(1)
    /// How long a stop waits for peers to take their last answers.
    private static let answerGrace: Duration = .seconds(1)

    let environment: ServiceEnvironment
    let notifier: ServiceNotifier
    let logger: Logger
    /// Whether the log would take what the audit has.
    private let auditHasRoom: @Sendable () -> Bool

    /// `auditHasRoom` says whether the log takes a batch of the audit now; until it does, the audit goes on counting.
    package init(
        environment: ServiceEnvironment, logger: Logger, auditHasRoom: @escaping @Sendable () -> Bool = { true }
    ) {
        self.environment = environment
        self.auditHasRoom = auditHasRoom
        self.notifier = ServiceNotifier(environment: environment)
        self.logger = logger
    }

    /// Runs until SIGTERM or SIGINT. Throws if it cannot start, or not any more; whatever was begun has ended then.
    ///
    /// The export at `importPath`, if there is one, is where it goes on from unless systemd has kept a vault. It is gone
    /// from there in either case: removed, or set aside if it is of another daemon than that vault.
    package func run(_ source: some ConfigurationSource, importing importPath: String? = nil) async throws {
        for finding in ProcessHardening.apply(environment: environment) { logger.warning("\(finding)") }
        let limits = socketLimits()
        // Registered before anybody is told that the daemon is ready, so that no signal is lost.
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        let isImporting = importPath != nil
        let configuration = try load(source, isImporting: isImporting)
        let watchdogInterval = try watchdogInterval()
        let received = try ListenDescriptors.received()
        let callbackPort = CallbackPort(try CallbackAddress(configuration.callback))
        // Bound before there is anything that must be ended: beside another daemon this one goes no further.
        let socket = try listeningSocket(received, configuration.socket, default: source.defaultSocket)
        reserve(callbackPort)
        var keeping = VaultKeeping(
            notifier: notifier, storeLimit: environment[.storedDescriptorLimit].flatMap { Int($0) },
            shippedLimit: environment[.shippedDescriptorLimit].flatMap { Int($0) }, logger: logger)
        // Let go of as soon as they are in the vault.
        var secrets: ConfiguredSecrets? = source.secrets(of: configuration)
        let export = importPath.map { ExportFile(path: $0) }
        var isNew = false
        let vault = try keeping.open(received) { vault in
            isNew = true
            if let secrets { try export?.fill(&vault, secrets: secrets, logger: logger) }
        }
        let exportRest = isNew ? .remove : try export?.rest(beside: vault) ?? .remove
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        // Providers have a loop of their own: a TLS handshake takes milliseconds that no caller should wait for.
        let providerGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let exchanges =
            keeping.isKept ? keeping.places.flatMap { ExchangeStore.open(received, $0, logger: logger) } : nil
        let transport = HTTPTransport(group: providerGroup, keeper: exchanges)
        let broker = makeBroker(
            vault: vault, keeping, exchanges?.left ?? [], transport: transport, callbackPort,
            configurationPath: source.path)
        let supervision = Supervision(
            broker: broker, eventLoop: group.next(), notifier: notifier, watchdogInterval: watchdogInterval,
            logger: logger)
        var failure: (any Error)?
        do {
            transport.allow(privateHosts: configuration.privateHosts)
            if let given = secrets.take() { warn(broker.apply(configuration, secrets: given)) }
            reportRestart(broker, keeping)
            let browsers = BrowserCallbacks(
                callbackPort, eventLoop: providerGroup.next(), broker: broker, logger: logger)
            let server = try await SocketServer.start(
                on: socket, eventLoop: group.next(), service: broker, limits: limits
            ) { credentials in
                broker.caller(for: Peer(credentials))
            }
            // Before the first token from it can be presented.
            try export?.end(exportRest, logger: logger)
            let callbacks = Task { await browsers.run() }
            failure = await serve(
                source, configuration, isImporting: isImporting, on: socket, transport, broker, server, supervision,
                signals)
            callbacks.cancel()
            await callbacks.value
        } catch {
            failure = error
        }
        socket.removeFile()
        transport.leave()
        await transport.shutdown()
        // What systemd keeps is the next process's.
        if !keeping.isKept { broker.wipe() }
        try await providerGroup.shutdownGracefully()
        try await group.shutdownGracefully()
        if let failure { throw failure }
    }

    /// From the first answer to the last. Gives why it could not go on, if it was not told to stop.
    private func serve(
        _ source: some ConfigurationSource, _ configuration: PurserConfiguration, isImporting: Bool,
        on socket: ListeningSocket, _ transport: HTTPTransport, _ broker: Broker<BootClock, HTTPTransport>,
        _ server: SocketServer<Broker<BootClock, HTTPTransport>>,
        _ supervision: Supervision<BootClock, HTTPTransport>, _ signals: UnixSignalsSequence
    ) async -> NotifyError? {
        let refresher = Task { await broker.run() }
        let supervisor = Task { await supervision.run() }
        var failure: NotifyError?
        do throws(NotifyError) {
            try notifier.ready(status: supervision.statusLine())
            logger.notice(
                "Ready", metadata: ["version": "\(Self.version)", "connections": "\(supervision.statusLine())"])
            source.ready(socketPath: configuration.socket.path ?? source.defaultSocket)
            for await signal in signals {
                guard signal == .sighup else { break }
                reload(
                    source, transport, broker, startedWith: configuration, isImporting: isImporting,
                    isSocketOurs: !socket.isAdopted)
            }
        } catch {
            failure = error
        }
        try? notifier.stopping()
        logger.notice("Stopping")
        await stop(broker, server)
        supervisor.cancel()
        refresher.cancel()
        return failure
    }

    /// How long systemd waits for a sign of life, if it does.
    private func watchdogInterval() throws(NotifyError) -> Duration? {
        let interval = try ServiceNotifier.watchdogInterval()
        if let interval, interval < Self.leastWatchdogInterval {
            logger.warning(
                "WatchdogSec= of \(interval) is too short: systemd may end a daemon that is well; give 1s or more")
        }
        return interval
    }

    /// As many connections as there are descriptors for, beside those that the daemon needs itself.
    private func socketLimits() -> SocketLimits {
        let descriptors = DescriptorLimit.raise()
        let limits = SocketLimits(descriptors: descriptors)
        if limits.connections < SocketLimits().connections {
            logger.warning(
                """
                at most \(limits.connections) connections at once, for the process may have \(descriptors) descriptors \
                open; set LimitNOFILE=65536 in the unit
                """)
        }
        return limits
    }

    private func makeBroker(
        vault: consuming SecretVault, _ keeping: VaultKeeping, _ keptExchanges: Set<ExchangeName>,
        transport: HTTPTransport, _ callbackPort: CallbackPort, configurationPath: String?
    ) -> Broker<BootClock, HTTPTransport> {
        var generator = SystemRandomNumberGenerator()
        var settings = BrokerSettings(
            version: Self.version, pid: getpid(), configurationPath: configurationPath, contract: Self.contract,
            fingerprintKey: Self.randomBytes(32), randomBytes: Self.randomBytes)
        settings.vaultIsKept = keeping.isKept
        settings.keptExchanges = keptExchanges
        settings.vaultsSetAside = keeping.setAside
        settings.vaultWarnings = keeping.warnings
        settings.auditHasRoom = auditHasRoom
        let audit = AuditLog(logger: logger)
        return Broker(
            settings: settings, vault: vault, clock: BootClock(),
            transport: transport, seed: generator.next(), wallClock: { BootClock.wallNanoseconds },
            writeAudit: { records, dropped in audit.write(records, dropped: dropped) },
            openCallbacks: { [logger] in callbackPort.problem(logger) })
    }

    /// Taken at once, so that no other program gets what browsers bring back, and a conflict shows now. Tokens are served
    /// all the same.
    private func reserve(_ port: CallbackPort) {
        do throws(CallbackListenerError) {
            try port.reserve()
        } catch {
            logger.error("Accounts cannot be connected in a browser: \(error)")
        }
    }

    /// What came back from before, or what would not come back after.
    private func reportRestart(_ broker: Broker<BootClock, HTTPTransport>, _ keeping: VaultKeeping) {
        let restored = broker.restored
        if restored.connections + restored.links + restored.sessions > 0 {
            logger.notice(
                "Restored from before the restart",
                metadata: [
                    "connections": "\(restored.connections)", "links": "\(restored.links)",
                    "sessions": "\(restored.sessions)", "awaited": "\(restored.awaited)",
                    "uncertain": "\(restored.uncertain)",
                ])
        }
        if restored.unreadable > 0 {
            logger.warning("\(restored.unreadable) records of the vault are of a kind that this version does not know")
        }
        guard !keeping.isKept else { return }
        let lost = broker.lostAtRestart
        let names =
            lost.isEmpty
            ? ""
            : ", and of the configured ones \(lost.joined(separator: ", ")): each refresh brings another refresh token"
        logger.warning(
            "No service manager keeps the vault: a restart loses every connection made at run time\(names)")
    }

    /// From the kernel's generator (getrandom(2)).
    private static func randomBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// The OpenRPC document that was built in.
    private static var contract: [UInt8] {
        let document = unsafe purser_openrpc_document()
        return unsafe Array(UnsafeBufferPointer(start: document.bytes, count: document.length))
    }

    /// The one that systemd passed, or our own.
    private func listeningSocket(
        _ received: ListenDescriptors, _ configured: SocketConfiguration, default defaultPath: String
    ) throws -> ListeningSocket {
        if let descriptor = try received.listeningSocket(named: "purser") {
            return ListeningSocket(adopting: descriptor)
        }
        let path = configured.path ?? defaultPath
        if configured.path == nil { makeDirectory(of: path) }
        return try ListeningSocket(path: path, mode: configured.mode, groupID: configured.group?.gid)
    }

    /// The default socket's own directory, for this user alone; whether it is fit is checked when the socket is bound.
    private func makeDirectory(of path: String) {
        var parts = path.split(separator: "/").dropLast()
        var missing: [String] = []
        while !parts.isEmpty, missing.count < 2 {
            missing.insert("/" + parts.joined(separator: "/"), at: 0)
            parts.removeLast()
        }
        for directory in missing { _ = unsafe mkdir(directory, 0o755) }
    }

    // MARK: Reload and stop

    /// A bad file changes nothing; what only a restart can change is said, here and in `daemon.status`.
    private func reload(
        _ source: some ConfigurationSource, _ transport: HTTPTransport, _ broker: Broker<BootClock, HTTPTransport>,
        startedWith started: PurserConfiguration, isImporting: Bool, isSocketOurs: Bool
    ) {
        try? notifier.reloading()
        do {
            var configuration = try load(source, isImporting: isImporting)
            configuration.warnings += configuration.changesForRestart(since: started, isSocketOurs: isSocketOurs)
            transport.allow(privateHosts: configuration.privateHosts)
            warn(broker.apply(configuration, secrets: source.secrets(of: configuration)))
            logger.notice("Configuration reloaded")
        } catch {
            logger.error("Configuration not reloaded; the one before stays in force:\n\(error)")
        }
        try? notifier.ready()
    }

    private func load(_ source: some ConfigurationSource, isImporting: Bool) throws -> PurserConfiguration {
        var configuration = try source.load()
        if isImporting { configuration.warnings += configuration.obstaclesToExport(as: .own) }
        return configuration
    }

    private func warn(_ warnings: [String]) {
        for warning in warnings { logger.warning("\(warning)") }
    }

    private func stop(
        _ broker: Broker<BootClock, HTTPTransport>, _ server: SocketServer<Broker<BootClock, HTTPTransport>>
    ) async {
        broker.beginStopping()
        // Served all the while: what waits for these refreshes is answered by them.
        let clock = BootClock()
        let deadline = clock.now.advanced(by: Self.refreshGrace)
        if broker.refreshesInFlight > 0 { try? notifier.extendTimeout(by: Self.refreshGrace + .seconds(2)) }
        while broker.refreshesInFlight > 0, clock.now < deadline {
            try? await clock.sleep(until: clock.now.advanced(by: .milliseconds(20)), tolerance: nil)
        }
        broker.endWaiting()
        await server.stop(grace: Self.answerGrace)
        // The last answers were audited as well.
        broker.endAudit()
    }
}

extension Peer {
    fileprivate init(_ credentials: PeerCredentials) {
        self.init(uid: credentials.uid, gid: credentials.gid, groups: credentials.groups, pid: credentials.pid)
    }
}
