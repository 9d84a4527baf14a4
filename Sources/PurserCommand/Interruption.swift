internal import Glibc
internal import Synchronization

/// Ctrl-C as something to wait for. One task of a process at a time.
enum Interruption {
    /// Where the signal's handler writes. Made once and never closed, so that a late signal finds nobody else's file
    /// behind the number.
    private static let wakeUp: (reading: CInt, writing: CInt)? = {
        var ends: [CInt] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { return nil }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        return (ends[0], ends[1])
    }()

    /// Returns at the next SIGINT, which then ends nothing, or when the task is cancelled.
    static func wait() async {
        // Without it Ctrl-C ends the process, as ever.
        guard let wakeUp else { return await Self.untilCancelled() }
        handlersTarget.store(wakeUp.writing, ordering: .relaxed)
        let previous = signal(SIGINT) { _ in
            // Nothing but what a handler may call (signal-safety(7)).
            let code = errno
            var end = UInt8(ascii: "\n")
            _ = unsafe write(handlersTarget.load(ordering: .relaxed), &end, 1)
            errno = code
        }
        defer { signal(SIGINT, previous) }
        _ = try? await TerminalInput.readLine(wakeUp.reading)
    }

    private static func untilCancelled() async {
        let (nothing, _) = AsyncStream<Void>.makeStream()
        for await _ in nothing {}
    }
}

/// The handler sees globals only.
private let handlersTarget = Atomic<CInt>(-1)
