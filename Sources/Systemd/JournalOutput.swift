internal import CLinux
internal import CSystemd
internal import Logging

/// Writes log entries to the journal with their structure: metadata becomes fields that `journalctl` can match
/// (`journalctl PURSER_CONNECTION_ID=con_octocat`).
///
/// An entry that the journal does not take goes to standard error instead. A call blocks while journald's queue is full, for
/// as long as journald takes nothing: ``LogQueue`` keeps that from everybody else.
package struct JournalOutput: Sendable {
    /// Hands one entry over and returns what sd_journal_sendv(3) returns: 0, or a negative errno.
    package typealias Sender = @Sendable (JournalEntry) -> CInt

    /// An entry that comes later than this says when it was logged: the journal knows only when it was written.
    private static let delay: Int64 = 1_000_000_000

    private let identifier: String
    private let unixNanoseconds: @Sendable () -> Int64
    private let send: Sender
    private let fallback: StandardErrorOutput

    /// An output whose entries bear `identifier` as `SYSLOG_IDENTIFIER` (`journalctl -t`). `unixNanoseconds` is the wall
    /// clock.
    package init(
        identifier: String, fallback: StandardErrorOutput,
        unixNanoseconds: @escaping @Sendable () -> Int64 = { clinux_realtime_nanoseconds() },
        send: @escaping Sender = JournalOutput.libsystemd
    ) {
        self.identifier = identifier
        self.unixNanoseconds = unixNanoseconds
        self.send = send
        self.fallback = fallback
    }

    /// Writes one entry, on the caller's thread.
    package func write(_ record: LogRecord) {
        guard send(entry(for: record)) < 0 else { return }
        fallback.write(record)
    }

    private func entry(for record: LogRecord) -> JournalEntry {
        var entry = JournalEntry()
        entry.add("MESSAGE", record.message)
        entry.add("PRIORITY", "\(record.level.journalPriority)")
        entry.add("SYSLOG_IDENTIFIER", identifier)
        entry.add("CODE_FILE", record.file)
        entry.add("CODE_LINE", "\(record.line)")
        entry.add("CODE_FUNC", record.function)
        for field in record.fields {
            entry.add(JournalEntry.fieldName(for: field.key), field.value)
        }
        if unixNanoseconds() - record.unixNanoseconds > Self.delay {
            entry.add(JournalEntry.fieldName(for: "logged-at"), LogLine.time(record.unixNanoseconds))
        }
        return entry
    }
}

extension JournalOutput {
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
