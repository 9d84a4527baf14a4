import ConnectedAccounts
import DaemonConfiguration
import Testing

@testable import Daemon

@Suite("What a reload cannot change is said")
struct ReloadTests {
    typealias Change = @Sendable (inout PurserConfiguration) -> Void

    static let changes: [(name: String, change: Change)] = [
        ("socket", { $0.socket.path = "/run/other.sock" }),
        ("socketMode", { $0.socket.mode = 0o666 }),
        ("socketGroup", { $0.socket.group = .init(name: "other", gid: 7) }),
        ("callback.listen", { $0.callback.port = 7581 }),
        ("callback.listen", { $0.callback.host = "::1" }),
    ]

    @Test("Each setting of a listener is named with when it takes effect", arguments: changes.indices)
    func named(_ index: Int) {
        let (name, change) = Self.changes[index]
        let started = PurserConfiguration()
        var now = started
        change(&now)
        let warning = "\(name): changed, which takes effect at the next restart"
        #expect(now.changesForRestart(since: started, isSocketOurs: true) == [warning])
        // Changed back, there is nothing to say.
        #expect(started.changesForRestart(since: started, isSocketOurs: true).isEmpty)
    }

    @Test("Several are named together; of a socket that systemd passes nothing is said")
    func several() {
        let started = PurserConfiguration()
        var now = started
        for (_, change) in Self.changes { change(&now) }
        now.masking = .off
        now.agents = []
        #expect(now.changesForRestart(since: started, isSocketOurs: true).count == 4)
        #expect(now.changesForRestart(since: started, isSocketOurs: false).count == 1)
    }
}
