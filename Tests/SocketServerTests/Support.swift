import Glibc
import JSON
import JSONRPC
import NIOCore
import NIOPosix
import Synchronization

@testable import SocketServer

/// Methods that show what a server does with answers: at once, large, later.
struct TestService: RPCService {
    private final class Shared: Sendable {
        let answered = Atomic(0)
        let waiting = Mutex<[Int: RPCReply]>([:])
        let notifiers = Mutex<[Int: RPCNotifier]>([:])
    }

    private let shared = Shared()

    /// Calls that were answered or taken so far.
    var answered: Int { shared.answered.load(ordering: .relaxed) }

    /// Completes the call of `later` with this key.
    func complete(_ key: Int, bytes: Int = 1) {
        let reply = shared.waiting.withLock { $0.removeValue(forKey: key) }
        reply?.complete { writer in writer.value(String(repeating: "z", count: bytes)) }
    }

    /// The notifier that the call of `subscribe` with this key took.
    func notifier(_ key: Int) -> RPCNotifier? { shared.notifiers.withLock { $0[key] } }

    func answer(
        _ call: borrowing RPCCall, from caller: PeerCredentials, into result: inout JSONWriter
    ) throws(RPCError) -> RPCAnswer {
        shared.answered.add(1, ordering: .relaxed)
        if call.method.equals("echo") {
            if let value = try call.parameters(["value"]).value("value") { result.value(value) }
        } else if call.method.equals("large") {
            let bytes = try call.parameters(["bytes"]).requiredInt("bytes", in: 0...(16 << 20))
            result.value(String(repeating: "x", count: bytes))
        } else if call.method.equals("later") {
            let key = try call.parameters(["key"]).requiredInt("key", in: 0...100_000)
            let reply = try call.later()
            shared.waiting.withLock { $0[key] = reply }
            return .later
        } else if call.method.equals("subscribe") {
            let key = try call.parameters(["key"]).requiredInt("key", in: 0...100_000)
            let notifier = call.notifier()
            shared.notifiers.withLock { $0[key] = notifier }
            result.value("subscribed")
        } else if call.method.equals("whoami") {
            let groups = caller.groups.sorted().map { "\($0)" }.joined(separator: ",")
            result.value("\(caller.uid) \(caller.gid) \(caller.pid) [\(groups)]")
        } else {
            throw .methodNotFound(call.methodName)
        }
        return .written
    }
}

/// A server on a socket of its own, for the length of a test.
struct TestServer {
    let service: TestService
    let server: SocketServer<TestService>
    let path: String

    /// Starts one, runs `body`, and stops it.
    static func run(
        _ limits: SocketLimits = SocketLimits(), _ body: (TestServer) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let socket = try ListeningSocket(path: "\(directory.path)/s", mode: 0o600, groupID: nil)
        let service = TestService()
        let server = try await SocketServer.start(
            on: socket, eventLoop: group.next(), service: service, limits: limits, identify: { $0 })
        do {
            try await body(TestServer(service: service, server: server, path: "\(directory.path)/s"))
        } catch {
            await server.stop(grace: .zero)
            try await group.shutdownGracefully()
            throw error
        }
        await server.stop(grace: .zero)
        try await group.shutdownGracefully()
    }

    func client() throws -> Client { try Client(path) }

    /// Returns when the event loop has done everything that was to be done before this was called: what clients had
    /// sent, as far as it is read, is answered. The second round is for an event that came in the same turn as the
    /// first.
    func settle() throws {
        let client = try client()
        for _ in 0..<2 { _ = ask(client, "echo", "null") }
    }

    /// A call on a new connection; its answer.
    func ask(_ method: String, _ params: String) throws -> String? { ask(try client(), method, params) }

    func ask(_ client: Client, _ method: String, _ params: String) -> String? {
        client.send(request(0, method, params))
        return client.line()
    }
}

/// A request line; `params` is the first parameter.
func request(_ id: Int, _ method: String, _ params: String) -> String {
    #"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":[\#(params)]}"# + "\n"
}

/// The answer to it.
func answer(_ id: Int, _ result: String) -> String { #"{"jsonrpc":"2.0","id":\#(id),"result":\#(result)}"# }

/// The stable name of the error in a line.
func errorName(_ line: String?) -> String? {
    guard let line, line.contains(#""error""#), let start = line.range(of: #""data":{"code":""#) else { return nil }
    return String(line[start...].prefix { $0 != "\"" })
}

extension String {
    /// Where the text behind the first `part` begins.
    fileprivate func range(of part: String) -> String.Index? {
        guard let found = firstRange(of: part) else { return nil }
        return found.upperBound
    }
}

/// A directory that only this user can change, removed with its files at the end.
final class TemporaryDirectory {
    let path: String

    init() throws(Failure) {
        var template = Array("/tmp/purser-socket-XXXXXX".utf8CString)
        let path: String? = unsafe template.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress, let path = unsafe mkdtemp(start) else { return nil }
            return unsafe String(cString: path)
        }
        guard let path else { throw Failure("mkdtemp", errno) }
        self.path = path
    }

    deinit {
        for name in names { unsafe unlink("\(path)/\(name)") }
        for name in names { unsafe rmdir("\(path)/\(name)") }
        unsafe rmdir(path)
    }

    /// What is in it.
    var names: [String] {
        guard let directory = unsafe opendir(path) else { return [] }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

/// Numbers that a seed determines (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
