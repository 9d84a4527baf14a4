import CLinux
import Glibc
import Testing

@Suite("Linux calls")
struct LinuxCallsTests {
    /// Runs `body` with the two ends of a socket pair.
    private func withSocketPair(_ body: (CInt, CInt) throws -> Void) throws {
        var ends: [CInt] = [-1, -1]
        try #require(unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
        defer { for end in ends { close(end) } }
        try body(ends[0], ends[1])
    }

    @Test("The peer of a socket pair is this process, with its groups")
    func peer() throws {
        try withSocketPair { end, _ in
            var peer = clinux_peer()
            #expect(unsafe clinux_peer_credentials(end, &peer) == 0)
            #expect((peer.pid, peer.uid, peer.gid) == (getpid(), geteuid(), getegid()))

            let expected = try #require(unsafe groups { unsafe getgroups(CInt($1), $0) })
            let found = try #require(
                unsafe groups { buffer, capacity in
                    var count = 0
                    return unsafe clinux_peer_groups(end, buffer, capacity, &count) == 0 ? CInt(count) : -1
                })
            #expect(found.sorted() == expected.sorted())
        }
    }

    private func groups(_ fill: (UnsafeMutablePointer<gid_t>, Int) -> CInt) -> [gid_t]? {
        var groups = [gid_t](repeating: 0, count: 1024)
        let count = unsafe groups.withUnsafeMutableBufferPointer { buffer in
            unsafe buffer.baseAddress.map { unsafe fill($0, buffer.count) } ?? -1
        }
        return count < 0 ? nil : Array(groups.prefix(Int(count)))
    }

    @Test("A buffer too small for the peer's groups gets their number")
    func tooManyGroups() throws {
        let expected = getgroups(0, nil)
        try withSocketPair { end, _ in
            var (group, count): (gid_t, Int) = (0, 0)
            let error = unsafe failure(clinux_peer_groups(end, &group, 0, &count))
            #expect(error == (expected > 0 ? ERANGE : 0))
            #expect(count == Int(expected))
        }
    }

    /// The errno of a call that has just failed, before anything else can change it; 0 if it has not.
    private func failure(_ result: CInt) -> CInt { result < 0 ? errno : 0 }

    @Test("What is no Unix socket has no peer")
    func noSocket() {
        var peer = clinux_peer()
        let closed = unsafe failure(clinux_peer_credentials(-1, &peer))
        let device = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(device) }
        let notASocket = failure(clinux_peer_pidfd(device))
        #expect((closed, notASocket) == (EBADF, ENOTSOCK))
    }

    @Test("A peer's pidfd says whether it lives, and is close-on-exec; kernels before 6.5 say that they have none")
    func peerPidfd() throws {
        try withSocketPair { end, _ in
            let pidfd = clinux_peer_pidfd(end)
            let error = failure(pidfd)
            guard error == 0 else {
                #expect(error == ENOPROTOOPT)
                return
            }
            defer { close(pidfd) }
            #expect(clinux_pidfd_is_alive(pidfd) == 1)
            #expect(fcntl(pidfd, F_GETFD) & FD_CLOEXEC != 0)
        }
    }

    @Test("A process that has ended is not alive, though its number is not free yet")
    func ended() throws {
        var pid: pid_t = 0
        var path: [CChar] = Array("/bin/true".utf8CString)
        try unsafe path.withUnsafeMutableBufferPointer { name in
            var arguments = unsafe [name.baseAddress, nil]
            try #require(unsafe posix_spawn(&pid, "/bin/true", nil, nil, &arguments, nil) == 0)
        }
        let pidfd = clinux_pidfd_open(pid)
        try #require(pidfd >= 0)
        defer { close(pidfd) }
        var status = unsafe siginfo_t()
        // WNOWAIT: waits for the end, and leaves the zombie.
        try #require(unsafe waitid(P_PID, id_t(pid), &status, WEXITED | WNOWAIT) == 0)
        #expect(clinux_pidfd_is_alive(pidfd) == 0)
        #expect(waitpid(pid, nil, 0) == pid)
        #expect(clinux_pidfd_is_alive(pidfd) == 0)
    }

    @Test("A descriptor that cannot tell is an error, not a death", arguments: [-1, 99_999] as [CInt])
    func noPidfd(descriptor: CInt) {
        let error = failure(clinux_pidfd_is_alive(descriptor))
        #expect(error == EBADF)
    }

    @Test("Close-on-exec is set, and other flags are left")
    func closeOnExec() {
        let descriptor = dup(0)
        defer { close(descriptor) }
        #expect(clinux_set_close_on_exec(descriptor) == 0)
        #expect(fcntl(descriptor, F_GETFD) == FD_CLOEXEC)
        let error = failure(clinux_set_close_on_exec(-1))
        #expect(error == EBADF)
    }

    @Test("Clocks give nanoseconds: boot time rises, real time is after 2020")
    func clocks() {
        let before = clinux_boottime_nanoseconds()
        #expect(before > 0)
        #expect(clinux_boottime_nanoseconds() >= before)
        #expect(clinux_realtime_nanoseconds() > 1_577_836_800_000_000_000)
    }

    @Test("A process can make itself undumpable")
    func dumpable() async {
        await #expect(processExitsWith: .success) {
            guard clinux_set_dumpable(false) == 0, clinux_get_dumpable() == 0 else { exit(1) }
            guard clinux_set_dumpable(true) == 0, clinux_get_dumpable() == 1 else { exit(2) }
        }
    }
}
