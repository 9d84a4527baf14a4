/// Bounds on what peers can make the server hold.
package struct SocketLimits: Sendable {
    /// Bytes of one line, without its end.
    package var lineLength = 1 << 20
    /// Open connections.
    package var connections = 16_384
    /// … of one uid, so that no user can take them all.
    package var connectionsPerUser = 12_288
    /// Bytes held for lines that are not answered yet, all connections together; beyond it the connection that grows is
    /// refused.
    package var unfinishedBytes = 64 << 20
    /// How long a line may take from its first byte to its end.
    package var lineTime: Duration = .seconds(60)
    /// Bytes of answers a peer may leave unread before its requests are left unread too.
    package var unreadAnswers = 256 << 10
    /// Bytes held for answers that peers leave unread, all connections together; beyond it the one that holds the most
    /// is cut.
    package var unreadBytes = 128 << 20
    /// How long bytes are read and thrown away after a fatal error, so that the peer gets to read it.
    package var lingering: Duration = .seconds(5)

    /// The defaults.
    package init() {}
}
