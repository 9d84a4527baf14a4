/// The 48 bytes at the start of a segment; FORMAT.md has them one by one.
package struct SegmentHeader: Equatable, Sendable {
    static let byteCount = 48
    static let version: UInt32 = 1
    /// "PURSERVT" in ASCII.
    static let magic: UInt64 = 0x5456_5245_5352_5550
    private static let extentOffset = 40

    /// The size of the segment in bytes.
    package let size: Int
    /// Grows with each new segment: of several, the one with the highest is the one in use.
    package let creationSequence: UInt64
    /// A number of this segment's own, mixed into every checksum.
    let salt: UInt64

    /// The header at the start of `bytes`. Whatever the bytes are, this gives a header or an error.
    init(in bytes: Span<UInt8>) throws(VaultError) {
        guard bytes.count >= Self.byteCount else { throw .notAVault }
        let magic = bytes.word(at: 0)
        guard magic != 0 else { throw .blank }
        guard magic == Self.magic else { throw .notAVault }
        let versionAndChecksum = bytes.word(at: 8)
        let version = UInt32(truncatingIfNeeded: versionAndChecksum)
        guard version == Self.version else { throw .unsupportedVersion(version) }
        guard bytes.word(at: 16) == UInt64(bytes.count) else { throw .brokenHeader }
        self.init(size: bytes.count, creationSequence: bytes.word(at: 24), salt: bytes.word(at: 32))
        guard versionAndChecksum >> 32 == UInt64(checksum), creationSequence < RecordHeader.sequenceBound else {
            throw .brokenHeader
        }
    }

    init(size: Int, creationSequence: UInt64, salt: UInt64) {
        self.size = size
        self.creationSequence = creationSequence
        self.salt = salt
    }

    /// Writes the header, the word that makes it valid last.
    func write<Memory: RecordMemory & ~Copyable>(to memory: inout Memory) {
        memory.store(UInt64(Self.version) | UInt64(checksum) << 32, at: 8)
        memory.store(UInt64(size), at: 16)
        memory.store(creationSequence, at: 24)
        memory.store(salt, at: 32)
        memory.store(Self.magic, at: 0)
    }

    /// Makes the segment ``VaultError/blank``, before its records are wiped.
    static func erase<Memory: RecordMemory & ~Copyable>(in memory: inout Memory) {
        memory.store(0, at: 0)
    }

    /// Says how far the log reaches, a multiple of eight. Stored before what is written there, so that nothing is ever
    /// beyond.
    func writeExtent<Memory: RecordMemory & ~Copyable>(_ end: Int, to memory: inout Memory) {
        let units = UInt32(end / 8)
        memory.store(UInt64(units) | UInt64(extentChecksum(units)) << 32, at: Self.extentOffset)
    }

    /// How far the log reaches; nil if the word is damaged.
    func extent(in bytes: Span<UInt8>) -> Int? {
        let word = bytes.word(at: Self.extentOffset)
        let units = UInt32(truncatingIfNeeded: word)
        let end = Int(units) * 8
        guard word >> 32 == UInt64(extentChecksum(units)), end >= Self.byteCount, end <= size else { return nil }
        return end
    }

    private var checksum: UInt32 {
        var crc = CRC32C()
        crc.update(UInt64(Self.version))
        crc.update(UInt64(size))
        crc.update(creationSequence)
        crc.update(salt)
        return crc.value
    }

    private func extentChecksum(_ units: UInt32) -> UInt32 {
        var crc = CRC32C()
        crc.update(salt)
        crc.update(UInt64(units))
        return crc.value
    }
}
