/// Reads a log from its start and says what stands where; it changes nothing.
struct RecordScanner {
    enum Finding: Equatable {
        /// A record whose header and body are whole.
        case live(RecordHeader, at: Int)
        /// A record that was superseded or deleted. If `isClean` is false, a crash cut its wiping short.
        case wiped(RecordHeader, at: Int, isClean: Bool)
        /// Bytes that are no whole record, and not all zero.
        case damaged(Range<Int>)
    }

    private let salt: UInt64
    private let end: Int
    private var position: Int

    /// Scans `range`, which starts and ends at multiples of eight.
    init(_ range: Range<Int>, salt: UInt64) {
        self.salt = salt
        self.position = range.lowerBound
        self.end = range.upperBound
    }

    /// The next finding; nil at the end. `bytes` is the whole segment, the same each time.
    ///
    /// A whole header of another version is an error: a later purserd wrote it, and it must not be taken for damage.
    mutating func next(in bytes: Span<UInt8>) throws(VaultError) -> Finding? {
        let log = bytes.extracting(..<end)
        while position < end {
            let start = position
            guard let header = RecordHeader(in: log, at: start, salt: salt) else {
                position = resumption(after: start, in: log)
                if log.isZero(in: start..<position) { continue }
                return .damaged(start..<position)
            }
            guard header.version == RecordHeader.version else { throw .unsupportedVersion(UInt32(header.version)) }
            position += header.recordLength
            return finding(header, at: start, in: log)
        }
        return nil
    }

    private func finding(_ header: RecordHeader, at start: Int, in log: Span<UInt8>) -> Finding {
        let body = start + RecordHeader.byteCount
        switch header.state {
        case .wiped:
            return .wiped(header, at: start, isClean: log.isZero(in: body..<start + header.recordLength))
        case .live:
            var crc = CRC32C()
            crc.update(log.extracting(body..<body + header.keyLength + header.payloadLength))
            guard crc.value == header.bodyChecksum else { return .damaged(start..<start + header.recordLength) }
            return .live(header, at: start)
        }
    }

    /// Where to go on behind a header that is not whole: by its length if that leads to something like a record or to
    /// the end, else at the next whole header.
    private func resumption(after start: Int, in log: Span<UInt8>) -> Int {
        if let length = RecordHeader.plausibleLength(in: log, at: start) {
            let next = start + length
            if next == end || RecordHeader.plausibleLength(in: log, at: next) != nil { return next }
        }
        var candidate = start + 8
        while candidate < end {
            if log.word(at: candidate) != 0, RecordHeader(in: log, at: candidate, salt: salt) != nil { break }
            candidate += 8
        }
        return candidate
    }
}
