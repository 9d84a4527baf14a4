internal import Glibc

/// Where the daemon's socket is.
public struct SocketPath: Sendable, Hashable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The path of the socket's file.
    public let path: String

    /// The socket at `path`.
    public init(_ path: String) { self.path = path }

    /// The socket at `path`.
    public init(stringLiteral path: String) { self.path = path }

    /// The path.
    public var description: String { path }

    /// The system service's socket.
    public static let system: SocketPath = "/run/purser/purser.sock"

    /// `$PURSER_SOCKET` if it is set; else the user service's socket, `$XDG_RUNTIME_DIR/purser/purser.sock`, if it
    /// exists; else ``system``. Looked up each time.
    public static var `default`: SocketPath {
        resolved(
            variable: { name in unsafe getenv(name).map { unsafe String(cString: $0) } },
            exists: { path in unsafe access(path, F_OK) == 0 })
    }

    /// The rule of ``default``, for any environment. Variables that are empty, and a relative `$XDG_RUNTIME_DIR`, count
    /// as not set (XDG Base Directory Specification).
    static func resolved(variable: (String) -> String?, exists: (String) -> Bool) -> SocketPath {
        if let path = variable("PURSER_SOCKET"), !path.isEmpty { return SocketPath(path) }
        if let directory = variable("XDG_RUNTIME_DIR"), directory.hasPrefix("/") {
            let path = "\(directory)/purser/purser.sock"
            if exists(path) { return SocketPath(path) }
        }
        return .system
    }
}
