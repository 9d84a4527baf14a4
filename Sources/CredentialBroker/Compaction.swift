package import SecretVault

/// Keeps the vault's segment from filling up with what was wiped, at a quiet time rather than under a request.
extension Broker {
    /// Less than this is not worth the move.
    private static var leastDeadBytes: Int { 256 << 10 }

    /// Moves the live records to a fresh segment once a good part of the old one is dead. The costly parts, new pages and wiping the
    /// old ones, are done outside the lock.
    package func compactVault() {
        let statistics = vaultStatistics
        guard statistics.deadBytes > statistics.liveBytes / 2, statistics.deadBytes > Self.leastDeadBytes else {
            return
        }
        // Where that fails, the vault makes room itself when a write needs it.
        var spare = try? SpareSegment(for: statistics)
        let retired: RetiredSegment? = withState { state, _ in
            guard let spare = spare.take() else { return nil }
            return try? state.vault.compact(into: spare)
        }
        if let retired { retired.wipe() }
    }

    /// What the vault holds, in numbers.
    package var vaultStatistics: VaultStatistics { withState { state, _ in state.vault.statistics } }
}
