import Glibc
import Systemd
import Testing

@Suite("What systemd passed")
struct ListenDescriptorsTests {
    @Test("The socket is found by its name, beside what was stored")
    func found() throws {
        let listening = try TestSocket(.stream, listens: true)
        let passed = ListenDescriptors([
            .init(descriptor: try TestSocket.pipeEnd(), name: "vault"),
            .init(descriptor: listening.descriptor, name: "purser"),
        ])
        #expect(try passed.listeningSocket(named: "purser") == listening.descriptor)
        #expect(passed.descriptors(named: "purser") == [listening.descriptor])
        #expect(passed.descriptors(named: "other").isEmpty)
    }

    @Test("Without a listening socket there is none, and that is no error")
    func none() throws {
        #expect(try ListenDescriptors([]).listeningSocket(named: "purser") == nil)
        let stored = ListenDescriptors([.init(descriptor: try TestSocket.pipeEnd(), name: "vault")])
        #expect(try stored.listeningSocket(named: "purser") == nil)
    }

    @Test(
        "Only a Unix stream socket that listens is handed out",
        arguments: [
            TestSocket.Kind.stream, .datagram, .packets, .internet,
        ])
    func otherKinds(kind: TestSocket.Kind) throws {
        let other = try TestSocket(kind, listens: kind == .packets || kind == .internet)
        let passed = ListenDescriptors([.init(descriptor: other.descriptor, name: "purser")])
        #expect(throws: ListenDescriptorsError.notAListeningUnixSocket("purser")) {
            try passed.listeningSocket(named: "purser")
        }
    }

    @Test("A descriptor that is not open is an error")
    func closed() {
        let passed = ListenDescriptors([.init(descriptor: 1 << 20, name: "purser")])
        #expect(throws: ListenDescriptorsError.unusable("purser", errno: EBADF)) {
            try passed.listeningSocket(named: "purser")
        }
    }

    @Test("A listening socket under another name, or two under one, are errors that say what to set")
    func names() throws {
        let socket = try TestSocket(.stream, listens: true)
        let other = ListenDescriptors([.init(descriptor: socket.descriptor, name: "purserd.socket")])
        let error = #expect(throws: ListenDescriptorsError.otherName("purserd.socket", expected: "purser")) {
            try other.listeningSocket(named: "purser")
        }
        #expect(error.map { "\($0)" }?.hasSuffix("set FileDescriptorName=purser in the socket unit") == true)

        let twice = ListenDescriptors([
            .init(descriptor: socket.descriptor, name: "purser"), .init(descriptor: socket.descriptor, name: "purser"),
        ])
        #expect(throws: ListenDescriptorsError.several("purser")) { try twice.listeningSocket(named: "purser") }
    }

    @Test("They come from the environment, with their names, and no program started later inherits them")
    func received() async {
        await #expect(processExitsWith: .success) {
            let socket = try TestSocket(.stream, listens: true)
            // The lowest number that is free: those between, which the runtime holds and which must not be disturbed, are
            // passed along under another name.
            let passed = fcntl(socket.descriptor, F_DUPFD, 3)
            try #require(passed >= 3)
            let names = Array(repeating: "other", count: Int(passed) - 3) + ["purser"]
            unsafe setenv("LISTEN_FDS", "\(names.count)", 1)
            unsafe setenv("LISTEN_FDNAMES", names.joined(separator: ":"), 1)
            unsafe setenv("LISTEN_PID", "1", 1)
            let foreign = Result { try ListenDescriptors.received() }
            unsafe setenv("LISTEN_PID", "\(getpid())", 1)
            let first = Result { try ListenDescriptors.received() }
            let second = Result { try ListenDescriptors.received() }
            let flags = fcntl(passed, F_GETFD)
            unsafe setenv("LISTEN_FDS", "many", 1)
            let broken = Result { try ListenDescriptors.received() }

            #expect(try foreign.get().entries.isEmpty)
            #expect(try first.get().entries.map(\.name) == names)
            #expect(try first.get().entries.last == .init(descriptor: passed, name: "purser"))
            #expect(try second.get().entries == first.get().entries)
            #expect(flags & FD_CLOEXEC != 0)
            #expect(throws: ListenDescriptorsError.unreadable(errno: EINVAL)) { try broken.get() }
        }
    }
}

/// A socket of one kind, closed with the test.
final class TestSocket: Sendable {
    enum Kind: Sendable { case stream, datagram, packets, internet }

    let descriptor: CInt

    init(_ kind: Kind, listens: Bool) throws {
        let type = kind == .datagram ? SOCK_DGRAM : kind == .packets ? SOCK_SEQPACKET : SOCK_STREAM
        descriptor = socket(kind == .internet ? AF_INET : AF_UNIX, CInt(type.rawValue), 0)
        guard descriptor >= 0 else { throw SetupError(what: "socket", errno: errno) }
        guard listens else { return }
        // An internet socket listens without having been bound, at a port of the kernel's choice (ip(7)).
        if kind != .internet { try bindToFreeName(descriptor) }
        guard listen(descriptor, 1) == 0 else { throw SetupError(what: "listen", errno: errno) }
    }

    deinit { close(descriptor) }

    /// Something that is no socket at all; it stays open until the process ends.
    static func pipeEnd() throws -> CInt {
        var ends: [CInt] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw SetupError(what: "pipe", errno: errno) }
        return ends[0]
    }
}
