import Glibc

/// The manager's end of NOTIFY_SOCKET: an abstract datagram socket that takes descriptors too.
final class NotifySocket: Sendable {
    /// One message.
    struct Datagram: Equatable {
        var text: String
        var descriptors: [CInt] = []
    }

    /// What NOTIFY_SOCKET is set to.
    let name: String
    private let descriptor: CInt

    init() throws {
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SetupError(what: "socket", errno: errno) }
        self.descriptor = descriptor
        name = "@" + (try bindToFreeName(descriptor))
    }

    deinit { close(descriptor) }

    /// The next message, which must be there already.
    func receive() throws -> Datagram {
        var text = [UInt8](repeating: 0, count: 4096)
        // One word more than a header takes, so that the array is aligned as the header must be.
        var control = [UInt64](repeating: 0, count: 16)
        let (count, controlLength) = unsafe text.withUnsafeMutableBytes { text in
            unsafe control.withUnsafeMutableBytes { control in
                var vector = unsafe iovec(iov_base: text.baseAddress, iov_len: text.count)
                return unsafe withUnsafeMutablePointer(to: &vector) { vector in
                    var message = unsafe msghdr()
                    unsafe message.msg_iov = vector
                    unsafe message.msg_iovlen = 1
                    unsafe message.msg_control = control.baseAddress
                    unsafe message.msg_controllen = control.count
                    let flags = CInt(MSG_DONTWAIT | MSG_CMSG_CLOEXEC)
                    return unsafe (recvmsg(descriptor, &message, flags), message.msg_controllen)
                }
            }
        }
        guard count >= 0 else { throw SetupError(what: "recvmsg", errno: errno) }
        return Datagram(
            text: String(decoding: text[..<count], as: UTF8.self),
            descriptors: descriptors(in: control, length: controlLength))
    }

    /// Reads the one control message there may be: its length, its level and type, then the descriptors (cmsg(3)).
    private func descriptors(in control: [UInt64], length: Int) -> [CInt] {
        let header = MemoryLayout<cmsghdr>.size
        guard length >= header else { return [] }
        return unsafe control.withUnsafeBytes { bytes in
            let message = unsafe bytes.load(as: cmsghdr.self)
            guard message.cmsg_level == SOL_SOCKET, message.cmsg_type == CInt(SCM_RIGHTS) else { return [] }
            return stride(from: header, to: Int(message.cmsg_len), by: MemoryLayout<CInt>.size).map {
                unsafe bytes.load(fromByteOffset: $0, as: CInt.self)
            }
        }
    }
}

/// Binds a Unix socket to an abstract name that the kernel chooses, and returns the name without its leading zero: with an
/// address of no length the kernel finds a free one (unix(7), autobind).
@discardableResult
func bindToFreeName(_ descriptor: CInt) throws -> String {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var length = socklen_t(MemoryLayout<sockaddr_un>.size)
    let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            unsafe bind(descriptor, address, socklen_t(MemoryLayout<sa_family_t>.size)) == 0
                && getsockname(descriptor, address, &length) == 0
        }
    }
    guard isBound else { throw SetupError(what: "bind", errno: errno) }
    let path = unsafe withUnsafeBytes(of: &address.sun_path) { unsafe Array($0) }
    return String(decoding: path[1..<Int(length) - MemoryLayout<sa_family_t>.size], as: UTF8.self)
}

/// A test's surroundings could not be made.
struct SetupError: Error {
    let what: String
    let errno: CInt
}
