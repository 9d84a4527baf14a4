import Glibc

/// Secrets in memory that outlives a crash of the process: a log of records in a ``SecretMemory`` whose descriptor
/// systemd's FD store can keep. It knows nothing of what the records mean.
///
/// A noncopyable value without a lock: it lives inside its owner's `Mutex`. While a payload is lent nothing can be
/// written, because the compiler refuses overlapping access. `deinit` lets go of the memory and wipes nothing, since a
/// successor may hold it; with none, call ``wipe()``.
package struct SecretVault: ~Copyable, Sendable {
    private var segment: Segment<SecretMemory>
    private let policy: SegmentPolicy
    private var compactions = 0
    private var isWiped = false
    /// Runs after each record that was written or removed, with its owner's lock held: tests look here at what a crash in
    /// this instant would leave.
    package var onChange: (@Sendable () -> Void)?
    /// Runs when the records have been copied into another segment; see ``SegmentChange``. Without one every change is
    /// taken.
    package var onSegmentChange: SegmentChange.Hook?

    /// An empty vault. With others set aside, `creationSequence` is higher than theirs.
    package init(creating policy: SegmentPolicy = SegmentPolicy(), creationSequence: UInt64 = 1) throws(VaultError) {
        let size = try policy.segmentBytes(forLive: 0, pageSize: Int(getpagesize()))
        let memory = try SecretMemory.create(byteCount: size, policy: policy)
        self.segment = Segment(creatingIn: memory, creationSequence: creationSequence, salt: Self.newSalt())
        self.policy = policy
    }

    /// The vault in a descriptor that an earlier process left. The caller keeps that descriptor and may close it.
    ///
    /// Every kind of damage is either repaired, and counted in ``VaultStatistics/dropped``, or thrown before anything
    /// changes. The memory stays of the kind it is until the next compaction makes the strongest there is.
    package init(adopting descriptor: CInt, policy: SegmentPolicy = SegmentPolicy()) throws(VaultError) {
        self.segment = try Segment.restored(from: try SecretMemory(adopting: descriptor))
        self.policy = policy
    }

    /// The header of the segment behind a descriptor, to find the one in use among several: that with the highest
    /// ``SegmentHeader/creationSequence``.
    package static func header(of descriptor: CInt) throws(VaultError) -> SegmentHeader {
        let memory = try SecretMemory(adopting: descriptor)
        return try memory.withBytes(0..<memory.count) { bytes throws(VaultError) in try SegmentHeader(in: bytes) }
    }

    /// Overwrites all of a segment that is not in use: one that a later segment replaced, or that cannot be read.
    package static func wipeSegment(_ descriptor: CInt) throws(VaultError) {
        var memory = try SecretMemory(adopting: descriptor)
        memory.wipe(0..<memory.count)
    }

    /// Whether only what belongs to records that there are should still be written; see
    /// ``SegmentPolicy/reservedBytes``.
    package var isInReserve: Bool { segment.liveBytes > policy.maximumLiveBytes - policy.reservedBytes }

    /// The descriptor of the current segment, for the FD store; it stays the vault's.
    package var fileDescriptor: CInt { segment.memory.fileDescriptor }

    /// What the vault holds, in numbers, and what protects it.
    package var statistics: VaultStatistics {
        VaultStatistics(
            records: segment.count, liveBytes: segment.liveBytes, deadBytes: segment.deadBytes,
            capacity: segment.header.size, dropped: segment.dropped, compactions: compactions,
            creationSequence: segment.header.creationSequence, protection: segment.memory.protection)
    }
}

// MARK: - Reading

extension SecretVault {
    /// Lends the payload for the length of `body`; nil, without calling it, if the handle is stale.
    package func withPayload<Result: ~Copyable, Failure>(
        _ handle: RecordHandle, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        try segment.withPayload(handle, body)
    }

    /// The handle of the record of this kind and key.
    package func handle(kind: UInt8, key: Span<UInt8>) -> RecordHandle? {
        segment.handle(kind: kind, key: key)
    }

