import ConnectedAccounts
import CredentialBroker
import Dispatch
import Logging
import NIOCore
import NIOPosix
import SecretVault
import Synchronization
import Systemd
import TestKit
import Testing

@testable import Daemon

/// The watchdog with a broker whose refresher makes its rounds when the test says so, and an event loop that can be made to hang.
@Suite("The watchdog's view of the daemon")
struct SupervisionTests {
    private final class Manager: Sendable {
        private let sent = Mutex<[String]>([])
        var messages: [String] { sent.withLock { $0 } }
        var notifier: ServiceNotifier {
            ServiceNotifier(environment: ServiceEnvironment([.notifySocket: "/run/none"])) { [self] message, _ in
                sent.withLock { $0.append(message) }
                return 1
            }
        }
    }

    private typealias Watchdog = Supervision<ManualClock, ScriptedTransport>
    private static let interval: Duration = .seconds(10)

    private let manager = Manager()
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let hang = DispatchSemaphore(value: 0)
    private let clock = ManualClock()
    private let broker: Broker<ManualClock, ScriptedTransport>

    init() throws {
        let settings = BrokerSettings(
            version: "test", pid: 1, configurationPath: nil, contract: [],
            fingerprintKey: Array(repeating: 1, count: 32),
            randomBytes: { Array(repeating: 1, count: $0) })
        broker = Broker(
            settings: settings, vault: try SecretVault(creating: SegmentPolicy(kind: .lockedMemfd, locksMemory: false)),
            clock: clock, transport: ScriptedTransport(clock: clock), seed: 1, wallClock: { 0 }, writeAudit: { _, _ in }
        )
    }

    private func watchdog(interval: Duration? = interval) -> Watchdog {
        Watchdog(
            broker: broker, eventLoop: group.next(), notifier: manager.notifier, watchdogInterval: interval,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// One period, in which these parts make progress.
    private func turn(_ watchdog: Watchdog, _ watch: inout Watchdog.Watch, _ alive: Set<Watchdog.Part>) async {
        watchdog.ask()
        if alive.contains(.requestLoop) { try? await group.next().submit {}.get() }
        if alive.contains(.refresher) { _ = broker.beginRound() }
        watchdog.turn(&watch)
    }

    @Test("While both go on there is a ping each period")
    func pings() async {
        let watchdog = watchdog()
        var watch = watchdog.makeWatch()
        for _ in 0..<20 { await turn(watchdog, &watch, [.requestLoop, .refresher]) }
        #expect(manager.messages == Array(repeating: "WATCHDOG=1", count: 20))
    }

    @Test("A refresher with nothing to do makes a round when it is asked, though no time passes")
    func asked() async {
        let watchdog = watchdog()
        var sleeps = clock.sleeps.makeAsyncIterator()
        let refresher = Task { await broker.run() }
        _ = await sleeps.next()
        for _ in 0..<10 {
            let rounds = broker.refresherRounds
            watchdog.ask()
            _ = await sleeps.next()
            #expect(broker.refresherRounds == rounds + 1)
        }
        refresher.cancel()
        await refresher.value
    }

    @Test("A refresher that is slow to look up, every two seconds, is not taken for hung")
    func idle() async {
        let watchdog = watchdog()
        var watch = watchdog.makeWatch()
        for second in 0..<60 {
            await turn(watchdog, &watch, second.isMultiple(of: 2) ? [.requestLoop] : [.requestLoop, .refresher])
        }
        #expect(manager.messages == Array(repeating: "WATCHDOG=1", count: 30))
    }

    @Test(
        "Whichever hangs while the other goes on, systemd is told once, early enough to have ended the daemon within the interval",
        arguments: ["request loop", "refresher"])
    func hangs(name: String) async throws {
        let part = try #require(Watchdog.Part(rawValue: name))
        let watchdog = watchdog()
        var watch = watchdog.makeWatch()
        for _ in 0..<3 { await turn(watchdog, &watch, [.requestLoop, .refresher]) }
        if part == .requestLoop { group.next().execute { hang.wait() } }
        defer { hang.signal() }
        var seconds = 0
        while manager.messages.last == "WATCHDOG=1", seconds < 60 {
            await turn(watchdog, &watch, Set(Watchdog.Part.allCases).subtracting([part]))
            seconds += 1
        }
        #expect(manager.messages.last == "STATUS=the \(name) has made no progress for 5 s\nWATCHDOG=trigger")
        // The turn in which it hung, and TimeoutAbortSec=3s.
        #expect(.seconds(1 + seconds + 3) < Self.interval)
        let told = manager.messages.count
        for _ in 0..<20 { await turn(watchdog, &watch, Set(Watchdog.Part.allCases).subtracting([part])) }
        #expect(manager.messages.count == told)
    }

    @Test("Where systemd has no watchdog it is asked for nothing")
    func withoutWatchdog() async {
        let watchdog = watchdog(interval: nil)
        var watch = watchdog.makeWatch()
        for _ in 0..<20 { await turn(watchdog, &watch, [.requestLoop]) }
        #expect(manager.messages.isEmpty)
    }
}
