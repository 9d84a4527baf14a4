/// Which memory the vault's segments are made of, and how large they get.
package struct SegmentPolicy: Sendable {
    /// No segment is larger than 1 GiB.
    package static let maximumSegmentBytes = 1 << 30

    /// The strongest kind to try. ``SecretMemoryKind/lockedMemfd`` passes memfd_secret(2) over.
    package var kind: SecretMemoryKind
    /// Whether memory other than memfd_secret is locked at all; false shows what happens where RLIMIT_MEMLOCK is too
    /// low.
    package var locksMemory: Bool
    /// A segment is at least this large: 256 KiB, or the page size if that is more.
    package var minimumBytes: Int
    /// A segment is at most this large: up to ``maximumSegmentBytes``.
    package var maximumBytes: Int

    /// The defaults are what a daemon wants.
    package init(
        kind: SecretMemoryKind = .secretMemfd, locksMemory: Bool = true,
        minimumBytes: Int = 256 << 10, maximumBytes: Int = maximumSegmentBytes
    ) {
        self.kind = kind
        self.locksMemory = locksMemory
        self.minimumBytes = minimumBytes
        self.maximumBytes = min(maximumBytes, Self.maximumSegmentBytes)
    }

    /// Live records may take three quarters of the largest segment: closer to it, each write would move them all.
    package var maximumLiveBytes: Int { maximumBytes / 4 * 3 }

    /// The last eighth of that is for what the records that there are grow by: a full vault takes no more owners, and
    /// loses nothing of those it has.
    package var reservedBytes: Int { maximumLiveBytes / 8 }

    /// The size of a segment that is to hold `live` bytes of records: twice that, so that moving them costs each write
    /// a fixed share; a multiple of the page size.
    func segmentBytes(forLive live: Int, pageSize: Int) throws(VaultError) -> Int {
        let needed = SegmentHeader.byteCount + live
        guard needed <= maximumBytes else { throw .full(bound: maximumLiveBytes) }
        let wanted = max(needed + live, minimumBytes)
        let pages = (min(wanted, maximumBytes) + pageSize - 1) / pageSize
        return pages * pageSize
    }
}
