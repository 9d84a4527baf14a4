/// The connections of one listener, bounded. On its event loop only.
final class ConnectionTable {
    private let limit: Int
    /// In the order in which they came.
    private var connections: [CallbackConnection] = []

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int { connections.count }

    /// Takes a connection in. In a full table it takes the place of the first that is merely waited for; false when all
    /// are being answered.
    ///
    /// A browser sends its request at once. So whoever opens connections and sends nothing cannot shut it out.
    func admit(_ connection: CallbackConnection) -> Bool {
        if connections.count >= limit {
            guard let victim = connections.first(where: \.isOver) ?? connections.first(where: \.isAwaited) else {
                return false
            }
            remove(victim)
            victim.abort()
        }
        connections.append(connection)
        return true
    }

    func remove(_ connection: CallbackConnection) {
        connections.removeAll { $0 === connection }
    }

    /// All of them; the table is empty then.
    func removeAll() -> [CallbackConnection] {
        defer { connections = [] }
        return connections
    }
}
