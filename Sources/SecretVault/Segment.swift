/// One run of memory with a header and a log of records, and the index of those that live.
///
/// The log grows until the memory is full; ``SecretVault`` then copies what lives into the next segment.
package struct Segment<Memory: RecordMemory & ~Copyable>: ~Copyable, Sendable {
    package let header: SegmentHeader
    package internal(set) var memory: Memory
    /// Bytes that live records take.
    package internal(set) var liveBytes = 0
    /// Damaged stretches that were dropped when the segment was restored, and records found damaged since.
    package internal(set) var dropped = 0
    var index = RecordIndex()
    var end = SegmentHeader.byteCount
    var lastSequence: UInt64 = 0

    /// Starts an empty log in memory that is all zero.
    package init(creatingIn memory: consuming Memory, creationSequence: UInt64, salt: UInt64) {
        let size = memory.count
        self.init(memory, SegmentHeader(size: size, creationSequence: creationSequence, salt: salt))
        header.writeExtent(end, to: &self.memory)
        header.write(to: &self.memory)
    }

    /// Reads the log in `memory` and puts it in order: finishes wiping that a crash cut short, wipes superseded
    /// records, and wipes and drops damaged ones. It throws before it changes anything.
    package static func restored(from memory: consuming Memory) throws(VaultError) -> Segment {
        let header = try memory.withBytes(0..<memory.count) { bytes throws(VaultError) in try SegmentHeader(in: bytes) }
        var segment = Segment(memory, header)
        var repairs = Repairs()
        try segment.scan(&repairs)
        segment.repair(repairs)
        return segment
    }

    /// Takes the memory as it is.
    private init(_ memory: consuming Memory, _ header: SegmentHeader) {
        self.header = header
        self.memory = memory
    }

    /// Live records.
    package var count: Int { index.count }

    /// Bytes of the log that no live record takes.
    package var deadBytes: Int { end - SegmentHeader.byteCount - liveBytes }

    /// Whether a record of `length` bytes, header and padding included, still fits at the end of the log.
    package func fits(_ length: Int) -> Bool { length <= header.size - end }
}

// MARK: - Reading

extension Segment where Memory: ~Copyable {
    /// The handle of the record of this kind and key.
    package func handle(kind: UInt8, key: Span<UInt8>) -> RecordHandle? {
        handle(kind: kind, key: key, hash: Self.hash(kind: kind, key: key))
    }

    func handle(kind: UInt8, key: Span<UInt8>, hash: UInt32) -> RecordHandle? {
        index.handle(hash) { place in
            place.kind == kind && memory.withBytes(place.key) { $0.hasSameBytes(as: key) }
        }
    }

    /// Lends the payload; nil, without calling `body`, if the handle is stale.
    @inline(__always)
    package func withPayload<Result: ~Copyable, Failure>(
        _ handle: RecordHandle, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result? {
        guard let place = index[handle] else { return nil }
        return try memory.withBytes(place.payload, body)
    }

    /// The bytes that a record takes in the log; nil if the handle is stale.
    func recordLength(of handle: RecordHandle) -> Int? { index[handle]?.recordLength }

    /// The kind and the key of a record; nil if the handle is stale.
    package func key(of handle: RecordHandle) -> (kind: UInt8, key: [UInt8])? {
        guard let place = index[handle] else { return nil }
        return memory.withBytes(place.key) { key in (place.kind, key.indices.map { key[$0] }) }
    }

    /// Every live record once, with handle, kind, key and payload.
    package func forEachRecord<Failure>(
        _ body: (RecordHandle, UInt8, Span<UInt8>, Span<UInt8>) throws(Failure) -> Void
    ) throws(Failure) {
        try index.forEach { handle, place throws(Failure) in
            try memory.withBytes(place.key) { key throws(Failure) in
                try memory.withBytes(place.payload) { payload throws(Failure) in
                    try body(handle, place.kind, key, payload)
                }
            }
        }
    }

    /// Seeded for each process (SipHash), so a caller who picks keys cannot make them collide.
    static func hash(kind: UInt8, key: Span<UInt8>) -> UInt32 {
        var hasher = Hasher()
        hasher.combine(kind)
        unsafe key.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
        return UInt32(truncatingIfNeeded: hasher.finalize())
    }
}

// MARK: - Writing

extension Segment where Memory: ~Copyable {
    /// Writes a record that ``fits(_:)``, in place of the one of its kind and key, which is wiped.
    ///
    /// A crash leaves the old record or the new one: the new one becomes valid with its last store, then the old one is
    /// void with one store, and only then is it overwritten. With both valid, the higher sequence number wins.
    package mutating func put(kind: UInt8, key: Span<UInt8>, payload: Span<UInt8>) -> RecordHandle {
        let hash = Self.hash(kind: kind, key: key)
        let place = append(kind: kind, key: key, payload: payload)
        guard let handle = handle(kind: kind, key: key, hash: hash), let old = index[handle] else {
            return index.insert(place, hash: hash)
        }
        index.move(handle, to: place)
        retire(old)
        return handle
    }

