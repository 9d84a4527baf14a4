/// CRC-32C (Castagnoli; RFC 3720 appendix B.4), eight bytes a step. It finds damage; it proves nothing about who wrote.
package struct CRC32C: Sendable {
    private var state: UInt32 = ~0

    /// The checksum of nothing.
    package init() {}

    /// The checksum of all that was taken in.
    package var value: UInt32 { ~state }

    /// Takes in the eight bytes of `word`, lowest first.
    mutating func update(_ word: UInt64) {
        state = Self.step(state, word, Self.tables.span)
    }

    /// Takes in `bytes`.
    package mutating func update(_ bytes: Span<UInt8>) {
        let tables = Self.tables.span
        var crc = state
        var offset = 0
        while offset + 8 <= bytes.count {
            crc = Self.step(crc, bytes.word(at: offset), tables)
            offset += 8
        }
        while offset < bytes.count {
            crc = (crc >> 8) ^ tables[Int(UInt8(truncatingIfNeeded: crc) ^ bytes[offset])]
            offset += 1
        }
        state = crc
    }

    @inline(__always)
    private static func step(_ crc: UInt32, _ word: UInt64, _ tables: Span<UInt32>) -> UInt32 {
        let mixed = word ^ UInt64(crc)
        var result: UInt32 = 0
        for lane in 0..<8 {
            let byte = Int(truncatingIfNeeded: mixed >> UInt64(lane * 8)) & 0xFF
            // Unchecked: lane < 8 and byte < 256, and the checks would cost a third of the time to restore.
            result ^= unsafe tables[unchecked: (7 - lane) * 256 + byte]
        }
        return result
    }

    /// Table k holds the checksum of each byte followed by k zero bytes.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82F6_3B78 : crc >> 1 }
            tables[byte] = crc
        }
        for index in 256..<tables.count {
            let shorter = tables[index - 256]
            tables[index] = (shorter >> 8) ^ tables[Int(shorter & 0xFF)]
        }
        return tables
    }()
}
