internal import CLinux
package import Logging

/// Makes a ``LogRecord`` of each log entry, on the thread that logs it, and passes it on.
package struct LogRecordHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let unixNanoseconds: @Sendable () -> Int64
    private let output: @Sendable (LogRecord) -> Void

    /// `unixNanoseconds` is the wall clock; `output` takes the records, from any thread.
    package init(
        level: Logger.Level, metadataProvider: Logger.MetadataProvider? = nil,
        unixNanoseconds: @escaping @Sendable () -> Int64 = { clinux_realtime_nanoseconds() },
        output: @escaping @Sendable (LogRecord) -> Void
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
        output(
            LogRecord(event, logger: metadata, provider: metadataProvider, unixNanoseconds: unixNanoseconds()))
    }
}
