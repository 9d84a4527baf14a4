import ConnectedAccounts
import Logging
import Synchronization
import Systemd
import Testing

@testable import CredentialBroker
@testable import Daemon

@Suite("The audit in the log")
struct AuditLogTests {
    @Test("A denial has the operation and what was asked for; a credential that was handed out has its connection")
    func fields() {
        let lines = Lines()
        let handler = LogRecordHandler(
            level: .trace, unixNanoseconds: { 0 }, output: StandardErrorOutput { lines.add($0) }.write)
        let log = AuditLog(logger: Logger(label: "test", factory: { _ in handler }))
        let peer = Peer(uid: 1, gid: 2, pid: 3)
        let denial = AuditRecord(
            outcome: .denied, method: "refreshAccount", operation: "accounts:refresh", peer: peer, reference: "con_a",
            generation: 0, count: 4)
        let issue = AuditRecord(
            outcome: .issued, method: "getAccounts", operation: "credentials:read", peer: peer, agent: "research",
            connectionID: "con_b", generation: 5, fingerprint: "f00d", remainingSeconds: 60, count: 1)
        log.write([denial, issue], dropped: 6)
        #expect(
            lines.all == [
                """
                1970-01-01T00:00:00.000Z notice Call denied agent=- audit=denied count=4 gid=2 method=refreshAccount \
                operation=accounts:refresh pid=3 reference=con_a uid=1
                """,
                """
                1970-01-01T00:00:00.000Z info Credential handed out agent=research audit=issued connection-id=con_b count=1 fingerprint=f00d \
                generation=5 gid=2 method=getAccounts operation=credentials:read pid=3 remaining-seconds=60 uid=1
                """,
                """
                1970-01-01T00:00:00.000Z warning The audit could not hold everything that happened since it was last written \
                audit-dropped=6
                """,
            ])
    }
}

/// Keeps what is logged.
private final class Lines: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func add(_ line: String) {
        lines.withLock { $0.append(String(line.dropLast())) }
    }
}
