internal import CLinux
internal import Glibc
package import Logging

/// Writes log entries as lines to standard error.
package struct StandardErrorLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let unixNanoseconds: @Sendable () -> Int64
    private let output: @Sendable (String) -> Void

    /// `unixNanoseconds` is the wall clock, for the time at the start of a line; `output` takes one line with its
    /// line feed, from any thread.
    package init(
        level: Logger.Level, metadataProvider: Logger.MetadataProvider? = nil,
        unixNanoseconds: @escaping @Sendable () -> Int64 = { clinux_realtime_nanoseconds() },
        output: @escaping @Sendable (String) -> Void = { StandardErrorLogHandler.write($0, to: STDERR_FILENO) }
    ) {
        self.logLevel = level
        self.metadataProvider = metadataProvider
        self.unixNanoseconds = unixNanoseconds
        self.output = output
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        write(event, LogMetadata.fields(of: event, logger: metadata, provider: metadataProvider))
    }

    /// Writes an entry whose fields are known already.
    func write(_ event: LogEvent, _ fields: [(key: String, value: String)]) {
        output(
            LogLine.text(
                unixNanoseconds: unixNanoseconds(), level: event.level, message: "\(event.message)", fields: fields))
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