    /// Deletes and wipes a record; false if the handle is stale. It needs no room: the wiped header is the tombstone.
    package mutating func remove(_ handle: RecordHandle) -> Bool {
        guard let place = index[handle] else { return false }
        let hash = memory.withBytes(place.key) { Self.hash(kind: place.kind, key: $0) }
        index.remove(handle, hash: hash)
        retire(place)
        return true
    }

    /// Overwrites the whole log, header first, so that a crash halfway leaves a blank segment. Every handle is stale
    /// then.
    package mutating func wipe() {
        SegmentHeader.erase(in: &memory)
        memory.wipe(0..<end)
        index.removeAll()
        liveBytes = 0
        end = header.size
    }

    /// Writes every live record into `memory`, which is all zero and large enough; handles stay valid there.
    ///
    /// The new segment becomes valid with the last store, when it holds everything.
    package func copied(into memory: consuming Memory, salt: UInt64) -> Segment {
        let size = memory.count
        var copy = Segment(
            memory, SegmentHeader(size: size, creationSequence: header.creationSequence + 1, salt: salt))
        copy.index = index
        copy.dropped = dropped
        copy.lastSequence = lastSequence
        index.forEach { handle, place in copyRecord(handle, at: place, to: &copy) }
        copy.header.writeExtent(copy.end, to: &copy.memory)
        copy.header.write(to: &copy.memory)
        return copy
    }

    private func copyRecord(_ handle: RecordHandle, at place: RecordIndex.Place, to copy: inout Segment) {
        let old = memory.withBytes(0..<header.size) { RecordHeader(in: $0, at: place.offset, salt: header.salt) }
        let (length, offset) = (place.recordLength, copy.end)
        guard let old, old.state == .live, old.recordLength == length else {
            // Damaged since it was written: a record that cannot be told is not given a new, valid header.
            copy.index.remove(handle, hash: memory.withBytes(place.key) { Self.hash(kind: place.kind, key: $0) })
            copy.dropped += 1
            return
        }
        memory.withBytes(place.body) { copy.memory.write($0, at: offset + RecordHeader.byteCount) }
        old.write(to: &copy.memory, at: offset, salt: copy.header.salt)
        copy.index.move(handle, to: place.moved(to: offset))
        copy.liveBytes += length
        copy.end += length
    }

    private mutating func append(kind: UInt8, key: Span<UInt8>, payload: Span<UInt8>) -> RecordIndex.Place {
        let place = RecordIndex.Place(offset: end, kind: kind, keyLength: key.count, payloadLength: payload.count)
        end += place.recordLength
        header.writeExtent(end, to: &memory)
        memory.write(key, at: place.key.lowerBound)
        memory.write(payload, at: place.payload.lowerBound)
        var crc = CRC32C()
        crc.update(key)
        crc.update(payload)
        lastSequence += 1
        let record = RecordHeader(
            kind: kind, keyLength: key.count, payloadLength: payload.count, sequence: lastSequence,
            bodyChecksum: crc.value)
        record.write(to: &memory, at: place.offset, salt: header.salt)
        liveBytes += place.recordLength
        return place
    }

    /// Makes a live record void with one store, then overwrites its key and payload.
    mutating func retire(_ place: RecordIndex.Place) {
        let first = RecordHeader.firstWord(.wiped, kind: place.kind, keyLength: place.keyLength)
        memory.store(first, at: place.offset)
        memory.wipe(place.body)
        liveBytes -= place.recordLength
    }
}
