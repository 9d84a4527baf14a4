package import Logging

/// One log entry as a value: whoever logs it goes on, and it is written later. Its text is bounded, so a bounded number of
/// them is bounded memory.
package struct LogRecord: Sendable {
    /// Nanoseconds since 1970, when it was logged.
    package let unixNanoseconds: Int64
    package let level: Logger.Level
    /// At most ``LogLimits/messageBytes``.
    package let message: String
    /// In the order of the keys, at most ``LogLimits/fields``; a value has at most ``LogLimits/valueBytes``.
    package let fields: [(key: String, value: String)]
    /// Where in the code it was logged.
    let file: String
    let function: String
    let line: UInt

    /// What is said with the entry goes before what the provider says, and that before what the logger carries.
    init(_ event: LogEvent, logger: Logger.Metadata, provider: Logger.MetadataProvider?, unixNanoseconds: Int64) {
        self.init(
            unixNanoseconds: unixNanoseconds, level: event.level, message: "\(event.message)",
            fields: LogMetadata.fields(of: event, logger: logger, provider: provider), file: event.file,
            function: event.function, line: event.line)
    }

    init(
        unixNanoseconds: Int64, level: Logger.Level, message: String, fields: [(key: String, value: String)],
        file: String = #fileID, function: String = #function, line: UInt = #line
    ) {
        self.unixNanoseconds = unixNanoseconds
        self.level = level
        self.message = message.bounded(to: LogLimits.messageBytes)
        self.fields = fields.map {
            ($0.key.bounded(to: LogLimits.keyBytes), $0.value.bounded(to: LogLimits.valueBytes))
        }
        (self.file, self.function, self.line) = (file, function, line)
    }

    /// About how much memory it takes.
    var byteCount: Int {
        fields.reduce(MemoryLayout<LogRecord>.size + message.utf8.count) { count, field in
            count + 2 * MemoryLayout<String>.size + field.key.utf8.count + field.value.utf8.count
        }
    }
}
