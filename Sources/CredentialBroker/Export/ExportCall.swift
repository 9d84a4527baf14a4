internal import ConnectedAccounts
internal import JSON
internal import JSONRPC
internal import SecretBytes
internal import VaultExport

/// `daemon.export`: hands the accounts over to a later process, or another machine.
///
/// One owner refreshes, so this daemon is it no longer once the last page was fetched: it serves what lives, and begins and
/// changes nothing, for what came after the export would be lost, and a token presented after it would be presented twice.
/// Until then it holds still, and goes on by itself if nobody comes for the next page: a caller who is gone has no export.
struct VaultHandover: Sendable {
    /// Those who wait until what was sent is answered.
    struct Waiter: Sendable {
        let reply: RPCReply
        let deadline: BootInstant
    }

    /// The sealed records, to be fetched page by page.
    struct Export: Sendable {
        let id: String
        let at: WallInstant
        let connections: Int
        let lines: [String]
        /// Refreshes that had succeeded by then: with more of them there are newer tokens.
        let refreshes: Int
    }

    /// Each page has at most this many lines: some 350 kB.
    static let linesPerPage = 4
    static let waiterLimit = 16
    /// How long the next page is waited for.
    static let lease: Duration = .seconds(30)

    var waiters: [Waiter] = []
    var export: Export?
    /// The last page was fetched.
    var isFinal = false
    var leaseEnd: BootInstant

    init(now: BootInstant) { leaseEnd = now.advanced(by: Self.lease) }
}

extension BrokerState {
    mutating func daemonExport(
        _ call: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter,
        finished: inout [FinishedCall]
    ) throws(RPCError) -> RPCAnswer {
        let parameters = try call.parameters(["cursor", "timeoutMs"])
        let cursor = try parameters.optionalString("cursor")
        let timeout = try parameters.optionalInt("timeoutMs", in: 0...60_000) ?? 10_000
        let agent = try agent(of: caller)
        guard agent.mayExport else { throw .forbidden }
        if let cursor {
            let wasFinal = handover?.isFinal == true
            try writePage(cursor, now: now, into: &result)
            if !wasFinal, handover?.isFinal == true { noteExport(to: caller, agent: agent, now: now) }
            return .written
        }
        guard exportKey != nil else { throw .exportNotConfigured }
        if handover == nil {
            handover = VaultHandover(now: now)
            finished = drain()
        }
        guard mayHaveNewTokens, timeout > 0 else {
            try writeBeginning(now: now, into: &result)
            return .written
        }
        guard let count = handover?.waiters.count, count < VaultHandover.waiterLimit else {
            throw .rateLimited(retryAfter: .seconds(1), "enough callers wait for an export; try again in a second")
        }
        let deadline = now.advanced(by: .milliseconds(timeout))
        handover?.waiters.append(VaultHandover.Waiter(reply: try call.later(), deadline: deadline))
        needsRefresher = true
        return .later
    }

    /// Whether the accounts are another's from here on, or may be soon.
    var isHandedOver: Bool { handover != nil }

    /// Whether something is under way after which there are other tokens.
    private var mayHaveNewTokens: Bool {
        scheduler.inFlight + jobsUnderWay > 0
            || jobs.contains { job in if case .exchange = job { true } else { false } }
    }

    /// When those who wait are to be answered at the latest, or the next page is waited for no longer.
    var nextHandoverDeadline: BootInstant? {
        guard let handover else { return nil }
        return handover.waiters.map(\.deadline).min() ?? (handover.isFinal ? nil : handover.leaseEnd)
    }

    /// Answers those who wait for the export once nothing is under way, or their time is up: what is not answered then is
    /// marked as sent in the export, as in any vault. Ends a handover whose caller is gone.
    mutating func continueHandover(now: BootInstant) -> [FinishedCall] {
        guard let handover else { return [] }
        guard !handover.waiters.isEmpty else {
            if !handover.isFinal, handover.leaseEnd <= now { takeBack() }
            return []
        }
        let isQuiet = !mayHaveNewTokens
        let ready = handover.waiters.filter { isQuiet || $0.deadline <= now }
        guard !ready.isEmpty else { return [] }
        self.handover?.waiters.removeAll { isQuiet || $0.deadline <= now }
        return ready.map { waiter in
            FinishedCall(waiter.reply) { (result) throws(RPCError) in try writeBeginning(now: now, into: &result) }
        }
    }

    private mutating func takeBack() {
        handover = nil
        if !isEnding { scheduler.resume() }
        needsRefresher = true
    }

    private mutating func makeExport(now: BootInstant) {
        if let export = handover?.export, export.refreshes == counters.succeeded { return }
        save()
        let salt = settings.randomBytes(32)
        _ = put(.exportSalt, key: "", payload: salt.span)
        guard let lines = sealedRecords(salt: salt, now: now) else { return }
        let export = VaultHandover.Export(
            id: fingerprint(of: settings.randomBytes(16).span, bytes: 16), at: wall(now), connections: directory.count,
            lines: lines, refreshes: counters.succeeded)
        handover?.export = export
    }

    // MARK: Pages

    /// The first page has no lines yet: whoever does not come for the others has taken nothing over.
    private mutating func writeBeginning(now: BootInstant, into result: inout JSONWriter) throws(RPCError) {
        makeExport(now: now)
        guard let export = handover?.export else { throw .exportNotConfigured }
        handover?.leaseEnd = now.advanced(by: VaultHandover.lease)
        write(export, lines: 0..<0, into: &result)
    }

    /// `cursor` is the export's id and the number of the next line: "ID.LINE".
    private mutating func writePage(
        _ cursor: String, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) {
        let parts = cursor.split(separator: ".", omittingEmptySubsequences: false)
        guard let export = handover?.export, parts.count == 2, parts[0] == export.id, let start = Int(parts[1]),
            export.lines.indices.contains(start)
        else { throw .staleExportCursor }
        let end = min(start + VaultHandover.linesPerPage, export.lines.count)
        handover?.leaseEnd = now.advanced(by: VaultHandover.lease)
        if end == export.lines.count { handover?.isFinal = true }
        write(export, lines: start..<end, into: &result)
    }

    private func write(_ export: VaultHandover.Export, lines: Range<Int>, into result: inout JSONWriter) {
        result.object { result in
            result.member("exportedAt", shown(export.at))
            result.member("connections", export.connections)
            result.memberArray("lines") { result in
                for line in export.lines[lines] { result.value(line) }
            }
            result.member(
                "nextCursor", lines.upperBound < export.lines.count ? "\(export.id).\(lines.upperBound)" : nil)
        }
    }
}

extension Method {
    /// Whether it changes what an export holds.
    var changesAccounts: Bool {
        switch self {
        case .connectedAccountsEnable, .connectedAccountsDisable, .connectedAccountsLink, .connectedAccountsInitiate,
            .connectedAccountsCompleteLink, .connectedAccountsRefresh, .connectedAccountsDelete,
            .connectedAccountsUpdate, .sessionCreate, .sessionClose:
            true
        default: false
        }
    }
}

extension RPCError {
    fileprivate static let exportNotConfigured = RPCError(
        code: -32014, name: "NOT_CONFIGURED",
        message:
            "the configuration has no usable key for exports; add `export: { key: { credential: NAME } }` and reload")

    fileprivate static let staleExportCursor = RPCError.invalidParams(
        "`cursor` is not of the last export; begin again without it", data: ["parameter": "cursor"])

    static let handedOver = RPCError(
        code: -32013, name: "SHUTTING_DOWN",
        message: "the accounts are handed over by daemon.export, so nothing can change here; restart purserd")
}
