internal import Glibc
package import Logging

/// Where log entries go.
package enum LogDestination: Equatable, Sendable {
    /// The journal, field by field.
    case journal
    /// Standard error, line by line.
    case standardError
}

/// Chooses where log entries go, and makes the handlers for `LoggingSystem.bootstrap(_:metadataProvider:)`.
package enum LoggingBootstrap {
    /// The journal if standard error leads there: `JOURNAL_STREAM` names the very file (systemd.exec(5)). Otherwise
    /// standard error, so that who redirects it finds the log there.
    package static func choose(
        environment: ServiceEnvironment, standardError: CInt = STDERR_FILENO
    ) -> LogDestination {
        guard let stream = environment[.journalStream] else { return .standardError }
        var status = stat()
        guard unsafe fstat(standardError, &status) == 0 else { return .standardError }
        return stream == "\(status.st_dev):\(status.st_ino)" ? .journal : .standardError
    }

    /// What writes an entry there, and blocks for as long as nobody takes it: for a ``LogQueue``.
    package static func output(for destination: LogDestination, identifier: String) -> @Sendable (LogRecord) -> Void {
        let standardError = StandardErrorOutput()
        switch destination {
        case .standardError: return { standardError.write($0) }
        case .journal:
            let journal = JournalOutput(identifier: identifier, fallback: standardError)
            return { journal.write($0) }
        }
    }

    /// What makes a handler for each logger. The label of a logger is not shown: an entry names the code it comes from.
    package static func handlers(
        level: Logger.Level, output: @escaping @Sendable (LogRecord) -> Void
    ) -> @Sendable (_ label: String, Logger.MetadataProvider?) -> any LogHandler {
        { _, provider in LogRecordHandler(level: level, metadataProvider: provider, output: output) }
    }
}
