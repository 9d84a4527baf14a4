internal import JSON
internal import SecretBytes
internal import Synchronization

/// Gathers the answers to the entries of one batch that come later, or while the connection still reads the batch.
final class RPCBatch: Sendable {
    private let maxBytes: Int
    private let state = Mutex(State())

    private struct State: ~Copyable {
        /// `[` and the answers so far, with commas between them.
        var parts = SecretBuffer()
        /// Bytes that were admitted, here or in the connection's output.
        var used = 0
        /// Answers that are still to come.
        var expected = 0
        /// The connection has not come to the end of the batch.
        var isOpen = true

        mutating func takeParts() -> SecretBuffer {
            var taken = SecretBuffer()
            swap(&taken, &parts)
            return taken
        }
    }

    init(maxBytes: Int) {
        self.maxBytes = maxBytes
        state.withLock { $0.parts.append(UInt8(ascii: "[")) }
    }

    /// Whether an answer that adds this many bytes, its comma included, fits in the batch's answer; if so it is counted.
    func admits(_ bytes: Int) -> Bool {
        state.withLock { state in
            guard state.used + bytes <= maxBytes else { return false }
            state.used += bytes
            return true
        }
    }

    /// What an entry gets whose answer does not fit.
    func tooLarge(isExecuted: Bool) -> RPCError {
        let words = isExecuted ? "This call was executed, but its answer" : "This call was not executed: its answer"
        return .tooLarge(
            "\(words) would exceed the \(maxBytes) bytes that one batch may be answered with. Send smaller batches.",
            data: ["executed": .bool(isExecuted), "limitBytes": .int(maxBytes)])
    }

    /// One more answer will come through ``add(_:)``.
    func expectPart() {
        state.withLock { $0.expected += 1 }
    }

    /// Adds an answer that was expected; gives the line if it was the last one and the connection has closed the batch.
    ///
    /// If not, it calls `end`, which counts the answer as no longer awaited, before any other can complete the line: whoever
    /// takes the line must find nothing of its batch still counted, for nobody would tell the connection of it later.
    func add(_ part: consuming SecretBuffer, end: () -> Void) -> SecretBuffer? {
        var line: SecretBuffer?
        state.withLock { state in
            if state.parts.count > 1 { state.parts.append(UInt8(ascii: ",")) }
            part.withBytes { state.parts.append($0) }
            state.expected -= 1
            guard state.expected == 0, !state.isOpen else { return end() }
            state.parts.append("]\n")
            line = state.takeParts()
        }
        return line
    }

    /// The connection has come to the end, having `written` some answers, with commas between them, itself.
    ///
    /// If all others are there too, they are given, after a `[`, and the connection completes the line. If not, what it has
    /// written is copied, to go out with the last one.
    func close(having written: Span<UInt8>) -> SecretBuffer? {
        var parts: SecretBuffer?
        state.withLock { state in
            state.isOpen = false
            if state.expected == 0 {
                parts = state.takeParts()
            } else if !written.isEmpty {
                if state.parts.count > 1 { state.parts.append(UInt8(ascii: ",")) }
                state.parts.append(written)
            }
        }
        return parts
    }
}
