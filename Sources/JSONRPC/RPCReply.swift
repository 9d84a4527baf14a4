package import JSON
internal import SecretBytes
internal import Synchronization

/// The right to answer one call, once, from any thread. Dropping it uncompleted answers INTERNAL_ERROR.
package final class RPCReply: Sendable {
    /// The id as it was written; empty for a notification.
    private let id: SecretBytes
    private let batch: RPCBatch?
    private let replies: RPCReplies
    private let state = Mutex(State())

    private struct State: ~Copyable {
        /// Somebody has completed it, or is about to.
        var isClaimed = false
        /// The service has returned `.later`. Until then nothing may go out, for it can still throw.
        var isReleased = false
        /// Completed before it was released; ``answer`` is nil if nobody wants one.
        var isReady = false
        var answer: SecretBuffer?
    }

    init(to id: JSONValue?, batch: RPCBatch?, _ replies: RPCReplies) {
        self.id = id?.withRawJSON { SecretBytes(copying: $0) } ?? SecretBytes(utf8: "")
        self.batch = batch
        self.replies = replies
    }

    deinit {
        guard claim() else { return }
        settle(isWanted ? encoded(Self.dropped) : nil)
    }

    /// Whether nobody waits for the answer: the peer is gone.
    package var isAbandoned: Bool { replies.isAbandoned }

    /// Answers with what `write` writes, one JSON value, or with the error it throws. The answer is on its way when this
    /// returns.
    ///
    /// False, and `write` is not called, if the reply was completed before, or if nobody wants the answer: the peer is gone,
    /// or it was a notification.
    @discardableResult
    package func complete(_ write: (inout JSONWriter) throws(RPCError) -> Void) -> Bool {
        guard claim() else { return false }
        guard isWanted else {
            settle(nil)
            return false
        }
        settle(encoded(write))
        return true
    }

    /// Answers with an error; otherwise as ``complete(_:)``.
    @discardableResult
    package func fail(_ error: RPCError) -> Bool {
        complete { _ throws(RPCError) in throw error }
    }

    private static func dropped(_ writer: inout JSONWriter) throws(RPCError) {
        throw .internalError("The daemon dropped this call without an answer. Try again.")
    }

    private var isNotification: Bool { id.isEmpty }

    private var isWanted: Bool { !isNotification && !isAbandoned }

    /// Whether the caller is the one to complete this reply.
    private func claim() -> Bool {
        state.withLock { state in
            defer { state.isClaimed = true }
            return !state.isClaimed
        }
    }

    private func encoded(_ write: (inout JSONWriter) throws(RPCError) -> Void) -> SecretBuffer {
        var writer = JSONWriter()
        id.withBytes { id in
            _ = writer.answer(id) { (result) throws(RPCError) in
                try write(&result)
                return .written
            }
        }
        return writer.finish()
    }
}

// MARK: - Between the reply and its connection

extension RPCReply {
    /// The service has returned `.later`: answers go out from now on. Gives the answer if it is there already.
    ///
    /// This one and ``withdraw()`` are for the connection, on its thread; one of them is called, once.
    func release() -> SecretBuffer? {
        var answer: SecretBuffer?
        let isReady = state.withLock { state in
            answer = state.answer.take()
            if state.isReady { return true }
            state.isReleased = true
            if !isNotification { batch?.expectPart() }
            return false
        }
        if isReady { replies.end(isAwaited: !isNotification) }
        return answer
    }

    /// The service has answered in another way: this reply is void.
    func withdraw() {
        state.withLock { state in
            state.isClaimed = true
            state.answer = nil
        }
        replies.end(isAwaited: !isNotification)
    }

    /// Sends the answer, nil if none is wanted; before the release it is kept, and dies with a reply that was withdrawn.
    private func settle(_ answer: consuming SecretBuffer?) {
        var answer = answer
        let isReleased = state.withLock { state in
            if !state.isReleased {
                state.isReady = true
                state.answer = answer.take()
            }
            return state.isReleased
        }
        guard isReleased else { return }
        guard var answer else { return replies.end(isAwaited: !isNotification) }
        if let batch {
            deliver(answer, asPartOf: batch)
        } else {
            answer.append(UInt8(ascii: "\n"))
            replies.deliver(answer)
        }
    }

    private func deliver(_ answer: consuming SecretBuffer, asPartOf batch: RPCBatch) {
        if !batch.admits(answer.count + 1) {
            answer = encoded { _ throws(RPCError) in throw batch.tooLarge(isExecuted: true) }
        }
        let line = batch.add(answer) { replies.end(isAwaited: true) }
        if let line { replies.deliver(line) }
    }
}
