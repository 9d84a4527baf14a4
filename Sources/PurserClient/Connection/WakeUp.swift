internal import Glibc

/// Ends another thread's wait in poll(2): a pair of sockets, the one it waits on and the one that is written to.
struct WakeUp: ~Copyable, Sendable {
    /// Readable after ``signal()``, until ``clear()``.
    let descriptor: CInt
    private let writer: CInt

    init() throws(PurserError) {
        var pair: (CInt, CInt) = (-1, -1)
        let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let result = unsafe withUnsafeMutableBytes(of: &pair) { bytes in
            unsafe socketpair(AF_UNIX, CInt(type), 0, bytes.bindMemory(to: CInt.self).baseAddress)
        }
        guard result == 0 else { throw .systemCallFailed("socketpair", errno: errno) }
        (descriptor, writer) = pair
    }

    deinit {
        close(descriptor)
        close(writer)
    }

    borrowing func signal() {
        // Full means that a signal is waiting already; no other failure is possible while both ends are open.
        _ = unsafe withUnsafeBytes(of: UInt8(1)) { unsafe send(writer, $0.baseAddress, 1, CInt(MSG_NOSIGNAL)) }
    }

    borrowing func clear() {
        unsafe withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { bytes in
            while unsafe recv(descriptor, bytes.baseAddress, bytes.count, 0) > 0 {}
        }
    }
}
