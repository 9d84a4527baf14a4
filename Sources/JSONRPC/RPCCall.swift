package import JSON

/// One call of a method, lent to the service for the length of ``RPCService/answer(_:from:into:)``.
package struct RPCCall: ~Copyable {
    private let request: RPCEnvelope
    private let turn: RPCTurn

    /// A call as `request`, which has no problem, asks for it.
    init(_ request: consuming RPCEnvelope, _ turn: RPCTurn) {
        self.request = request
        self.turn = turn
    }

    /// The method's name, a value of kind string: compare with `equals`, or lend its bytes with `withString`.
    package var method: JSONValue { request.method }

    /// The parameters: an object, an array, or nil if there are none.
    package var params: JSONValue? { request.params }

    /// The id; nil in a notification.
    var id: JSONValue? { request.id }

    /// The method's name as a `String`, made anew each time.
    package var methodName: String { method.string ?? "" }

    /// Whether nobody wants an answer. The service acts all the same; what it writes or throws is dropped.
    package var isNotification: Bool { id == nil }

    /// The parameters, checked against the names that the method knows, in their order by position.
    package func parameters(_ names: [StaticString]) throws(RPCError) -> RPCParameters {
        try RPCParameters(params, names: names)
    }

    /// Takes the right to answer later, from any thread; `answer` must then return `.later`. The same each time it is called.
    ///
    /// Throws RATE_LIMITED if too many calls of this connection wait already.
    package func later() throws(RPCError) -> RPCReply {
        try turn.takeReply(id)
    }

    /// The right to send notifications on this connection, a new one each time. They arrive after the answer to this call,
    /// unless that one comes later or in a batch.
    package func notifier() -> RPCNotifier { turn.notifier() }
}

/// The call that a connection is busy with. Belongs to the connection's thread.
final class RPCTurn {
    let replies: RPCReplies
    let notices: RPCNotices

    /// The batch to which the call belongs.
    var batch: RPCBatch?

    private var reply: RPCReply?

    init(_ replies: RPCReplies, _ notices: RPCNotices) {
        self.replies = replies
        self.notices = notices
    }

    func notifier() -> RPCNotifier { RPCNotifier(replies, notices) }

    func takeReply(_ id: JSONValue?) throws(RPCError) -> RPCReply {
        if let reply { return reply }
        guard replies.reserve(isAwaited: id != nil) else { throw replies.tooManyWaiting }
        let taken = RPCReply(to: id, batch: batch, replies)
        reply = taken
        return taken
    }

    /// The reply that the call took, if any; none after that.
    func endCall() -> RPCReply? {
        guard let taken = reply else { return nil }
        reply = nil
        return taken
    }
}
