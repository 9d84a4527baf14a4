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

    /// What makes a handler for each logger. The label of a logger is not shown: an entry names the code it comes from.
    package static func handlers(
        for destination: LogDestination, identifier: String, level: Logger.Level
    ) -> @Sendable (_ label: String, Logger.MetadataProvider?) -> any LogHandler {
        { _, provider in
            let standardError = StandardErrorLogHandler(level: level, metadataProvider: provider)
            guard destination == .journal else { return standardError }
            return JournalLogHandler(
                identifier: identifier, level: level, metadataProvider: provider, fallback: standardError)
        }
    }
}