    /// Every live record once, with handle, kind, key and payload: after ``init(adopting:policy:)`` in the order
    /// written.
    package func forEachRecord<Failure>(
        _ body: (RecordHandle, UInt8, Span<UInt8>, Span<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        try segment.forEachRecord(body)
    }
}

// MARK: - Writing

extension SecretVault {
    /// Writes a record in place of the one of its kind and key, if any, which is wiped; the handle stays the same then.
    ///
    /// On return the record is as safe as the memory is: a crash at any point leaves the old record or the new one,
    /// whole. On an error nothing has changed.
    package mutating func put(
        kind: UInt8, key: Span<UInt8>, payload: Span<UInt8>
    ) throws(VaultError) -> RecordHandle {
        let length = try RecordLimits.recordLength(key: key.count, payload: payload.count)
        guard !isWiped else { throw .wiped }
        if segment.liveBytes + length > policy.maximumLiveBytes { try checkBound(length, kind: kind, key: key) }
        if !segment.fits(length) { try compact(reserving: length) }
        defer { onChange?() }
        return segment.put(kind: kind, key: key, payload: payload)
    }

    /// Whether a record of `length` bytes may still be written. One that takes no more room than the one it replaces
    /// always may: a full vault refuses new connections, never the refreshed tokens of those it has.
    private func checkBound(_ length: Int, kind: UInt8, key: Span<UInt8>) throws(VaultError) {
        let old = segment.handle(kind: kind, key: key).flatMap { segment.recordLength(of: $0) } ?? 0
        guard length > old, segment.liveBytes + length - old > policy.maximumLiveBytes else { return }
        throw .full(bound: policy.maximumLiveBytes)
    }

    /// Writes a new payload under a handle; false, and nothing written, if the handle is stale.
    package mutating func replace(_ handle: RecordHandle, payload: Span<UInt8>) throws(VaultError) -> Bool {
        guard let (kind, key) = segment.key(of: handle) else { return false }
        _ = try put(kind: kind, key: key.span, payload: payload)
        return true
    }

    /// Deletes and wipes a record; false if the handle is stale. It needs no room and cannot fail.
    package mutating func remove(_ handle: RecordHandle) -> Bool {
        defer { onChange?() }
        return segment.remove(handle)
    }

    /// Moves the live records to a fresh segment; every handle stays valid. On an error nothing has changed.
    package mutating func compact() throws(VaultError) {
        guard !isWiped else { throw .wiped }
        try compact(reserving: 0)
    }

    /// Moves the live records to a segment prepared for it, at a quiet time, so that no write has to; every handle
    /// stays valid.
    ///
    /// On an error nothing has changed: ``VaultError/full(bound:)`` says that the spare segment has become too small.
    /// The caller wipes the old segment, which is returned.
    package mutating func compact(into spare: consuming SpareSegment) throws(VaultError) -> RetiredSegment {
        let room = spare.memory.count - SegmentHeader.byteCount
        guard !isWiped else { throw .wiped }
        guard segment.liveBytes <= room else { throw .full(bound: room) }
        return try move(into: spare.memory)
    }

    /// Overwrites everything, for a shutdown after which nothing takes over. Nothing can be written from here on.
    package mutating func wipe() {
        segment.wipe()
        isWiped = true
    }

    private mutating func compact(reserving length: Int) throws(VaultError) {
        let size = try policy.segmentBytes(forLive: segment.liveBytes + length, pageSize: Int(getpagesize()))
        let old = try move(into: try SecretMemory.create(byteCount: size, policy: policy))
        old.wipe()
    }

    private mutating func move(into memory: consuming SecretMemory) throws(VaultError) -> RetiredSegment {
        var other = segment.copied(into: memory, salt: Self.newSalt())
        if let onSegmentChange, !onSegmentChange(SegmentChange(from: segment, to: other)) {
            other.wipe()
            throw .segmentRefused
        }
        swap(&segment, &other)
        compactions += 1
        return RetiredSegment(segment: other)
    }

    private static func newSalt() -> UInt64 { UInt64.random(in: .min ... .max) }
}
