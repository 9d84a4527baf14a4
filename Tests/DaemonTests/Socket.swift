import Glibc
import Synchronization
import Testing

/// A connection, of which one end is the daemon's, and the other the provider's.
final class Socket: Sendable {
    private let near: Mutex<CInt>
    private let far: CInt

    init() throws {
        var ends: [CInt] = [-1, -1]
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        try #require(unsafe socketpair(AF_UNIX, type, 0, &ends) == 0)
        near = Mutex(ends[0])
        far = ends[1]
    }

    deinit {
        closeNear()
        close(far)
    }

    var descriptor: CInt { near.withLock { $0 } }

    /// The process has ended.
    func closeNear() {
        near.withLock { near in
            if near >= 0 { close(near) }
            near = -1
        }
    }

    /// What there is for the provider to read: nil if nothing yet, and empty when nobody has the daemon's end any more.
    func receive() -> String? {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = unsafe recv(far, &bytes, bytes.count, CInt(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: bytes.prefix(count), as: UTF8.self)
    }
}
