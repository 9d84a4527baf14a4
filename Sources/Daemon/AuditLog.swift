internal import ConnectedAccounts
internal import CredentialBroker
internal import Logging

/// Writes the broker's audit records to the log, one entry each, with fields that the journal can be searched by.
struct AuditLog: Sendable {
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
    }

    func write(_ records: [AuditRecord], dropped: Int) {
        for record in records { write(record) }
        guard dropped > 0 else { return }
        logger.warning(
            "The audit could not hold everything that happened since it was last written",
            metadata: ["\(Daemon.auditField)-dropped": "\(dropped)"])
    }

    private func write(_ record: AuditRecord) {
        var fields: Logger.Metadata = [
            Daemon.auditField: "\(record.outcome.rawValue)",
            "method": "\(record.method)",
            "uid": "\(record.peer.uid)",
            "gid": "\(record.peer.gid)",
            "pid": "\(record.peer.pid)",
            "agent": "\(record.agent ?? "-")",
            "count": "\(record.count)",
        ]
        if let connectionID = record.connectionID {
            fields["connection-id"] = "\(connectionID)"
            fields["generation"] = "\(record.generation)"
        }
        if let operation = record.operation { fields["operation"] = "\(operation)" }
        if let reference = record.reference { fields["reference"] = "\(reference)" }
        if let fingerprint = record.fingerprint { fields["fingerprint"] = "\(fingerprint)" }
        if let remaining = record.remainingSeconds { fields["remaining-seconds"] = "\(remaining)" }
        switch record.outcome {
        case .issued: logger.info("Credential handed out", metadata: fields)
        case .exported: logger.notice("Accounts handed over, sealed", metadata: fields)
        case .denied: logger.notice("Call denied", metadata: fields)
        }
    }
}
