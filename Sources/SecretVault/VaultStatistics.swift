/// What a vault holds, in numbers; for `daemon.status` and metrics.
package struct VaultStatistics: Equatable, Sendable {
    /// Live records.
    package let records: Int
    /// Bytes that live records take, headers and padding included.
    package let liveBytes: Int
    /// Bytes of wiped and dropped records; the next compaction frees them.
    package let deadBytes: Int
    /// The size of the segment.
    package let capacity: Int
    /// Damaged records that were dropped since the vault was adopted. Neighbours may count as one.
    package let dropped: Int
    /// How often the records moved to a fresh segment in this process.
    package let compactions: Int
    /// The number of the segment in use.
    package let creationSequence: UInt64
    /// What protects the memory.
    package let protection: MemoryProtection
}
