internal import NIOCore

/// What the registry needs of a connection.
protocol RegisteredConnection: AnyObject {
    /// Memory that holds answers which the peer has not read.
    var unreadBytes: Int { get }
    /// Takes in what the peer has sent so far and no more, and closes as soon as every answer is out.
    func finish()
    /// Closes now.
    func abort()
    /// Ends the connection if its unfinished line began before `limit`.
    func expireUnfinishedLine(begunBefore limit: NIODeadline)
}

/// The open connections of one event loop, counted per user, and what they make the server hold. Used on that loop
/// only.
final class ConnectionRegistry {
    let spares = SpareBuffers()
    private let limits: SocketLimits
    private var connections: [ObjectIdentifier: any RegisteredConnection] = [:]
    private var countByUser: [UInt32: Int] = [:]
    private var unfinishedBytes = 0
    private var unreadBytes = 0
    private var whenEmpty: EventLoopPromise<Void>?

    init(limits: SocketLimits) {
        self.limits = limits
    }

    /// Whether one more connection of this user may be served.
    func hasRoom(for uid: UInt32) -> Bool {
        connections.count < limits.connections && countByUser[uid, default: 0] < limits.connectionsPerUser
    }

    func add(_ connection: any RegisteredConnection, uid: UInt32) {
        connections[ObjectIdentifier(connection)] = connection
        countByUser[uid, default: 0] += 1
    }

    func remove(_ connection: any RegisteredConnection, uid: UInt32) {
        guard connections.removeValue(forKey: ObjectIdentifier(connection)) != nil else { return }
        countByUser[uid, default: 1] -= 1
        if countByUser[uid] == 0 { countByUser[uid] = nil }
        if connections.isEmpty { whenEmpty?.succeed() }
    }

    // MARK: Bounds

    /// Counts memory for unfinished lines, less if negative. False if that is more than all may hold together.
    func countUnfinished(_ growth: Int) -> Bool {
        unfinishedBytes += growth
        return growth <= 0 || unfinishedBytes <= limits.unfinishedBytes
    }

    /// Counts memory for unread answers, less if negative; cuts who holds the most while all hold too much.
    func countUnread(_ growth: Int) {
        unreadBytes += growth
        guard growth > 0 else { return }
        while unreadBytes > limits.unreadBytes,
            let largest = connections.values.max(by: { $0.unreadBytes < $1.unreadBytes })
        {
            let before = unreadBytes
            largest.abort()
            if unreadBytes >= before { return }
        }
    }

    func expireUnfinishedLines(now: NIODeadline) {
        let limit = now - TimeAmount(limits.lineTime)
        for connection in Array(connections.values) { connection.expireUnfinishedLine(begunBefore: limit) }
    }

    // MARK: The end

    /// Has every connection finish. The future succeeds when none is left.
    func finishAll(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let promise = whenEmpty ?? eventLoop.makePromise()
        whenEmpty = promise
        for connection in Array(connections.values) { connection.finish() }
        if connections.isEmpty { promise.succeed() }
        return promise.futureResult
    }

    func abortAll() {
        for connection in Array(connections.values) { connection.abort() }
    }
}
