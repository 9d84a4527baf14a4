package import ConnectedAccounts

/// One entry of the audit: a credential handed out, or a denial.
package struct AuditRecord: Sendable, Equatable {
    package enum Outcome: String, Sendable { case issued, exported, denied }

    package var outcome: Outcome
    package var method: String
    /// The operation that a grant must hold for the method, such as `credentials:read`.
    package var operation: String?
    /// Of a denial: the process of the first of its kind.
    package var peer: Peer
    package var agent: String?
    /// Nil where the call was denied before a connection was found.
    package var connectionID: String?
    /// Of a denial: the id, alias or selector that was asked for, in the caller's own words, escaped and at most 64
    /// characters of them; of several denials the first one's.
    package var reference: String?
    package var generation: UInt64
    package var fingerprint: String?
    /// Seconds of life left when it was first handed out.
    package var remainingSeconds: Int64?
    /// How often the same happened within one batch.
    package var count: Int
}

/// Gathers audit records between two writes: repeats are counted, and what does not fit is counted too.
struct AuditBuffer: Sendable {
    /// Different records in one batch.
    static let limit = 4096
    /// … of them denials: whoever is denied, however often, crowds out no record of a credential that was handed out.
    static let denialLimit = limit / 4
    /// How long a record waits to be written, if there is room for it then.
    static let period: Duration = .seconds(1)

    /// What makes two events the same: who, by user and not by connection, did what.
    struct Key: Hashable {
        let uid: UInt32
        let gid: UInt32
        /// 0 for a denial: a process that is made for each call must not be a record for each.
        let pid: Int32
        let agent: String?
        let method: Method
        /// -1 for a denial and an export, which are of no connection.
        let slot: Int
        let generation: UInt64
        let isDenial: Bool

        /// A credential that was handed out.
        init(issuedTo peer: Peer, agent: String, method: Method, slot: Int, generation: UInt64) {
            (uid, gid, pid, self.agent, self.method) = (peer.uid, peer.gid, peer.pid, agent, method)
            (self.slot, self.generation, isDenial) = (slot, generation, false)
        }

        /// All accounts, sealed.
        init(exportedTo peer: Peer, agent: String) {
            (uid, gid, pid, self.agent, method) = (peer.uid, peer.gid, peer.pid, agent, .daemonExport)
            (slot, generation, isDenial) = (-1, 0, false)
        }

        init(denialOf method: Method, to peer: Peer, agent: String?) {
            (uid, gid, pid, self.agent, self.method) = (peer.uid, peer.gid, 0, agent, method)
            (slot, generation, isDenial) = (-1, 0, true)
        }
    }

    private var positions: [Key: Int] = [:]
    private var records: [AuditRecord] = []
    /// Among the records.
    private var denials = 0
    private var droppedInBatch = 0
    private(set) var dropped = 0
    private(set) var written = 0
    /// When the batch is to be written; nil while it is empty.
    private(set) var writeAt: BootInstant?
    private var last: (key: Key, position: Int)?

    /// Notes that something happened once more; false if it is the first time in this batch.
    mutating func noteRepeat(_ key: Key) -> Bool {
        if let last, last.key == key {
            records[last.position].count += 1
            return true
        }
        guard let position = positions[key] else { return false }
        records[position].count += 1
        last = (key, position)
        return true
    }

    /// Notes something for the first time in this batch. True if the batch begins with it.
    mutating func note(_ key: Key, _ record: AuditRecord, now: BootInstant) -> Bool {
        guard records.count < Self.limit, !key.isDenial || denials < Self.denialLimit else {
            droppedInBatch += 1
            return false
        }
        if key.isDenial { denials += 1 }
        positions[key] = records.count
        last = (key, records.count)
        records.append(record)
        guard writeAt == nil else { return false }
        writeAt = now.advanced(by: Self.period)
        return true
    }

    /// The slot may soon be another connection's: what is noted of it from now on begins a record of its own.
    mutating func forget(_ slot: Int) {
        positions = positions.filter { $0.key.slot != slot }
        last = nil
    }

    /// Whether the batch is to be written now. Where there is no room for it, it is asked for again a period later: repeats
    /// are counted meanwhile, and what does not fit as well.
    mutating func isDue(now: BootInstant, if hasRoom: () -> Bool) -> Bool {
        guard let instant = writeAt, instant <= now else { return false }
        if hasRoom() { return true }
        writeAt = now.advanced(by: Self.period)
        return false
    }

    /// The batch so far, and how many records did not fit in it.
    mutating func take() -> (records: [AuditRecord], dropped: Int) {
        let batch = (records, droppedInBatch)
        written += records.count
        dropped += droppedInBatch
        positions.removeAll(keepingCapacity: true)
        records.removeAll()
        denials = 0
        droppedInBatch = 0
        writeAt = nil
        last = nil
        return batch
    }
}
