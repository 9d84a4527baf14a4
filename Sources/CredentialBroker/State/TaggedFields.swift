internal import SecretBytes

/// Fields of tag, length (four bytes, the lowest first) and bytes, behind a record's version byte.
enum TaggedFields {
    static func append(_ tag: UInt8, _ bytes: Span<UInt8>, to record: inout SecretBuffer) {
        record.append(tag)
        let count = UInt32(truncatingIfNeeded: bytes.count)
        for shift in [0, 8, 16, 24] { record.append(UInt8(truncatingIfNeeded: count >> UInt32(shift))) }
        record.append(bytes)
    }

    /// Where the bytes of the first field with this tag are, or nil.
    static func range(of tag: UInt8, in record: Span<UInt8>) -> Range<Int>? {
        var position = 1
        while position + 5 <= record.count {
            let count = (1...4).reduce(0) { $0 | Int(record[position + $1]) << (8 * ($1 - 1)) }
            let start = position + 5
            guard count <= record.count - start else { return nil }
            if record[position] == tag { return start..<start + count }
            position = start + count
        }
        return nil
    }
}
