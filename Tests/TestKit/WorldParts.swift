internal import ConnectedAccounts
internal import CredentialBroker
package import DaemonConfiguration
internal import SecretVault
internal import Synchronization

/// What differs between worlds.
package struct WorldSetup {
    package var contract: [UInt8] = Array("{}".utf8)
    package var maximumVaultBytes = 64 << 20
    /// Whether the answers to what a process has sent can be had by the next one.
    package var keepsExchanges = false

    package init() {}
}

/// The machine was started anew: boot time begins again, and of the vault there is what was exported.
package struct Reboot {
    /// The export's text; nil where there is none.
    package var export: String?
    /// What the wall clock shows beyond ``World/wallStart``.
    package var wallAhead: Duration
    package var configuration: PurserConfiguration
    package var secrets: [String: String]

    package init(
        export: String?, wallAhead: Duration, configuration: PurserConfiguration, secrets: [String: String]
    ) {
        self.export = export
        self.wallAhead = wallAhead
        self.configuration = configuration
        self.secrets = secrets
    }

    func fill(_ vault: inout SecretVault, now: BootInstant) throws -> VaultImport.Report? {
        guard let export else { return nil }
        return try VaultImport.read(
            Array(export.utf8).span, secrets: World.read(configuration, secrets), into: &vault, now: now,
            wall: WallInstant(seconds: World.wallStart + wallAhead.components.seconds))
    }
}

package struct WorldFault: Error {
    package let faults: [String]
}

struct MissingSecret: Error, CustomStringConvertible {
    var description: String { "there is no such credential" }
}

/// The port that browsers come back to, as far as a broker knows of it.
package final class BrowserPort: Sendable {
    private let state = Mutex((openings: 0, problem: String?.none))

    /// How often it was opened, or would have been.
    package var openings: Int { state.withLock { $0.openings } }

    /// Why it cannot be opened from now on.
    package func set(problem: String?) { state.withLock { $0.problem = problem } }

    func open() -> String? {
        state.withLock { state in
            state.openings += 1
            return state.problem
        }
    }
}

/// A machine without users and groups.
struct NoNames: NameResolver {
    func uid(ofUser name: String) throws(NameLookupFailure) -> UInt32? { nil }
    func gid(ofGroup name: String) throws(NameLookupFailure) -> UInt32? { nil }
}

/// How far the wall clock was set from where it would be.
final class WallShift: Sendable {
    private let nanoseconds = Atomic<Int64>(0)

    var value: Int64 { nanoseconds.load(ordering: .relaxed) }
    func add(_ amount: Int64) { nanoseconds.add(amount, ordering: .relaxed) }
}

/// Keeps what the broker has written to its audit.
final class AuditTrail: Sendable {
    private let state = Mutex<(records: [AuditRecord], dropped: Int, inspected: Int)>(([], 0, 0))
    private let room = Mutex(true)

    /// Whether it takes anything; false is a journal that stalls.
    var hasRoom: Bool {
        get { room.withLock { $0 } }
        set { room.withLock { $0 = newValue } }
    }

    var records: [AuditRecord] { state.withLock { $0.records } }
    var dropped: Int { state.withLock { $0.dropped } }

    /// Those that came since the last time.
    func takeUninspected() -> [AuditRecord] {
        state.withLock { state in
            defer { state.inspected = state.records.count }
            return Array(state.records[state.inspected...])
        }
    }

    func add(_ records: [AuditRecord], _ dropped: Int) {
        state.withLock { state in
            state.records += records
            state.dropped += dropped
        }
    }
}

/// Bytes that are the same in each run.
final class RandomBytes: Sendable {
    private let generator: Mutex<SplitMix64>

    init(seed: UInt64) { generator = Mutex(SplitMix64(seed: seed)) }

    func next(_ count: Int) -> [UInt8] {
        generator.withLock { generator in
            (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        }
    }
}
