internal import Dispatch
internal import Glibc

/// Ctrl-C as something to wait for.
enum Interruption {
    /// Returns at the next SIGINT, which then ends nothing, or when the task is cancelled.
    static func wait() async {
        // The source only sees what does not end the process first.
        let previous = signal(SIGINT, SIG_IGN)
        defer { signal(SIGINT, previous) }
        let (signals, arrived) = AsyncStream<Void>.makeStream()
        let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: .global())
        defer { source.cancel() }
        source.setEventHandler { arrived.yield() }
        source.resume()
        for await _ in signals { return }
    }
}
