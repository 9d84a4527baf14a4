/// What a connection's state is. Statuses beyond these may come from later daemons.
public struct ConnectionStatus: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// The status as it is on the wire, such as `ACTIVE`.
    public let rawValue: String

    /// Any status.
    public init(rawValue: String) { self.rawValue = rawValue }

    private init(_ status: String) { rawValue = status }

    /// The status as it is on the wire.
    public var description: String { rawValue }

    /// Started, and not connected yet.
    public static let initiated = ConnectionStatus("INITIATED")
    /// The token lives, or never ends.
    public static let active = ConnectionStatus("ACTIVE")
    /// Disabled by a caller.
    public static let inactive = ConnectionStatus("INACTIVE")
    /// The token has run out, and no refresh has succeeded yet, or none can.
    public static let expired = ConnectionStatus("EXPIRED")
    /// The provider rejected the grant; its user must connect again.
    public static let failed = ConnectionStatus("FAILED")
    /// The grant was withdrawn.
    public static let revoked = ConnectionStatus("REVOKED")
}
