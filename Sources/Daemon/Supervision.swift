internal import ConnectedAccounts
internal import CredentialBroker
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
internal import OAuth
internal import Synchronization
internal import Systemd

/// Keeps systemd told: the watchdog's pings, as long as both parts of the daemon make progress, and the STATUS line.
struct Supervision<Time: Clock, Transport: ProviderTransport>: Sendable
where Time.Instant == BootInstant, Time.Duration == Duration {
    /// What must make progress, each on its own.
    enum Part: String, Hashable, CaseIterable, Sendable {
        case requestLoop = "request loop"
        case refresher
    }

    private let broker: Broker<Time, Transport>
    private let eventLoop: any EventLoop
    private let notifier: ServiceNotifier
    private let watchdogInterval: Duration?
    private let logger: Logger
    private let requestLoopBeats = Beats()

    init(
        broker: Broker<Time, Transport>, eventLoop: any EventLoop, notifier: ServiceNotifier,
        watchdogInterval: Duration?, logger: Logger
    ) {
        self.broker = broker
        self.eventLoop = eventLoop
        self.notifier = notifier
        self.watchdogInterval = watchdogInterval
        self.logger = logger
    }

    /// What was seen at the turns before.
    struct Watch: Sendable {
        var gate: WatchdogGate<Part, BootInstant>
        /// Goes on by one period a turn, however long that took: after a suspend, or while the machine has no time for
        /// anybody, a part is not taken for hung before it has had as many turns as this task.
        var now = BootInstant(nanoseconds: 0)
        var refresherRounds: UInt64
        var requestLoopBeats = 0
        var hung: Part?
    }

    /// Often enough that a hang is noticed, and ended by systemd's SIGABRT or `TimeoutAbortSec=` after it, within the
    /// interval.
    private var period: Duration { min(.seconds(1), (watchdogInterval ?? .seconds(10)) / 10) }

    /// How long a part may be silent: both are asked each period.
    private var allowance: Duration { max(.seconds(3), (watchdogInterval ?? .seconds(10)) * 2 / 5) }

    /// Runs until the task is cancelled.
    ///
    /// The watch has a thread of its own: tasks share as many as the machine has cores, and whoever hangs with the broker's
    /// lock soon has all of them wait for it.
    func run() async {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let watch = NIOLockedValueBox(makeWatch())
        ask()
        let turns = group.next().scheduleRepeatedTask(initialDelay: TimeAmount(period), delay: TimeAmount(period)) {
            _ in
            watch.withLockedValue { turn(&$0) }
            ask()
        }
        await reportRegularly()
        turns.cancel()
        try? await group.shutdownGracefully()
    }

    func makeWatch() -> Watch {
        let gate = WatchdogGate<Part, BootInstant>(startedAt: BootInstant(nanoseconds: 0)) { _ in allowance }
        return Watch(gate: gate, refresherRounds: broker.refresherRounds)
    }

    /// To be answered before the next turn.
    func ask() {
        broker.askRefresher()
        eventLoop.execute {
            // Through the broker's lock: a loop that turns but cannot answer is no progress.
            _ = broker.refreshesInFlight
            requestLoopBeats.beat()
        }
    }

    /// One look at both parts, a period after the last one. Takes no lock, and does not wait for the journal: whoever hangs may
    /// have the one, or hang in the other.
    func turn(_ watch: inout Watch) {
        watch.now = watch.now.advanced(by: period)
        let (beats, rounds) = (requestLoopBeats.count, broker.refresherRounds)
        if beats != watch.requestLoopBeats { watch.gate.heartbeat(of: .requestLoop, at: watch.now) }
        if rounds != watch.refresherRounds { watch.gate.heartbeat(of: .refresher, at: watch.now) }
        (watch.requestLoopBeats, watch.refresherRounds) = (beats, rounds)
        switch watch.gate.decide(at: watch.now) {
        case .ping:
            watch.hung = nil
            tell { () throws(NotifyError) in try notifier.pingWatchdog() }
        case .withhold: break
        case .hung(let part, let silence):
            // Once: the time that systemd gives the daemon to end would begin anew.
            guard watch.hung == nil else { return }
            watch.hung = part
            let reason = "the \(part.rawValue) has made no progress for \(silence.components.seconds) s"
            guard watchdogInterval != nil else { return logger.error("Hung: \(reason)") }
            tell { () throws(NotifyError) in try notifier.triggerWatchdog(reason: reason) }
        }
    }

    private func reportRegularly() async {
        let clock = BootClock()
        while !Task.isCancelled {
            try? await clock.sleep(until: clock.now.advanced(by: .seconds(3)), tolerance: nil)
            report()
        }
    }

    /// The STATUS line, if it has changed.
    func report() {
        tell { () throws(NotifyError) in try notifier.status(statusLine()) }
    }

    func statusLine() -> String {
        let summary = broker.summary()
        let counts = ServiceStatusText.Counts(
            active: summary.counts[.active, default: 0],
            expired: summary.counts[.expired, default: 0] - summary.expiredForGood,
            needReauthorization: summary.counts[.failed, default: 0] + summary.counts[.revoked, default: 0]
                + summary.expiredForGood,
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
