internal import CLinux
internal import Glibc

/// A Unix socket that listens: handed over by systemd, or bound here.
package struct ListeningSocket: Sendable {
    package let descriptor: CInt
    /// The file that was bound here and is removed at the end; nil for a socket that belongs to systemd.
    private let file: BoundFile?

    /// Whether it was handed over, and is not bound here.
    package var isAdopted: Bool { file == nil }

    /// Connections that wait to be accepted; also what queues while the daemon restarts under socket activation.
    package static let backlog: CInt = 4096

    private struct BoundFile: Sendable {
        var path: String
        var device: dev_t
        var inode: ino_t
    }

    /// A descriptor that already listens (sd_listen_fds(3)).
    package init(adopting descriptor: CInt) {
        self.descriptor = descriptor
        self.file = nil
    }

    /// Binds `path`, with exactly this mode and group. A socket left by a daemon that is gone is replaced; one that
    /// still answers, or anything that is not a socket, is refused. The directory must not be writable for others.
    package init(path: String, mode: UInt32, groupID: UInt32?) throws(SocketError) {
        try Self.checkDirectory(of: path)
        try Self.removeStaleSocket(at: path)
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw SocketError("no socket can be made", errno: errno) }
        do throws(SocketError) {
            // Nobody may connect before mode and group are right.
            let mask = umask(0o177)
            let descriptor = descriptor
            let bound = unsafe try Self.withAddress(path) { unsafe bind(descriptor, $0, $1) }
            let code = errno
            umask(mask)
            guard bound == 0 else { throw SocketError("\(path) cannot be bound", errno: code) }
            do throws(SocketError) {
                file = try Self.setOwnership(path: path, mode: mode, groupID: groupID)
                guard listen(descriptor, Self.backlog) == 0 else {
                    throw SocketError("\(path) cannot listen", errno: errno)
                }
            } catch {
                unsafe unlink(path)
                throw error
            }
        } catch {
            close(descriptor)
            throw error
        }
    }

    /// Removes the file that was bound here, unless something else stands there by now.
    package func removeFile() {
        guard let file else { return }
        var status = stat()
        guard unsafe lstat(file.path, &status) == 0, status.st_dev == file.device, status.st_ino == file.inode else {
            return
        }
        unsafe unlink(file.path)
    }

    /// Nobody else may be able to replace the socket, its directory, or any directory above that.
    private static func checkDirectory(of path: String) throws(SocketError) {
        guard path.hasPrefix("/"), let slash = path.lastIndex(of: "/"), !path.utf8.contains(0) else {
            throw SocketError("\(path): the socket's path must be absolute")
        }
        var directory = try resolved(slash == path.startIndex ? "/" : String(path[..<slash]))
        while true {
            try checkOneDirectory(directory)
            guard directory != "/", let slash = directory.lastIndex(of: "/") else { return }
            directory = slash == directory.startIndex ? "/" : String(directory[..<slash])
        }
    }

    /// The path without symbolic links (realpath(3)).
    private static func resolved(_ directory: String) throws(SocketError) -> String {
        guard let path = unsafe realpath(directory, nil) else {
            throw SocketError("\(directory) cannot be used for the socket", errno: errno)
        }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }

    private static func checkOneDirectory(_ directory: String) throws(SocketError) {
        var status = stat()
        guard unsafe lstat(directory, &status) == 0 else {
            throw SocketError("\(directory) cannot be used for the socket", errno: errno)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw SocketError("\(directory) is no directory: choose another path for the socket")
        }
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            throw SocketError(
                "\(directory) belongs to another user, who could replace the socket: choose another directory")
        }
        let writableForOthers = status.st_mode & 0o022 != 0
        guard !writableForOthers || status.st_mode & S_ISVTX != 0 else {
            throw SocketError(
                "\(directory) can be changed by others, who could replace the socket: chmod go-w \(directory)")
        }
    }

    private static func removeStaleSocket(at path: String) throws(SocketError) {
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else {
            guard errno == ENOENT else { throw SocketError("\(path) cannot be looked at", errno: errno) }
            return
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw SocketError("\(path) exists and is no socket: remove it, or configure another path")
        }
        let probe = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard probe >= 0 else { throw SocketError("no socket can be made", errno: errno) }
        defer { close(probe) }
        let connected = unsafe try withAddress(path) { unsafe connect(probe, $0, $1) }
        guard connected != 0, errno == ECONNREFUSED else {
            throw SocketError("\(path) is served by another daemon: stop it first, or configure another path")
        }
        guard unsafe unlink(path) == 0 else {
            throw SocketError("\(path) is left over and cannot be removed", errno: errno)
        }
    }

    private static func setOwnership(path: String, mode: UInt32, groupID: UInt32?) throws(SocketError) -> BoundFile {
        if let groupID, unsafe lchown(path, uid_t.max, groupID) != 0 {
            throw SocketError("\(path) cannot be given to group \(groupID)", errno: errno)
        }
        guard unsafe chmod(path, mode) == 0 else { throw SocketError("\(path) cannot be given its mode", errno: errno) }
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { throw SocketError("\(path) is gone", errno: errno) }
        return BoundFile(path: path, device: status.st_dev, inode: status.st_ino)
    }

    private static func withAddress<Result>(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) throws(SocketError) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path) - 1
        guard path.utf8.count <= capacity else {
            throw SocketError("\(path) is longer than the \(capacity) bytes that a socket's path may have")
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe body(address, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
