internal import Glibc

/// Writes log entries as lines to standard error. A call blocks while nobody takes them from there.
package struct StandardErrorOutput: Sendable {
    private let output: @Sendable (String) -> Void

    /// `output` takes one line with its line feed.
    package init(
        output: @escaping @Sendable (String) -> Void = { StandardErrorOutput.write($0, to: STDERR_FILENO) }
    ) {
        self.output = output
    }

    /// Writes one entry, on the caller's thread.
    package func write(_ record: LogRecord) {
        output(LogLine.text(record))
    }

    /// Writes all of `line`, in one call where the file takes it. A line that cannot be written is dropped: there is
    /// nowhere left to say so, and waiting for a reader would stop the daemon.
    package static func write(_ line: String, to descriptor: CInt) {
        var rest = Array(line.utf8)[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard written != 0, written > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(0, written))
        }
    }
}
