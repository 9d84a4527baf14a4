import Glibc
import Testing

@testable import SocketServer

@Suite("Peers", .serialized)
struct PeerTests {
    @Test("The caller is the process that connected, with its user, group, number, and groups")
    func credentials() async throws {
        var groups = [gid_t](repeating: 0, count: 1024)
        let count = unsafe getgroups(CInt(groups.count), &groups)
        let names = groups.prefix(Int(count)).sorted().map { "\($0)" }.joined(separator: ",")
        try await TestServer.run { server in
            let caller = try server.ask("whoami", "null")
            #expect(caller == answer(0, "\"\(geteuid()) \(getegid()) \(getpid()) [\(names)]\""))
        }
    }

    @Test("No connection is passed on to programs that the daemon starts")
    func closeOnExec() async {
        // A process of its own, so that all its sockets are those of this test.
        await #expect(processExitsWith: .success) {
            try await TestServer.run { server in
                // Those that this process was started with, which the test has not opened.
                let inherited = unixSockets()
                let clients = try (0..<3).map { _ in try server.client() }
                for client in clients { _ = server.ask(client, "echo", "1") }
                let ends = unixSockets().filter { !inherited.contains($0) }
                guard ends.count >= 6 else { throw Failure("too few connections", CInt(ends.count)) }
                for end in ends where fcntl(end, F_GETFD) & FD_CLOEXEC == 0 { throw Failure("not closed", end) }
            }
        }
    }

    @Test("A descriptor that is no Unix socket has no peer")
    func noPeer() {
        #expect(throws: SocketError.self) { try PeerCredentials(ofSocket: -1) }
    }
}

private func unixSockets() -> [CInt] {
    (0..<1024).filter { descriptor in
        var domain: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX
    }
}
