internal import CLinux
internal import Dispatch
internal import Glibc
internal import Logging
internal import Synchronization

/// Between those who log and where the log goes: they never wait for it, for it is written on a thread of its own, in order.
///
/// A journald that is stopped, or a pipe that nobody reads, so stops only that thread. What waits for it is bounded; when
/// that is full, what is logged is dropped until half of it is written, and then counted in one entry, where it would have
/// been. Lives as long as the process.
package final class LogQueue: Sendable {
    /// How much may wait.
    package struct Limits: Sendable {
        package var records: Int
        package var bytes: Int

        /// Half of it holds the audit at its fullest, which is 4096 records and a line that says what it dropped.
        package init(records: Int = 10_000, bytes: Int = 16 << 20) {
            self.records = records
            self.bytes = bytes
        }
    }

    private enum Item: Sendable {
        case record(LogRecord)
        /// All before it has been written.
        case flushed(DispatchSemaphore)
    }

    private struct State: Sendable {
        /// What the thread has not taken yet.
        var items: [Item] = []
        /// Records that are not written yet, those that the thread has taken included.
        var records = 0
        var bytes = 0
        var dropped = 0
        /// Among the dropped.
        var droppedApart = 0
        /// The thread waits to be woken.
        var isIdle = false
    }

    private let limits: Limits
    private let fieldCountedApart: String
    private let output: @Sendable (LogRecord) -> Void
    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    /// Without a thread everybody writes, as without a queue.
    private let hasThread = Atomic<Bool>(false)

    /// `output` writes one record and may block. Of the dropped records, those with a field `fieldCountedApart` are
    /// counted once more by themselves.
    package init(
        limits: Limits = Limits(), countingApart fieldCountedApart: String,
        output: @escaping @Sendable (LogRecord) -> Void
    ) {
        self.limits = limits
        self.fieldCountedApart = fieldCountedApart
        self.output = output
        startThread()
    }

    /// Whether at least half of it is free and nothing is dropped at present. Never waits.
    package var hasRoom: Bool { state.withLock { $0.dropped == 0 && isHalfFree($0) } }

    /// Passes a record on, or drops it. Never waits for the output.
    package func put(_ record: LogRecord) {
        guard hasThread.load(ordering: .relaxed) else { return output(record) }
        let size = record.byteCount
        let mustWake = state.withLock { state in
            let fits = state.records < limits.records && state.bytes + size <= limits.bytes
            guard state.records == 0 || (state.dropped == 0 && fits) else {
                state.dropped += 1
                if record.fields.contains(where: { $0.key == fieldCountedApart }) { state.droppedApart += 1 }
                return false
            }
            return append(record, size, to: &state)
        }
        if mustWake { wake.signal() }
    }

    /// Blocks until all that was passed on before is written, at most `timeout`; false if it is not. For the end of the
    /// process: not for a thread that others wait for.
    @discardableResult
    package func flush(timeout: Duration) -> Bool {
        let (seconds, attoseconds) = timeout.components
        let deadline =
            DispatchTime.now() + .nanoseconds(Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000))
        // Once more for the entry that says what was dropped: it comes when there is room again.
        return writeAll(by: deadline) && writeAll(by: deadline)
    }

    private func writeAll(by deadline: DispatchTime) -> Bool {
        guard hasThread.load(ordering: .relaxed) else { return true }
        let written = DispatchSemaphore(value: 0)
        let mustWake = state.withLock { state in
            state.items.append(.flushed(written))
            return takeIdle(&state)
        }
        if mustWake { wake.signal() }
        return written.wait(timeout: deadline) == .success
    }

    // MARK: - The thread

    private func startThread() {
        var thread = pthread_t()
        let context = unsafe Unmanaged.passRetained(self).toOpaque()
        let result = unsafe pthread_create(
            &thread, nil,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<LogQueue>.fromOpaque(context).takeRetainedValue().run()
            }, context)
        guard result == 0 else { return unsafe Unmanaged<LogQueue>.fromOpaque(context).release() }
        hasThread.store(true, ordering: .relaxed)
        _ = pthread_detach(thread)
    }

    private func run() -> Never {
        // To be told from the others in a list of threads; without it everything works.
        _ = unsafe clinux_name_thread("log")
        while true {
            var items = state.withLock { state in
                state.isIdle = state.items.isEmpty
                defer { state.items = [] }
                return state.items
            }
            if items.isEmpty { wake.wait() }
            // One by one, so that what is written is let go of.
            items.reverse()
            while let item = items.popLast() {
                switch item {
                case .flushed(let written): written.signal()
                case .record(let record):
                    output(record)
                    state.withLock { leave(record.byteCount, &$0) }
                }
            }
        }
    }

    private func leave(_ size: Int, _ state: inout State) {
        state.records -= 1
        state.bytes -= size
        guard state.dropped > 0, isHalfFree(state) else { return }
        let notice = LogRecord(
            unixNanoseconds: clinux_realtime_nanoseconds(), level: .warning,
            message: "The log took nothing for a while, and what did not fit in the daemon's memory was dropped",
            fields: [
                ("\(fieldCountedApart)-dropped", "\(state.droppedApart)"), ("dropped", "\(state.dropped)"),
            ])
        (state.dropped, state.droppedApart) = (0, 0)
        _ = append(notice, notice.byteCount, to: &state)
    }

    /// True if the thread has to be woken for it.
    private func append(_ record: LogRecord, _ size: Int, to state: inout State) -> Bool {
        state.items.append(.record(record))
        state.records += 1
        state.bytes += size
        return takeIdle(&state)
    }

    private func takeIdle(_ state: inout State) -> Bool {
        defer { state.isIdle = false }
        return state.isIdle
    }

    private func isHalfFree(_ state: State) -> Bool {
        state.records <= limits.records / 2 && state.bytes <= limits.bytes / 2
    }
}
