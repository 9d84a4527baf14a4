internal import Glibc

/// Opens the connection (unix(7)).
enum UnixSocket {
    /// A connected, non-blocking socket that is closed on exec. Connecting does not wait.
    static func connect(to path: String) throws(PurserError) -> CInt {
        let address = try address(of: path)
        let type = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let descriptor = socket(AF_UNIX, CInt(type), 0)
        guard descriptor >= 0 else { throw .systemCallFailed("socket", errno: errno) }
        let result = unsafe withUnsafePointer(to: address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe Glibc.connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else {
            let code = errno
            close(descriptor)
            throw failure(path, code)
        }
        return descriptor
    }

    private static func address(of path: String) throws(PurserError) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        // The last byte stays 0.
        guard !path.isEmpty, path.utf8.count < room, !path.utf8.contains(0) else {
            throw .invalidRequest(
                "'\(path)' is no socket's path: it must have 1 to \(room - 1) bytes, none of them zero")
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        return address
    }

    static func failure(_ path: String, _ code: CInt) -> PurserError {
        switch code {
        case ENOENT, ECONNREFUSED, ENOTDIR: .daemonNotRunning(path: path)
        case EACCES, EPERM: .permissionDenied(path: path, group: groupThatMayConnect(to: path))
        default: .systemCallFailed("connect to \(path)", errno: code)
        }
    }

    /// The socket's group, if its members may write to it and so connect.
    private static func groupThatMayConnect(to path: String) -> String? {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IWGRP != 0 else { return nil }
        return groupName(status.st_gid)
    }

    /// A group's name, or its number where it has none (getgrgid_r(3)).
    private static func groupName(_ id: gid_t) -> String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 16 << 10) { buffer in
            var entry = unsafe group()
            var found: UnsafeMutablePointer<group>?
            let result = unsafe getgrgid_r(id, &entry, buffer.baseAddress, buffer.count, &found)
            guard result == 0, let name = unsafe found?.pointee.gr_name else { return "\(id)" }
            return unsafe String(cString: name)
        }
    }
}

/// The system's words for an errno (strerror_r(3)).
func systemMessage(_ code: CInt) -> String {
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
        guard let text = buffer.baseAddress, unsafe strerror_r(code, text, buffer.count) == 0 else {
            return "error \(code)"
        }
        return unsafe String(cString: text)
    }
}
