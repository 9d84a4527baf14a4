internal import ConnectedAccounts
internal import CredentialBroker
internal import Logging
internal import NIOCore
internal import OAuth
internal import Synchronization
internal import Systemd

/// Keeps systemd told: the watchdog's pings, as long as both parts of the daemon make progress, and the STATUS line.
struct Supervision<Transport: ProviderTransport>: Sendable {
    /// What must make progress, each on its own.
    enum Part: String, Hashable, CaseIterable, Sendable {
        case requestLoop = "request loop"
        case refresher
    }

    private let broker: Broker<BootClock, Transport>
    private let eventLoop: any EventLoop
    private let notifier: ServiceNotifier
    private let watchdogInterval: Duration?
    private let logger: Logger

    init(
        broker: Broker<BootClock, Transport>, eventLoop: any EventLoop, notifier: ServiceNotifier,
        watchdogInterval: Duration?, logger: Logger
    ) {
        self.broker = broker
        self.eventLoop = eventLoop
        self.notifier = notifier
        self.watchdogInterval = watchdogInterval
        self.logger = logger
    }

    /// Runs until the task is cancelled.
    func run() async {
        let clock = BootClock()
        let period = min(.seconds(3), (watchdogInterval ?? .seconds(9)) / 3)
        let requestLoopBeats = Beats()
        var seen = (requestLoop: 0, refresher: broker.refresherRounds)
        var gate = WatchdogGate<Part, BootInstant>(startedAt: clock.now) { _ in (watchdogInterval ?? .seconds(9)) / 2 }
        while !Task.isCancelled {
            eventLoop.execute {
                // Through the broker's lock: a loop that turns but cannot answer is no progress.
                _ = broker.refreshesInFlight
                requestLoopBeats.beat()
            }
            try? await clock.sleep(until: clock.now.advanced(by: period), tolerance: nil)
            let now = (requestLoop: requestLoopBeats.count, refresher: broker.refresherRounds)
            if now.requestLoop != seen.requestLoop { gate.heartbeat(of: .requestLoop, at: clock.now) }
            if now.refresher != seen.refresher { gate.heartbeat(of: .refresher, at: clock.now) }
            seen = now
            ping(&gate, at: clock.now)
            report()
        }
    }

    private func ping(_ gate: inout WatchdogGate<Part, BootInstant>, at now: BootInstant) {
        switch gate.decide(at: now) {
        case .ping: tell { () throws(NotifyError) in try notifier.pingWatchdog() }
        case .withhold(let part, let silence):
            logger.error(
                "No progress: the watchdog is not told that the daemon lives",
                metadata: ["part": "\(part.rawValue)", "silent-seconds": "\(silence.components.seconds)"])
        }
    }

    /// The STATUS line, if it has changed.
    func report() {
        tell { () throws(NotifyError) in try notifier.status(statusLine()) }
    }

    func statusLine() -> String {
        let summary = broker.summary()
        let counts = ServiceStatusText.Counts(
            active: summary.counts[.active, default: 0], expired: summary.counts[.expired, default: 0],
            needReauthorization: summary.counts[.failed, default: 0] + summary.counts[.revoked, default: 0],
            inactive: summary.counts[.inactive, default: 0], openLinks: summary.counts[.initiated, default: 0])
        return ServiceStatusText.line(counts, nextRefresh: summary.nextRefresh, notes: summary.shortcomings)
    }

    private func tell(_ send: () throws(NotifyError) -> Void) {
        do throws(NotifyError) {
            try send()
        } catch {
            logger.warning("systemd was not told: \(error)")
        }
    }
}

/// Counts heartbeats across threads.
private final class Beats: Sendable {
    private let beats = Atomic<Int>(0)

    var count: Int { beats.load(ordering: .relaxed) }

    func beat() { beats.wrappingAdd(1, ordering: .relaxed) }
}
