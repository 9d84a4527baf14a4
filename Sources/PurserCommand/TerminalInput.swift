internal import Glibc
internal import SecretBytes
internal import Synchronization

/// Lines from a terminal, read without blocking a task and without leaving a copy behind.
enum TerminalInput {
    /// Longest line; the daemon takes no longer one.
    private static let maxLength = 64 << 10

    /// How long a cancelled reader may go on looking, in milliseconds.
    private static let patience: CInt = 100

    /// The next line without its end; nil at the end of input, and once the task is cancelled.
    ///
    /// - Throws: ``CommandFailure`` for what cannot be read or is too long.
    static func readLine(_ descriptor: CInt) async throws -> SecretLine? {
        let flag = Flag()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                // A thread of its own, since read(2) may wait for as long as the person thinks.
                let started = startThread {
                    continuation.resume(with: Result { try read(descriptor, while: { !flag.isRaised }) })
                }
                if !started { continuation.resume(returning: nil) }
            }
        } onCancel: {
            flag.raise()
        }
    }

    private final class Flag: Sendable {
        private let state = Atomic(false)

        var isRaised: Bool { state.load(ordering: .relaxed) }

        func raise() { state.store(true, ordering: .relaxed) }
    }

    private static func read(_ descriptor: CInt, while isWanted: () -> Bool) throws -> SecretLine? {
        var line = SecretBuffer()
        while isWanted() {
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&entry, 1, patience) > 0 else { continue }
            var byte: UInt8 = 0
            let count = unsafe Glibc.read(descriptor, &byte, 1)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count >= 0 else { throw CommandFailure(.usage, "standard input cannot be read") }
            if count == 0 { return line.isEmpty ? nil : SecretLine(line.bytes()) }
            if byte == UInt8(ascii: "\n") { return SecretLine(line.bytes()) }
            line.append(byte)
            guard line.count <= maxLength else { throw CommandFailure(.usage, "this line is too long") }
        }
        return nil
    }

    /// Runs `body` on a thread of its own; false if there can be none.
    private static func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
        final class Body: Sendable {
            let run: @Sendable () -> Void
            init(_ run: @escaping @Sendable () -> Void) { self.run = run }
        }
        var thread = pthread_t()
        let argument = unsafe Unmanaged.passRetained(Body(body))
        let code = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
                return nil
            }, argument.toOpaque())
        guard code == 0 else {
            unsafe argument.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}
