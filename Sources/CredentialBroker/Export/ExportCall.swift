internal import ConnectedAccounts
internal import JSON
internal import JSONRPC
internal import SecretBytes
internal import VaultExport

/// `daemon.export`: hands the accounts over to a later process, or another machine.
///
/// One owner refreshes, so from the call on this daemon is it no longer: it serves what lives, and begins and changes
/// nothing, for what came after the export would be lost, and a token presented after it would be presented twice.
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
    }

    /// Each page has at most this many lines: some 350 kB.
    static let linesPerPage = 4
    static let waiterLimit = 16

    var waiters: [Waiter] = []
    var export: Export?
}

extension BrokerState {
    mutating func daemonExport(
        _ call: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter,
        finished: inout [FinishedCall]
    ) throws(RPCError) -> RPCAnswer {
        let parameters = try call.parameters(["cursor", "timeoutMs"])
        let cursor = try parameters.optionalString("cursor")
        let timeout = try parameters.optionalInt("timeoutMs", in: 0...60_000) ?? 10_000
        // Everything is in it, so whoever may see only a part may not have it made.
        let agent = try agent(of: caller)
        guard agent.grants.contains(where: { $0.coversEverything && $0.operations.contains(.daemonExport) }) else {
            throw .forbidden
        }
        if let cursor {
            try writePage(cursor, into: &result)
            return .written
        }
        guard exportKey != nil else { throw .exportNotConfigured }
        noteExport(to: caller, agent: agent, now: now)
        if handover == nil {
            handover = VaultHandover()
            finished = beginStopping()
        }
        guard mayHaveNewTokens, timeout > 0 else {
            makeExport(now: now)
            try writePage(nil, into: &result)
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

    /// Whether the accounts are another's from here on.
    var isHandedOver: Bool { handover != nil }

    /// Whether something is under way after which there are other tokens.
    private var mayHaveNewTokens: Bool { scheduler.inFlight + jobsUnderWay > 0 }

    /// When those who wait are to be answered at the latest.
    var nextHandoverDeadline: BootInstant? { handover?.waiters.map(\.deadline).min() }

    /// Answers those who wait for the export once nothing is under way, or their time is up: what is not answered then is
    /// marked as sent in the export, as in any vault.
    mutating func continueHandover(now: BootInstant) -> [FinishedCall] {
        guard let waiters = handover?.waiters, !waiters.isEmpty else { return [] }
        let ready = mayHaveNewTokens ? waiters.filter { $0.deadline <= now } : waiters
        guard !ready.isEmpty else { return [] }
        let rest = mayHaveNewTokens ? waiters.filter { $0.deadline > now } : []
        handover?.waiters = rest
        makeExport(now: now)
        return ready.map { waiter in
            FinishedCall(waiter.reply) { (result) throws(RPCError) in try writePage(nil, into: &result) }
        }
    }

    private mutating func makeExport(now: BootInstant) {
        save()
        guard let lines = sealedRecords(now: now) else { return }
        let export = VaultHandover.Export(
            id: fingerprint(of: settings.randomBytes(16).span, bytes: 16), at: wall(now), connections: directory.count,
            lines: lines)
        handover?.export = export
    }

    // MARK: Pages

    /// `cursor` is the export's id and the number of the next line: "ID.LINE".
    private func writePage(_ cursor: String?, into result: inout JSONWriter) throws(RPCError) {
        guard let export = handover?.export else {
            throw cursor == nil ? .exportNotConfigured : .staleExportCursor
        }
        var start = 0
        if let cursor {
            let parts = cursor.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 2, parts[0] == export.id, let line = Int(parts[1]), export.lines.indices.contains(line)
            else { throw .staleExportCursor }
            start = line
        }
        let end = min(start + VaultHandover.linesPerPage, export.lines.count)
        result.object { result in
            result.member("exportedAt", shown(export.at))
            result.member("connections", export.connections)
            result.memberArray("lines") { result in
                for line in export.lines[start..<end] { result.value(line) }
            }
            result.member("nextCursor", end < export.lines.count ? "\(export.id).\(end)" : nil)
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
        message: "the accounts have been handed over by daemon.export, so nothing can change here; restart purserd")
}
