internal import SecretBytes
internal import Synchronization

/// What the waiting calls of one connection share.
final class RPCReplies: Sendable {
    private let deliverLine: @Sendable (RPCOutgoing) -> Void
    private let maxWaiting: Int

    /// Calls that are not completed, notifications included: what is bounded.
    private let pending = Atomic(0)

    private let awaited = RPCAwaited()

    private let abandoned = Atomic(false)

    init(maxWaiting: Int, deliver: @escaping @Sendable (RPCOutgoing) -> Void) {
        self.maxWaiting = maxWaiting
        self.deliverLine = deliver
    }

    var isAbandoned: Bool { abandoned.load(ordering: .relaxed) }

    var awaitedCount: Int { awaited.count }

    var tooManyWaiting: RPCError {
        .rateLimited(
            "\(maxWaiting) calls of this connection are waiting already. Wait for an answer before the next call.",
            retryAfterSeconds: 1)
    }

    func abandon() { abandoned.store(true, ordering: .relaxed) }

    /// Counts one more waiting call, unless there are too many.
    func reserve(isAwaited: Bool) -> Bool {
        guard pending.add(1, ordering: .relaxed).newValue <= maxWaiting else {
            pending.subtract(1, ordering: .relaxed)
            return false
        }
        if isAwaited { awaited.begin() }
        return true
    }

    /// Counts one waiting call less, of which the connection gets no line.
    func end(isAwaited: Bool) {
        pending.subtract(1, ordering: .relaxed)
        if isAwaited { awaited.end() }
    }

    /// Counts one waiting call less and sends its line; the connection knows of the answer until it has taken it.
    func deliver(_ line: consuming SecretBuffer) {
        pending.subtract(1, ordering: .relaxed)
        send(RPCOutgoing(line, awaited))
    }

    /// Passes a line on to the connection's thread.
    func send(_ outgoing: RPCOutgoing) { deliverLine(outgoing) }
}

/// How many answers the connection has not taken yet. Apart from ``RPCReplies``, lest a line that nobody takes keep alive
/// what would deliver it.
final class RPCAwaited: Sendable {
    private let answers = Atomic(0)

    var count: Int { answers.load(ordering: .relaxed) }

    func begin() { answers.add(1, ordering: .relaxed) }

    func end() { answers.subtract(1, ordering: .relaxed) }
}
