package import ConnectedAccounts

/// One entry of the audit: a credential handed out, or a denial.
package struct AuditRecord: Sendable, Equatable {
    package enum Outcome: String, Sendable { case issued, denied }

    package var outcome: Outcome
    package var method: String
    package var peer: Peer
    package var agent: String?
    /// Nil where the call was denied before a connection was found.
    package var connectionID: String?
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
    /// How long a record waits to be written.
    static let period: Duration = .seconds(1)

    private struct Key: Hashable {
        var caller: UInt64
        var method: Method
        /// -1 where there is none.
        var slot: Int
        var generation: UInt64
        var isDenial: Bool
    }

    private var positions: [Key: Int] = [:]
    private var records: [AuditRecord] = []
    private var droppedInBatch = 0
    private(set) var dropped = 0
    private(set) var written = 0
    /// When the batch is to be written; nil while it is empty.
    private(set) var writeAt: BootInstant?
    private var last: (key: Key, position: Int)?

    /// Notes that something happened; `record` is only asked for the first time in a batch. True if a batch begins with it.
    mutating func note(
        caller: UInt64, method: Method, slot: Int?, generation: UInt64, isDenial: Bool, now: BootInstant,
        record: () -> AuditRecord
    ) -> Bool {
        let key = Key(caller: caller, method: method, slot: slot ?? -1, generation: generation, isDenial: isDenial)
        if let last, last.key == key {
            records[last.position].count += 1
            return false
        }
        if let position = positions[key] {
            records[position].count += 1
            last = (key, position)
            return false
        }
        guard records.count < Self.limit else {
            droppedInBatch += 1
            return false
        }
        positions[key] = records.count
        last = (key, records.count)
        records.append(record())
        guard writeAt == nil else { return false }
        writeAt = now.advanced(by: Self.period)
        return true
    }

    /// The slot may soon be another connection's: what is noted of it from now on begins a record of its own.
    mutating func forget(_ slot: Int) {
        positions = positions.filter { $0.key.slot != slot }
        last = nil
    }

    /// The batch so far, and how many records did not fit in it.
    mutating func take() -> (records: [AuditRecord], dropped: Int) {
        let batch = (records, droppedInBatch)
        written += records.count
        dropped += droppedInBatch
        positions.removeAll(keepingCapacity: true)
        records.removeAll()
        droppedInBatch = 0
        writeAt = nil
        last = nil
        return batch
    }
}
