internal import CLinux
internal import Glibc

/// The process at the other end of a Unix socket, as the kernel noted it when it connected (SO_PEERCRED, SO_PEERGROUPS,
/// unix(7)).
package struct PeerCredentials: Sendable, Equatable {
    package var uid: UInt32
    package var gid: UInt32
    /// Supplementary groups.
    package var groups: [UInt32]
    /// To show and to audit. The process may be gone and its number reused: nothing may be decided by it.
    package var pid: Int32

    package init(uid: UInt32, gid: UInt32, groups: [UInt32], pid: Int32) {
        self.uid = uid
        self.gid = gid
        self.groups = groups
        self.pid = pid
    }

    /// Reads them from a connected socket; whoever cannot be identified must not be served.
    package init(ofSocket descriptor: CInt) throws(SocketError) {
        var peer = clinux_peer()
        guard unsafe clinux_peer_credentials(descriptor, &peer) == 0 else {
            throw SocketError("the peer cannot be identified", errno: errno)
        }
        self.init(uid: peer.uid, gid: peer.gid, groups: try Self.groups(of: descriptor), pid: peer.pid)
    }

    private static func groups(of descriptor: CInt) throws(SocketError) -> [UInt32] {
        var capacity = 32
        while true {
            var groups = [gid_t](repeating: 0, count: capacity)
            var count = 0
            let result = unsafe groups.withUnsafeMutableBufferPointer { buffer -> CInt in
                guard let start = buffer.baseAddress else { return -1 }
                return unsafe clinux_peer_groups(descriptor, start, buffer.count, &count)
            }
            if result == 0 { return Array(groups.prefix(count)) }
            guard errno == ERANGE, count > capacity, count <= 65_536 else {
                throw SocketError("the peer's groups cannot be read", errno: errno)
            }
            capacity = count
        }
    }
}

/// A socket that cannot be used, and what to do about it.
package struct SocketError: Error, Equatable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }

    package init(_ problem: String, errno code: CInt) {
        self.init("\(problem): \(unsafe String(cString: strerror(code)))")
    }
}
