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

    /// Descriptors that are left for everything else: requests to providers, the vault, files, the journal.
    package static let reservedDescriptors = 128

    /// The defaults.
    package init() {}

    /// The defaults, with no more connections than a process has descriptors for that may have so many open, the
    /// reserve left out (half of them, where there are so few). One user's share of them stays the same.
    package init(descriptors: Int) {
        let share = Double(connectionsPerUser) / Double(connections)
        let room = max(descriptors - Self.reservedDescriptors, descriptors / 2, 1)
        connections = min(connections, room)
        connectionsPerUser = max(Int(Double(connections) * share), 1)
    }
}
