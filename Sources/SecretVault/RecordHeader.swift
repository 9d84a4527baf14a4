/// The 32 bytes before a record's key and payload; FORMAT.md has them one by one.
struct RecordHeader: Equatable {
    /// What a record's first four bytes say. They are outside the checksum, because wiping changes them in place; so
    /// the two differ in every bit, and neither is zero.
    enum State: UInt32 {
        /// "LIVE" in ASCII.
        case live = 0x4556_494C
        /// The key and payload are void; whatever is left of them is to be overwritten.
        case wiped = 0xBAA9_B6B3
    }

    static let byteCount = 32
    static let version: UInt16 = 1
    /// Sequence numbers stay below this, so counting on from a restored one cannot overflow.
    static let sequenceBound: UInt64 = 1 << 62

    var state = State.live
    var version = Self.version
    let kind: UInt8
    let keyLength: Int
    let payloadLength: Int
    let sequence: UInt64
    /// CRC-32C of key and payload.
    let bodyChecksum: UInt32

    var recordLength: Int { Self.recordLength(key: keyLength, payload: payloadLength) }

    /// The bytes from one record to the next: header, key, payload, and padding to a multiple of eight.
    static func recordLength(key: Int, payload: Int) -> Int {
        (byteCount + key + payload + 7) & ~7
    }
}

extension RecordHeader {
    /// The first word: state, version, kind, length of the key.
    static func firstWord(_ state: State, version: UInt16 = version, kind: UInt8, keyLength: Int) -> UInt64 {
        UInt64(state.rawValue) | UInt64(version) << 32 | UInt64(kind) << 48 | UInt64(keyLength) << 56
    }

    /// Writes the header at `offset`, the word that makes it valid last.
    func write<Memory: RecordMemory & ~Copyable>(to memory: inout Memory, at offset: Int, salt: UInt64) {
        let first = Self.firstWord(state, version: version, kind: kind, keyLength: keyLength)
        let last = UInt64(bodyChecksum) | UInt64(recordLength) << 32
        let checksum = Self.checksum(first, payloadLength, sequence, last, offset: offset, salt: salt)
        memory.store(UInt64(payloadLength) | UInt64(checksum) << 32, at: offset + 8)
        memory.store(sequence, at: offset + 16)
        memory.store(last, at: offset + 24)
        memory.store(first, at: offset)
    }

    /// The header at `offset` if it is whole, was written for this very place, and its record lies within `bytes`.
    init?(in bytes: Span<UInt8>, at offset: Int, salt: UInt64) {
        guard let length = Self.plausibleLength(in: bytes, at: offset) else { return nil }
        let words = (bytes.word(at: offset), bytes.word(at: offset + 8))
        let (sequence, last) = (bytes.word(at: offset + 16), bytes.word(at: offset + 24))
        let payloadLength = Int(words.1 & 0xFFFF_FFFF)
        let checksum = Self.checksum(words.0, payloadLength, sequence, last, offset: offset, salt: salt)
        guard let state = State(rawValue: UInt32(truncatingIfNeeded: words.0)), words.1 >> 32 == UInt64(checksum),
            sequence < Self.sequenceBound
        else { return nil }
        self.init(
            state: state, version: UInt16(truncatingIfNeeded: words.0 >> 32),
            kind: UInt8(truncatingIfNeeded: words.0 >> 48), keyLength: Int(words.0 >> 56),
            payloadLength: payloadLength, sequence: sequence, bodyChecksum: UInt32(truncatingIfNeeded: last))
        assert(recordLength == length)
    }

    /// The length a record at `offset` would have, if what is said there agrees with itself and lies within `bytes`.
    static func plausibleLength(in bytes: Span<UInt8>, at offset: Int) -> Int? {
        guard offset <= bytes.count - byteCount else { return nil }
        let payload = Int(bytes.word(at: offset + 8) & 0xFFFF_FFFF)
        let length = recordLength(key: Int(bytes[offset + 7]), payload: payload)
        guard payload <= RecordLimits.payloadLength, length <= bytes.count - offset,
            bytes.word(at: offset + 24) >> 32 == UInt64(length)
        else { return nil }
        return length
    }

    /// Over everything but the state. The segment's salt and the offset are part of it, so that bytes which merely look
    /// like a record, within a payload or left over from another segment, are never taken for one.
    private static func checksum(
        _ first: UInt64, _ payloadLength: Int, _ sequence: UInt64, _ last: UInt64, offset: Int, salt: UInt64
    ) -> UInt32 {
        var crc = CRC32C()
        crc.update(salt)
        crc.update(UInt64(offset))
        crc.update(first >> 32 | UInt64(payloadLength) << 32)
        crc.update(sequence)
        crc.update(last)
        return crc.value
    }
}
