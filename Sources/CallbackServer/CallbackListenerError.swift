internal import Glibc

/// Why browsers cannot come back. The description says what to do.
package enum CallbackListenerError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Other machines could reach this address.
    case notLoopback(host: String)
    /// No number from 0 to 65 535.
    case invalidPort(Int)
    /// Something else has it.
    case portInUse(CallbackAddress)
    /// The port is reserved for root (below `net.ipv4.ip_unprivileged_port_start`), or a sandbox forbids it.
    case notPermitted(CallbackAddress)
    /// Another failure of the system, with its errno.
    case cannotListen(CallbackAddress, errno: CInt)

    /// One sentence for whoever runs the daemon.
    package var description: String {
        switch self {
        case .notLoopback(let host):
            "\(host) is no loopback address: browsers may come back to 127.0.0.1, [::1] or localhost only"
        case .invalidPort(let port):
            "\(port) is no port: give a number from 1 to 65535, or 0 for any that is free"
        case .portInUse(let address):
            "another program has \(address): stop it, or set callback.listen to a free port, register that redirect "
                + "address with the providers, and restart"
        case .notPermitted(let address):
            "listening on \(address) is not permitted: set callback.listen to a port above 1023"
        case .cannotListen(let address, let errno):
            "cannot listen on \(address) (errno \(errno)): check that the loopback interface is up"
        }
    }

    init(errno code: CInt, at address: CallbackAddress) {
        self =
            switch code {
            case EADDRINUSE: .portInUse(address)
            case EACCES, EPERM: .notPermitted(address)
            default: .cannotListen(address, errno: code)
            }
    }
}
