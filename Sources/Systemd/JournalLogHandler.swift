internal import CSystemd
package import Logging

/// Writes log entries to the journal with their structure: metadata becomes fields that `journalctl` can match
/// (`journalctl PURSER_CONNECTION_ID=con_octocat`).
///
/// An entry that the journal does not take goes to standard error instead. A call may block while journald's queue is
/// full.
package struct JournalLogHandler: LogHandler {
    /// Hands one entry over and returns what sd_journal_sendv(3) returns: 0, or a negative errno.
    package typealias Sender = @Sendable (JournalEntry) -> CInt

    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let identifier: String
    private let send: Sender
    private let fallback: StandardErrorLogHandler

    /// A handler whose entries bear `identifier` as `SYSLOG_IDENTIFIER` (`journalctl -t`).
    package init(
        identifier: String, level: Logger.Level, metadataProvider: Logger.MetadataProvider? = nil,
        fallback: StandardErrorLogHandler, send: @escaping Sender = JournalLogHandler.libsystemd
    ) {
        self.identifier = identifier
        self.logLevel = level
        self.metadataProvider = metadataProvider
        self.fallback = fallback
        self.send = send
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let fields = LogMetadata.fields(of: event, logger: metadata, provider: metadataProvider)
        guard send(entry(for: event, fields)) < 0 else { return }
        fallback.write(event, fields)
    }

    private func entry(for event: LogEvent, _ fields: [(key: String, value: String)]) -> JournalEntry {
        var entry = JournalEntry()
        entry.add("MESSAGE", "\(event.message)".bounded(to: LogLimits.messageBytes))
        entry.add("PRIORITY", "\(event.level.journalPriority)")
        entry.add("SYSLOG_IDENTIFIER", identifier)
        entry.add("CODE_FILE", event.file)
        entry.add("CODE_LINE", "\(event.line)")
        entry.add("CODE_FUNC", event.function)
        for field in fields {
            entry.add(JournalEntry.fieldName(for: field.key), field.value.bounded(to: LogLimits.valueBytes))
        }
        return entry
    }
}

extension JournalLogHandler {
    /// The real thing. Where no journald runs it does nothing and reports success.
    package static let libsystemd: Sender = { entry in
        unsafe entry.withVectors { unsafe sd_journal_sendv($0.baseAddress, CInt($0.count)) }
    }
}

extension Logger.Level {
    /// The level as syslog counts it (sd-daemon(3), SD_ERR and its kin).
    var journalPriority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
