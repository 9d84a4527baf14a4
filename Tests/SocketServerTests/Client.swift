import Glibc
import Synchronization

/// One end of a Unix socket, used with plain system calls. They wait at most 20 s, so that a broken server fails a test
/// at once rather than hanging it.
final class Client: Sendable {
    let descriptor: CInt
    private let unread = Mutex<[UInt8]>([])

    init(_ path: String) throws(Failure) {
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, size)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let result = unsafe withUnsafePointer(to: address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let code = errno
            close(descriptor)
            throw Failure("connect", code)
        }
    }

    deinit { close(descriptor) }

    /// Sends all of it; gives the errno that stopped it, or 0.
    @discardableResult
    func send(_ bytes: [UInt8], flags: CInt = 0) -> CInt {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { bytes in
                unsafe Glibc.send(
                    descriptor, bytes.baseAddress.map { unsafe $0 + sent }, bytes.count - sent,
                    CInt(MSG_NOSIGNAL) | flags)
            }
            guard count > 0 else { return errno }
            sent += count
        }
        return 0
    }

    @discardableResult
    func send(_ text: String) -> CInt { send(Array(text.utf8)) }

    /// Ends what this end sends.
    func endOutput() { shutdown(descriptor, CInt(SHUT_WR)) }

    /// The next line without its end; nil at the end of the connection, however it came.
    func line() -> String? {
        unread.withLock { unread in
            var searched = 0
            while true {
                if let end = unread[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                    defer { unread.removeSubrange(...end) }
                    return String(decoding: unread[..<end], as: UTF8.self)
                }
                searched = unread.count
                guard receive(&unread) > 0 else { return nil }
            }
        }
    }

    /// All lines to the end.
    func lines() -> [String] {
        var lines: [String] = []
        while let line = line() { lines.append(line) }
        return lines
    }

    /// Whether the connection has ended in order, with nothing left to read.
    func isAtEnd() -> Bool { unread.withLock { $0.isEmpty && receive(&$0) == 0 } }

    private func receive(_ unread: inout [UInt8]) -> Int {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = unsafe chunk.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
        if count > 0 { unread += chunk[..<count] }
        return count
    }
}

/// A system call that failed.
struct Failure: Error, Equatable {
    var call: String
    var code: CInt

    init(_ call: String, _ code: CInt) {
        self.call = call
        self.code = code
    }
}

/// Runs `body` on a thread of its own; ``wait()`` waits for its result.
final class Background<Value: Sendable>: Sendable {
    private let result: Mutex<Value?>
    private let thread: Mutex<pthread_t>

    init(_ body: @escaping @Sendable () -> Value) {
        result = Mutex(nil)
        thread = Mutex(pthread_t())
        let run = ThreadBody { [self] in
            let value = body()
            result.withLock { $0 = value }
        }
        thread.withLock { startThread(&$0, run) }
    }

    func wait() -> Value? {
        pthread_join(thread.withLock { $0 }, nil)
        return result.withLock { $0 }
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private func startThread(_ thread: inout pthread_t, _ body: ThreadBody) {
    let argument = unsafe Unmanaged.passRetained(body).toOpaque()
    let code = unsafe pthread_create(
        &thread, nil,
        { argument in
            guard let argument = unsafe argument else { return nil }
            unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
            return nil
        }, argument)
    precondition(code == 0, "no thread can be made")
}
