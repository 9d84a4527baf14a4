import Glibc

/// Memory for the next compaction, made and touched beforehand, outside the lock that guards the vault.
///
/// Each page of memfd_secret costs the kernel 10 to 20 µs when it is first touched (it leaves the kernel's own map), so
/// that moving 100 MB at one go would stop everybody for half a second. The copy alone takes a tenth of that.
package struct SpareSegment: ~Copyable, Sendable {
    var memory: SecretMemory

    /// Room for what the vault held when it gave `statistics`, and as much again.
    package init(for statistics: VaultStatistics, policy: SegmentPolicy = SegmentPolicy()) throws(VaultError) {
        let pageSize = Int(getpagesize())
        let size = try policy.segmentBytes(forLive: statistics.liveBytes, pageSize: pageSize)
        var memory = try SecretMemory.create(byteCount: size, policy: policy)
        let used = min(size, SegmentHeader.byteCount + statistics.liveBytes)
        for page in stride(from: 0, to: used, by: pageSize) { memory.store(0, at: page) }
        self.memory = memory
    }
}

/// A segment that another has replaced, for its owner to wipe, outside the lock if it likes.
package struct RetiredSegment: ~Copyable, Sendable {
    var segment: Segment<SecretMemory>

    /// Overwrites every record and gives the memory back.
    package consuming func wipe() { segment.wipe() }
}
