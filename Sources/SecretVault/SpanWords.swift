extension Span where Element == UInt8 {
    /// The little-endian number in the eight bytes from `offset` on, which need not be aligned.
    @inline(__always)
    func word(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset <= count - 8)
        return unsafe withUnsafeBytes { bytes in
            unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
        }
    }

    /// Whether nothing but zeros stands in `range`.
    func isZero(in range: Range<Int>) -> Bool {
        var offset = range.lowerBound
        while offset + 8 <= range.upperBound {
            guard word(at: offset) == 0 else { return false }
            offset += 8
        }
        return (offset..<range.upperBound).allSatisfy { self[$0] == 0 }
    }

    /// Whether both hold the same bytes. For keys, which are no secrets: its time depends on them.
    func hasSameBytes(as other: Span<UInt8>) -> Bool {
        count == other.count && indices.allSatisfy { self[$0] == other[$0] }
    }
}
