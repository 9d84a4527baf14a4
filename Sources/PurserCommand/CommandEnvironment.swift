internal import Glibc
package import PurserClient
package import SecretBytes

/// What a command may touch of the world beside the daemon.
package struct CommandEnvironment: Sendable {
    /// Where results go.
    package var output: CommandOutput

    /// Where errors go, and what else is not a result.
    package var errors: CommandOutput

    /// Reads standard input to its end.
    package var readInput: @Sendable () throws -> SecretBytes

    /// The time, only to show how far other times are from it.
    package var now: @Sendable () -> Timestamp

    /// Who is to be asked and shown things while a command runs.
    package var person: Person

    /// An environment from its parts.
    package init(
        output: CommandOutput, errors: CommandOutput, readInput: @escaping @Sendable () throws -> SecretBytes,
        now: @escaping @Sendable () -> Timestamp, person: Person
    ) {
        self.output = output
        self.errors = errors
        self.readInput = readInput
        self.now = now
        self.person = person
    }

    /// This process's own.
    package static var process: CommandEnvironment {
        CommandEnvironment(
            output: .descriptor(STDOUT_FILENO), errors: .descriptor(STDERR_FILENO),
            readInput: { try readToEnd(STDIN_FILENO) }, now: { Timestamp(unixSeconds: Int64(time(nil))) },
            person: .ofProcess)
    }

    /// What the daemon takes in one line.
    private static let maxInput = 1 << 20

    private static func readToEnd(_ descriptor: CInt) throws -> SecretBytes {
        var input = SecretBuffer()
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 1)
        defer {
            unsafe wipe(chunk)
            unsafe chunk.deallocate()
        }
        while true {
            let count = unsafe read(descriptor, chunk.baseAddress, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw CommandFailure(.usage, "standard input cannot be read") }
            if count == 0 { return input.bytes() }
            input.append(unsafe UnsafeRawBufferPointer(rebasing: chunk[..<count]).bindMemory(to: UInt8.self).span)
            guard input.count <= maxInput else {
                throw CommandFailure(.usage, "standard input has more than the \(maxInput) bytes that the daemon takes")
            }
        }
    }
}
