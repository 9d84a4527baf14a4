internal import ConnectedAccounts
internal import CredentialBroker
package import JSON
internal import JSONRPC
internal import SecretBytes
internal import Synchronization

/// One peer's connection to the world's broker: lines in, lines out.
package final class Line {
    private let world: World
    private let connection: RPCConnection<Broker<ManualClock, ScriptedTransport>>
    private let outbox = Outbox()
    private var lastID = 0
    /// Every answer that came, in order of arrival.
    package private(set) var received: [JSONTree] = []
    private var byID: [Int: [JSONTree]] = [:]
    /// False: the peer takes no notifications, as one that does not read.
    package var isReading = true

    init(_ world: World, peer: Peer) {
        self.world = world
        let outbox = outbox
        connection = RPCConnection(
            service: world.broker, caller: world.broker.caller(for: peer), deliver: { outbox.put($0) })
    }

    /// Sends one line, and takes in what is ready.
    package func send(_ line: String) {
        var output = SecretBuffer()
        connection.receive(line: line.utf8.span, into: &output)
        take(output)
        collect()
    }

    /// Takes in what became ready since.
    package func collect() {
        var outgoing = outbox.takeAll(withNotifications: isReading)
        while !outgoing.isEmpty {
            for outgoing in outgoing {
                guard let line = outgoing.take() else { continue }
                take(line)
            }
            // Taking a line can make room for another.
            outgoing = outbox.takeAll(withNotifications: isReading)
        }
    }

    private func take(_ output: borrowing SecretBuffer) {
        let text = output.withBytes { String(secret: $0) }
        for line in text.split(separator: "\n") {
            world.inspect(String(line))
            let answer = (try? JSONTree(parsing: String(line))) ?? .string("not JSON: \(line)")
            received.append(answer)
            if let id = answer["id"]?.int { byID[id, default: []].append(answer) }
        }
    }

    /// Sends a request; the answer comes through ``answer(to:)``.
    package func begin(_ method: String, _ params: JSONTree? = nil) -> Int {
        lastID += 1
        var request: [JSONTree.Member] = [
            .init("jsonrpc", "2.0"), .init("id", .int(lastID)), .init("method", .string(method)),
        ]
        if let params { request.append(.init("params", params)) }
        send(JSONTree.object(request).json)
        return lastID
    }

    /// The answer to the request of this id, when it has come; for worlds whose refresher really runs.
    package func arrivedAnswer(to id: Int) async -> Answer {
        await arrival { answer(to: id) != nil }
        return Answer(tree: answer(to: id) ?? .null)
    }

    /// Returns when what has come is enough.
    package func arrival(isEnough: () -> Bool) async {
        var arrivals = outbox.arrivals.makeAsyncIterator()
        collect()
        while !isEnough() {
            _ = await arrivals.next()
            collect()
        }
    }

    /// All answers to the request of this id: one, or none as long as it waits.
    package func answers(to id: Int) -> [JSONTree] {
        collect()
        return byID[id] ?? []
    }

    package func answer(to id: Int) -> JSONTree? { answers(to: id).first }

    /// Answers that are still to come.
    package var waiting: Int {
        collect()
        return connection.waitingReplies
    }

    /// The parameters of every notification that came, in order of arrival.
    package var notifications: [JSONTree] {
        collect()
        return received.filter { $0["id"] == nil }.compactMap { $0["params"] }
    }

    /// Whether the connection must stay open for a peer that sends nothing more.
    package var isSubscribed: Bool { connection.isSubscribed }

    /// The peer goes away.
    package func abandon() { connection.abandon() }
}

/// Lines on their way from whatever thread completed them.
private final class Outbox: Sendable {
    private let lines = Mutex<[RPCOutgoing]>([])
    private let signal = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// Whenever lines have come since the last time.
    var arrivals: AsyncStream<Void> { signal.stream }

    func put(_ line: RPCOutgoing) {
        lines.withLock { $0.append(line) }
        signal.continuation.yield()
    }

    func takeAll(withNotifications: Bool) -> [RPCOutgoing] {
        lines.withLock { lines in
            let taken = lines.filter { withNotifications || !$0.isNotification }
            lines.removeAll { withNotifications || !$0.isNotification }
            return taken
        }
    }
}

extension World {
    package func connect(uid: UInt32, gid: UInt32? = nil, pid: Int32 = 100) -> Line {
        Line(self, peer: Peer(uid: uid, gid: gid ?? uid, pid: pid))
    }

    /// Calls a method and lets time pass until it is answered; the answer without `jsonrpc` and `id`.
    package func ask(_ method: String, _ params: JSONTree? = nil, uid: UInt32) throws -> Answer {
        try ask(method, params, on: connect(uid: uid))
    }

    package func ask(_ method: String, _ params: JSONTree? = nil, on line: Line) throws -> Answer {
        let id = line.begin(method, params)
        settle()
        var steps = 0
        while line.answer(to: id) == nil, let next = nextEvent, steps < 10_000 {
            advance(by: max(.zero, now.duration(to: next)))
            steps += 1
        }
        try check()
        guard let answer = line.answer(to: id) else { throw WorldFault(faults: ["\(method) is never answered"]) }
        return Answer(tree: answer)
    }
}

/// An answer to one call.
package struct Answer: Sendable, Equatable {
    package let tree: JSONTree

    package init(tree: JSONTree) { self.tree = tree }

    package var result: JSONTree? { tree["result"] }
    package var error: JSONTree? { tree["error"] }
    /// The error's stable name; nil for a result.
    package var errorName: String? { error?["data"]?["code"]?.string }
    package var errorData: JSONTree? { error?["data"] }

    package subscript(_ key: String) -> JSONTree? { result?[key] }
}
