/// Where the live records of a segment stand: by handle without hashing, by key with it. It holds no key and no
/// payload.
struct RecordIndex {
    /// One live record's place. Lengths are kept here, in memory nobody else maps, so that a read never leaves the
    /// record.
    struct Place {
        let offset: Int
        let kind: UInt8
        let keyLength: Int
        let payloadLength: Int

        var recordLength: Int { RecordHeader.recordLength(key: keyLength, payload: payloadLength) }
        var record: Range<Int> { offset..<offset + recordLength }
        var key: Range<Int> { offset + RecordHeader.byteCount..<payloadStart }
        var payload: Range<Int> { payloadStart..<payloadStart + payloadLength }
        var body: Range<Int> { offset + RecordHeader.byteCount..<offset + recordLength }
        private var payloadStart: Int { offset + RecordHeader.byteCount + keyLength }

        func moved(to offset: Int) -> Place {
            Place(offset: offset, kind: kind, keyLength: keyLength, payloadLength: payloadLength)
        }
    }

    /// Sixteen bytes: a place, packed, and the generation that a handle must match.
    private struct Slot {
        var generation: UInt32 = 1
        /// In units of eight bytes, as the log aligns them; 0, where the segment's header stands, for a free slot.
        var offset: UInt32 = 0
        var payloadLength: UInt32 = 0
        var kind: UInt8 = 0
        var keyLength: UInt8 = 0

        var isFree: Bool { offset == 0 }

        mutating func hold(_ place: Place) {
            offset = UInt32(place.offset / 8)
            payloadLength = UInt32(place.payloadLength)
            kind = place.kind
            keyLength = UInt8(place.keyLength)
        }
    }

    private var slots: [Slot] = []
    private var free: [UInt32] = []
    private var keys = KeyTable()

    var count: Int { keys.count }

    /// The place a handle leads to; nil if its record is gone.
    @inline(__always)
    subscript(handle: RecordHandle) -> Place? {
        let index = Int(handle.slot)
        guard index < slots.count else { return nil }
        let slot = slots[index]
        return slot.generation == handle.generation && !slot.isFree ? place(slot) : nil
    }

    /// The handle under `hash` whose place `matches`.
    func handle(_ hash: UInt32, where matches: (Place) -> Bool) -> RecordHandle? {
        let slot = keys.slot(hash) { matches(place(slots[Int($0)])) }
        return slot.map { RecordHandle(slot: $0, generation: slots[Int($0)].generation) }
    }

    /// Every live record, in the order of the slots.
    func forEach<Failure>(_ body: (RecordHandle, Place) throws(Failure) -> Void) throws(Failure) {
        for (index, slot) in slots.enumerated() where !slot.isFree {
            try body(RecordHandle(slot: UInt32(index), generation: slot.generation), place(slot))
        }
    }

    mutating func insert(_ place: Place, hash: UInt32) -> RecordHandle {
        let slot = free.popLast() ?? UInt32(slots.count)
        if slot == slots.count { slots.append(Slot()) }
        slots[Int(slot)].hold(place)
        keys.insert(hash, slot: slot)
        return RecordHandle(slot: slot, generation: slots[Int(slot)].generation)
    }

    /// Leads a valid handle to another place.
    mutating func move(_ handle: RecordHandle, to place: Place) {
        slots[Int(handle.slot)].hold(place)
    }

    /// Frees a valid handle's slot; the handle is stale from here on.
    mutating func remove(_ handle: RecordHandle, hash: UInt32) {
        // Where the key has been damaged in memory its hash is another one; then the whole table is searched.
        if !keys.remove(hash, slot: handle.slot), let hash = keys.hash(ofSlot: handle.slot) {
            _ = keys.remove(hash, slot: handle.slot)
        }
        release(handle.slot)
    }

    /// Makes every handle stale.
    mutating func removeAll() {
        keys = KeyTable()
        for index in slots.indices where !slots[index].isFree { release(UInt32(index)) }
    }

    private mutating func release(_ slot: UInt32) {
        let index = Int(slot)
        slots[index].offset = 0
        // A slot that has run through all its generations serves no more, so that no old handle ever fits again.
        guard slots[index].generation < .max else { return }
        slots[index].generation += 1
        free.append(slot)
    }

    @inline(__always)
    private func place(_ slot: Slot) -> Place {
        Place(
            offset: Int(slot.offset) * 8, kind: slot.kind, keyLength: Int(slot.keyLength),
            payloadLength: Int(slot.payloadLength))
    }
}
