internal import ConnectedAccounts
internal import DaemonConfiguration
internal import DequeModule
internal import JSONRPC
package import OAuth
internal import ProviderCatalog
internal import SecretBytes
internal import SecretVault

/// Everything the broker knows, behind its one lock. All of it is synchronous: instants come in, actions and answers go out.
struct BrokerState: ~Copyable {
    var settings: BrokerSettings
    var vault: SecretVault
    var directory = ConnectionDirectory()
    var scheduler = RefreshScheduler()
    var sessions = SessionRegister()
    var links = LinkRegister()
    /// Connections whose links were replaced: whoever waits for them is told in the next round.
    var replacedLinks: [String] = []
    /// Whether the port for browsers is to be open, as last said.
    var expectsBrowser = false
    /// Whether it was opened for a link since that was last said.
    var portWasOpened = false
    /// What must wait for a provider, besides refreshes; taken up by the next round.
    var jobs: [BrokerJob] = []
    /// Jobs that were taken up and are not done: their tokens may exist from then on.
    var jobsUnderWay = 0
    /// Connections whose subject is to be read.
    var unidentified: Deque<String> = []
    /// The same, to look one up.
    var unidentifiedIDs: Set<String> = []
    var isIdentifying = false
    /// Those whose provider gave no answer, and when it is asked again.
    var identityRetries: Set<String> = []
    var identityRetryAt: BootInstant?
    /// Connections of links whose account turned out to be another connection's, each with that one's id. Bounded.
    var mergedConnections: [String: String] = [:]
    var beingDeleted: Set<String> = []
    /// Refreshes that a restart has interrupted, by the connection's id, until the first configuration is there.
    var interruptedRefreshes: [String: InterruptedRefresh] = [:]
    /// Refreshes whose answer can still be had, until their connection goes on.
    var keptExchanges: Set<ExchangeName> = []
    /// … of those that do, until the next round.
    var takenOver: [RefreshScheduler.Ticket] = []
    /// … and the exchanges that they wait for, until they do.
    var awaitedExchanges: [RefreshScheduler.Ticket: ExchangeName] = [:]
    /// Connections whose auth config is of another provider by mistake, with their failures before it was.
    var unserved: [String: Int] = [:]
    /// Tokens whose connection's own record is missing, until the first configuration names it, or does not.
    var orphanedTokens: [String: VaultContents.Tokens] = [:]
    /// Auth configs of which the vault had a secret, until the first configuration is there.
    var restoredClientSecrets: Set<String> = []
    /// The key of the seeds was lost: those of the first configuration are taken for the same.
    var adoptsSeeds = false
    /// Configured connections that were deleted, each with the credential that it came with.
    var deletedSeeds: [String: String] = [:]
    /// Connections that are deleted as soon as their refresh has ended, by slot.
    var deletions: [Int: Deletion] = [:]
    var waiting = WaitingCalls()
    var audit = AuditBuffer()
    var listening = EventListening()
    var counters = RefreshCounters()

    var configuration = LoadedConfiguration()
    var authConfigs: [String: AuthConfig] = [:]
    /// Why the provider rejects an auth config's registration, until it is seen to work, or changed.
    var rejectedApps: [String: StatusReason] = [:]
    /// The ids of those that the configuration names, and takes away again.
    var configuredConnections: Set<String> = []
    /// Grows with each configuration, so that callers are matched anew.
    var epoch: UInt64 = 1

    /// Where each connection's secrets are, and what is shown of them, by slot.
    var secrets: [Int: ConnectionSecrets] = [:]
    /// Seconds between the wall clock and boot time, as last seen.
    var clockOffset: Int64 = 0
    /// Answers made beforehand, but for their secrets.
    var templates: [AccountPlace: AnswerTemplate] = [:]
    let standIns: StandIns
    /// A template is being drawn: stand-ins are lent in place of secrets.
    var isDrawing = false
    var random: SplitMix64
    /// When the daemon was told to stop.
    var endingSince: BootInstant?
    var isEnding: Bool { endingSince != nil }
    /// Nothing new is begun.
    var isStopping: Bool { isEnding || isHandedOver }
    /// Set once an export was asked for.
    var handover: VaultHandover?
    /// What exports are sealed with, if the configuration names a key.
    var exportKey: RecordHandle?
    /// Something was put in line that the refresher must look at.
    var needsRefresher = false
    let startedAt: BootInstant

