internal import SecretBytes

/// Splits what comes from the daemon into lines. No I/O.
struct LineReader: ~Copyable {
    private let limit: Int
    private var input = SecretBuffer()
    /// How much of `input` is known to hold no line's end.
    private var scanned = 0

    /// A reader of lines of at most `limit` bytes, their ends not counted.
    init(limit: Int) { self.limit = limit }

    /// Takes in `bytes` and hands out each complete line.
    mutating func read(
        _ bytes: Span<UInt8>, _ body: (Span<UInt8>) throws(PurserError) -> Void
    ) throws(PurserError) {
        input.append(bytes)
        var start = 0
        while let end = lineEnd() {
            guard end - start <= limit else { throw tooLong }
            try input.withBytes { (input) throws(PurserError) in try body(input.extracting(start..<end)) }
            start = end + 1
            scanned = start
        }
        guard input.count - start <= limit else { throw tooLong }
        if start > 0 { input.removeFirst(start) }
        scanned = input.count
        if input.isEmpty { input.removeAll(keepingAtMost: 16 << 10) }
    }

    private func lineEnd() -> Int? {
        input.withBytes { bytes in
            (scanned..<bytes.count).first { bytes[$0] == UInt8(ascii: "\n") }
        }
    }

    private var tooLong: PurserError { .protocolViolation("a line of more than \(limit) bytes") }
}
