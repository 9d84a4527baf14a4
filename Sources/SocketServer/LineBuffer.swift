internal import Glibc
internal import SecretBytes

/// The bytes of one connection that are not answered yet, as lines. It does no I/O; its bytes are wiped when they are
/// dropped.
struct LineBuffer: ~Copyable {
    /// What an idle connection keeps, enough for a usual request.
    private static let idleCapacity = 512

    enum Line {
        /// Where a complete line stands, without its end.
        case complete(Range<Int>)
        /// The rest has no line end yet.
        case unfinished
        /// The next line is longer than it may be, whether it has an end or not.
        case tooLong
    }

    private var bytes = SecretBuffer()
    /// What stands before has been taken.
    private var taken = 0
    /// What stands between ``taken`` and here holds no line end.
    private var scanned = 0

    /// Bytes that have not been taken.
    var count: Int { bytes.count - taken }

    var isEmpty: Bool { count == 0 }

    /// Memory in use beyond that of an idle connection.
    var held: Int { bytes.capacity > Self.idleCapacity ? bytes.capacity : 0 }

    mutating func append(_ more: Span<UInt8>) { bytes.append(more) }

    /// Takes the next line, of at most `limit` bytes.
    mutating func next(limit: Int) -> Line {
        let end = lineEnd()
        guard (end ?? bytes.count) - taken <= limit else { return .tooLong }
        guard let end else { return .unfinished }
        defer {
            taken = end + 1
            scanned = taken
        }
        return .complete(taken..<end)
    }

    /// Takes all the rest as one line.
    mutating func rest() -> Range<Int> {
        defer {
            taken = bytes.count
            scanned = taken
        }
        return taken..<bytes.count
    }

    /// Lends a line that was taken since the last ``dropTaken()``.
    func withBytes(_ line: Range<Int>, _ body: (Span<UInt8>) -> Void) {
        bytes.withBytes { body($0.extracting(line)) }
    }

    /// Wipes the lines that were taken, and gives back memory that the rest does not need.
    mutating func dropTaken() {
        guard taken > 0 else { return }
        scanned -= taken
        if isEmpty {
            bytes.removeAll(keepingAtMost: Self.idleCapacity)
        } else {
            bytes.removeFirst(taken)
            shrink()
        }
        taken = 0
    }

    mutating func removeAll() {
        bytes.removeAll(keepingAtMost: 0)
        taken = 0
        scanned = 0
    }

    /// A long line must not leave its memory to the short one behind it.
    private mutating func shrink() {
        guard bytes.capacity > 16 * Self.idleCapacity, bytes.count < bytes.capacity / 4 else { return }
        var smaller = SecretBuffer(minimumCapacity: bytes.count)
        bytes.withBytes { smaller.append($0) }
        bytes = smaller
    }

    private mutating func lineEnd() -> Int? {
        let start = scanned
        let end: Int? = bytes.withBytes { bytes in
            unsafe bytes.withUnsafeBytes { memory -> Int? in
                guard start < memory.count, let base = memory.baseAddress,
                    let found = unsafe memchr(base + start, CInt(UInt8(ascii: "\n")), memory.count - start)
                else { return nil }
                return unsafe UnsafeRawPointer(found) - base
            }
        }
        if end == nil { scanned = bytes.count }
        return end
    }
}