    init(settings: BrokerSettings, vault: consuming SecretVault, now: BootInstant, seed: UInt64) {
        self.settings = settings
        self.vault = vault
        self.startedAt = now
        self.random = SplitMix64(seed: seed)
        self.standIns = StandIns(randomBytes: settings.randomBytes)
    }

    mutating func jitter() -> Double { random.unit() }

    /// The second on the wall clock at which the boot clock shows `instant`, as far as known now.
    func wall(_ instant: BootInstant) -> WallInstant {
        let half: Int64 = 500_000_000
        let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(half)
        let seconds = overflow ? instant.nanoseconds / 1_000_000_000 : sum.floorDivided(by: 1_000_000_000)
        return WallInstant(seconds: seconds + clockOffset)
    }

    /// Takes over the wall clock's reading. Small differences are rounding, and are left alone so that shown times stand still.
    mutating func observe(wall nanoseconds: Int64, at now: BootInstant) {
        let offset = (nanoseconds - now.nanoseconds + 500_000_000).floorDivided(by: 1_000_000_000)
        if clockOffset == 0 || abs(offset - clockOffset) > 1 { clockOffset = offset }
    }
}

/// A connection's secrets in the vault, and what may be shown of the current one.
struct ConnectionSecrets: Sendable {
    var record: RecordHandle
    /// A keyed hash of the token, to tell tokens apart in the audit.
    var fingerprint: String
    /// A keyed hash of the configured credential it was imported from: a changed one is a new login.
    var seed: String?
    /// Whether the last refresh brought another refresh token, or the catalogue says that it will.
    var rotates = false
    /// When the first request was sent that may have presented the refresh token of the current generation.
    var firstPresentedAt: BootInstant?
    /// When the last one left.
    var sentAt: BootInstant?

    /// Tells these tokens from those of another login.
    var identity: UInt64 { UInt64(fingerprint, radix: 16) ?? 0 }
}

/// How refreshes ended since the start.
struct RefreshCounters: Sendable {
    var succeeded = 0
    var failed = 0
}

/// What the composition root tells the broker once.
package struct BrokerSettings: Sendable {
    package var version: String
    package var pid: Int32
    package var configurationPath: String?
    /// The OpenRPC document in one line, as `rpc.discover` gives it.
    package let contract: [UInt8]
    /// Keys the fingerprints; random for each start.
    package var fingerprintKey: [UInt8]
    /// Unpredictable bytes, for ids.
    package var randomBytes: @Sendable (Int) -> [UInt8]
    /// Whether something outside of the process keeps the vault's memory, so that it outlives the process.
    package var vaultIsKept = false
    /// Refreshes that an earlier process has sent, whose answer the transport can give.
    package var keptExchanges: Set<ExchangeName> = []
    /// Vaults of earlier processes that could not be read.
    package var vaultsSetAside = 0
    /// What is not kept as it should be, for want of room where the vault is kept; each with what to do about it.
    package var vaultWarnings: [String] = []
    /// Whether `writeAudit` can take a batch now. Asked with the lock held, so it must not wait.
    package var auditHasRoom: @Sendable () -> Bool = { true }

    package init(
        version: String, pid: Int32, configurationPath: String?, contract: [UInt8], fingerprintKey: [UInt8],
        randomBytes: @escaping @Sendable (Int) -> [UInt8]
    ) {
        self.version = version
        self.pid = pid
        self.configurationPath = configurationPath
        self.contract = contract.inOneLine
        self.fingerprintKey = fingerprintKey
        self.randomBytes = randomBytes
    }
}

/// A small generator for jitter (Steele, Lea and Flood 2014): seeded, so that a run can be repeated. Not for secrets.
package struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// In 0..<1.
    package mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}

extension Int64 {
    func floorDivided(by divisor: Int64) -> Int64 {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

extension [UInt8] {
    /// JSON text without its line ends and the indentation after them: a message is one line. No string holds a line end.
    fileprivate var inOneLine: [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(count)
        var isIndentation = false
        for byte in self {
            let isLineEnd = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
            isIndentation = isLineEnd || isIndentation && byte == UInt8(ascii: " ")
            if !isIndentation { line.append(byte) }
        }
        return line
    }
}
