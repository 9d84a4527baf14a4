import Glibc

/// Looks up the numbers of users and groups.
package protocol NameResolver: Sendable {
    /// Nil if there is no such user; throws if that could not be found out.
    func uid(ofUser name: String) throws(NameLookupFailure) -> UInt32?
    /// Nil if there is no such group; throws if that could not be found out.
    func gid(ofGroup name: String) throws(NameLookupFailure) -> UInt32?
}

/// The name service did not answer.
package struct NameLookupFailure: Error, Sendable, Equatable {
    /// errno(3)
    package var code: Int32

    package init(code: Int32) {
        self.code = code
    }
}

/// The machine's name service (getpwnam_r(3), getgrnam_r(3)). It may ask the network, so a look-up can take its time.
package struct SystemNameResolver: NameResolver {
    package init() {}

    package func uid(ofUser name: String) throws(NameLookupFailure) -> UInt32? {
        try unsafe lookUp { buffer, count in
            var entry = unsafe passwd()
            var found: UnsafeMutablePointer<passwd>?
            let code = unsafe getpwnam_r(name, &entry, buffer, count, &found)
            return (code, unsafe found?.pointee.pw_uid)
        }
    }

    package func gid(ofGroup name: String) throws(NameLookupFailure) -> UInt32? {
        try unsafe lookUp { buffer, count in
            var entry = unsafe group()
            var found: UnsafeMutablePointer<group>?
            let code = unsafe getgrnam_r(name, &entry, buffer, count, &found)
            return (code, unsafe found?.pointee.gr_gid)
        }
    }

    /// Calls `body` with larger and larger buffers, as ERANGE asks for.
    private func lookUp(
        _ body: (UnsafeMutablePointer<CChar>, Int) -> (code: Int32, id: UInt32?)
    ) throws(NameLookupFailure) -> UInt32? {
        var capacity = 1024
        while true {
            let result: (code: Int32, id: UInt32?) = unsafe withUnsafeTemporaryAllocation(
                of: CChar.self, capacity: capacity
            ) { buffer in
                guard let start = buffer.baseAddress else { return (code: ENOMEM, id: nil) }
                return unsafe body(start, buffer.count)
            }
            switch result.code {
            case 0: return result.id
            // What getpwnam_r(3) lists for "not found" besides 0.
            case ENOENT, ESRCH, EBADF, EPERM: return nil
            case EINTR: continue
            case ERANGE where capacity < 1 << 20: capacity *= 4
            default: throw NameLookupFailure(code: result.code)
            }
        }
    }
}
