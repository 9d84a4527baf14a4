import Glibc
import LineServer
import Testing

@testable import PurserClient

@Suite(.timeLimit(.minutes(1)))
struct ConnectingTests {
    @Test func noSocketAndASocketOfADeadDaemonAreTheSameError() async throws {
        let server = try LineServer()
        server.stop()
        let missing = SocketPath(server.path)
        #expect(await error { _ = try await PurserClient.connect(to: missing) } == .daemonNotRunning(path: server.path))
        let stale = try StaleSocket()
        #expect(
            await error { _ = try await PurserClient.connect(to: SocketPath(stale.path)) }
                == .daemonNotRunning(path: stale.path))
    }

    static let codes: [(CInt, PurserError)] = [
        (ENOENT, .daemonNotRunning(path: "/nowhere/p")),
        (ENOTDIR, .daemonNotRunning(path: "/nowhere/p")),
        (ECONNREFUSED, .daemonNotRunning(path: "/nowhere/p")),
        (EACCES, .permissionDenied(path: "/nowhere/p", group: nil)),
        (EPERM, .permissionDenied(path: "/nowhere/p", group: nil)),
        (EAGAIN, .systemCallFailed("connect to /nowhere/p", errno: EAGAIN)),
    ]

    @Test(arguments: codes)
    func eachFailureToConnectHasItsError(_ code: CInt, _ expected: PurserError) {
        #expect(UnixSocket.failure("/nowhere/p", code) == expected)
    }

    @Test(arguments: [(mode_t(0o660), true), (0o666, true), (0o600, false), (0o640, false)])
    func theGroupIsNamedWhereItsMembersMayConnect(_ mode: mode_t, _ isNamed: Bool) throws {
        let stale = try StaleSocket()
        unsafe chmod(stale.path, mode)
        let name = unsafe getgrgid(getgid()).map { unsafe String(cString: $0.pointee.gr_name) }
        let expected = isNamed ? name : nil
        #expect(UnixSocket.failure(stale.path, EACCES) == .permissionDenied(path: stale.path, group: expected))
    }

    @Test(arguments: ["", String(repeating: "x", count: 108), "with\u{0}zero"])
    func aPathThatFitsNoAddressIsRefused(_ path: String) async {
        let failure = await error { _ = try await PurserClient.connect(to: SocketPath(path)) }
        guard case .invalidRequest = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test func theNextCallAfterARestartConnectsAgain() async throws {
        let talk = try await Conversation()
        async let lost = error { _ = try await talk.client.call("one") }
        _ = try await talk.nextID()
        talk.peer.hangUp()
        #expect(await lost == .connectionClosed)
        async let answer = talk.client.call("two")
        let peer = try await talk.server.peer()
        let request = try JSONValue(parsing: try #require(await peer.line()))
        #expect(request["method"] == "two")
        peer.send(Conversation.line(try #require(request["id"]?.int), "again"))
        #expect(try await answer == "again")
    }

    @Test func callsAtOneTimeAfterARestartShareOneNewConnection() async throws {
        let talk = try await Conversation()
        let (client, server) = (talk.client, talk.server)
        async let lost = error { _ = try await client.call("one") }
        _ = try await talk.nextID()
        talk.peer.hangUp()
        #expect(await lost == .connectionClosed)
        try await withThrowingTaskGroup(of: JSONValue.self) { group in
            for _ in 0..<20 { group.addTask { try await client.call("more") } }
            let peer = try await server.peer()
            for _ in 0..<20 {
                let request = try JSONValue(parsing: try #require(await peer.line()))
                peer.send(Conversation.line(try #require(request["id"]?.int), true))
            }
            for try await answer in group { #expect(answer == true) }
        }
    }

    @Test func aDaemonThatDoesNotComeBackIsNotRunning() async throws {
        let talk = try await Conversation()
        async let lost = error { _ = try await talk.client.call("one") }
        _ = try await talk.nextID()
        talk.server.stop()
        talk.peer.hangUp()
        #expect(await lost == .connectionClosed)
        #expect(await error { _ = try await talk.client.call("two") } == .daemonNotRunning(path: talk.server.path))
    }

    @Test func aClosedClientEndsItsCallsAndTakesNoMore() async throws {
        let talk = try await Conversation()
        async let lost = error { _ = try await talk.client.call("one") }
        _ = try await talk.nextID()
        talk.client.close()
        #expect(await lost == .connectionClosed)
        #expect(await talk.peer.line() == nil)
        #expect(await error { _ = try await talk.client.call("two") } == .connectionClosed)
        #expect(throws: PurserError.connectionClosed) { try talk.client.notify("three") }
    }

    @Test func theConnectionEndsWithTheLastReferenceToTheClient() async throws {
        let server = try LineServer()
        var client: PurserClient? = try await PurserClient.connect(to: SocketPath(server.path))
        let peer = try await server.peer()
        try client?.notify("one")
        #expect(await peer.line() != nil)
        client = nil
        #expect(await peer.line() == nil)
    }
}

/// A socket's file that nobody listens on.
private final class StaleSocket {
    let path: String
    private let server: LineServer

    init() throws {
        server = try LineServer()
        path = "\(server.path).stale"
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let bound = unsafe withUnsafePointer(to: address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(bound == 0)
    }

    deinit { unsafe unlink(path) }
}
