/// Why a call has no result. Its text says what to do next, and never holds a secret.
///
/// Later versions may add cases.
public enum PurserError: Error, Sendable, Hashable {
    /// Nobody answers at this path.
    case daemonNotRunning(path: String)

    /// This process may not connect. `group` is the group whose members may, where the socket has one.
    case permissionDenied(path: String, group: String?)

    /// The daemon answered with an error.
    case rpc(RPCError)

    /// The connection ended before the answer came, or the client was closed. Whether the daemon carried out the call
    /// is not known. Unless the client was closed, the next call connects again.
    case connectionClosed

    /// No answer came in time.
    case timedOut(method: String, after: Duration)

    /// As many calls as ``PurserClient/Limits`` allows are waiting already.
    case tooManyCalls

    /// The call was not sent, because the daemon could not read it.
    case invalidRequest(String)

    /// What came is not what the daemon's contract says. The connection is closed.
    case protocolViolation(String)

    /// A system call failed in a way that has no case of its own.
    case systemCallFailed(String, errno: Int32)
}

extension PurserError: CustomStringConvertible {
    /// One sentence for people, on one line.
    public var description: String {
        switch self {
        case .daemonNotRunning(let path):
            "no daemon at \(path); start it: \(Self.startCommand(for: path))"
        case .permissionDenied(let path, let group?):
            "\(path) is for members of the group '\(group)'; join it and log in again: "
                + "usermod --append --groups \(group) USER"
        case .permissionDenied(let path, nil):
            "no permission to connect to \(path); ask for another socketMode in the daemon's configuration"
        case .rpc(let error):
            error.description
        case .connectionClosed:
            "the connection to the daemon ended before the answer came; call again"
        case .timedOut(let method, let duration):
            "no answer to \(method) within \(duration); see whether the daemon is healthy: purser status"
        case .tooManyCalls:
            "too many calls are waiting for the daemon already; wait for some of them first"
        case .invalidRequest(let reason):
            reason
        case .protocolViolation(let reason):
            "what answered is not purserd, or of another version: \(reason)"
        case .systemCallFailed(let call, let code):
            "\(call) failed: \(systemMessage(code))"
        }
    }

    private static func startCommand(for path: String) -> String {
        if path == SocketPath.system.path { return "systemctl start purserd.socket, or try purserd --demo" }
        if path.hasPrefix("/run/user/") { return "systemctl --user start purserd.socket, or try purserd --demo" }
        return "purserd --config FILE with that path as its socket, or purserd --demo"
    }
}
