internal import JSON
package import SecretBytes

/// The JSON-RPC 2.0 side of one peer connection: lines in, lines out. It knows no sockets and no methods.
///
/// Belongs to the connection's thread, and is not entered again while it calls the service. Only answers that come later are
/// made elsewhere; they reach the connection's thread through `deliver`.
package final class RPCConnection<Service: RPCService> {
    private let limits: RPCLimits
    private let replies: RPCReplies
    private let turn: RPCTurn
    private let document = JSONDocument()
    private let service: Service
    private let caller: Service.Caller

    /// `deliver` is called with each line that is ready after its request's ``receive(line:into:)`` has returned, on the
    /// thread that completed it, which can be the connection's own. It must pass the line on to the connection's thread and
    /// not wait.
    package init(
        service: Service, caller: Service.Caller, limits: RPCLimits = RPCLimits(),
        deliver: @escaping @Sendable (RPCOutgoing) -> Void
    ) {
        self.limits = limits
        self.replies = RPCReplies(maxWaiting: limits.maxWaitingReplies, deliver: deliver)
        self.turn = RPCTurn(replies, RPCNotices(limits))
        self.service = service
        self.caller = caller
    }

    /// Number of answers that are still to come. Zero after the last line was received, and after
    /// ``RPCOutgoing/take()`` of the last answer, means that the connection may close, unless it ``isSubscribed``.
    package var waitingReplies: Int { replies.awaitedCount }

    /// Whether a notifier lives, or its last word is on the way: the connection must stay open even if the peer sends
    /// nothing more.
    package var isSubscribed: Bool { turn.notices.isOpen }

    /// Tells the calls that wait, and the notifiers, that the peer is gone. Lines that are on their way already may still be delivered.
    package func abandon() { replies.abandon() }

    /// Answers one line, with or without its `\n`: appends to `output` the lines that are ready at once. A line of nothing
    /// but white space gets no answer. The text is wiped before this returns, but for what the service has kept of it.
    package func receive(line: Span<UInt8>, into output: inout SecretBuffer) {
        if isBlank(line) { return }
        var writer = JSONWriter(appendingTo: output)
        answer(line, &writer)
        document.clear()
        output = writer.finish()
    }

    /// Appends an error that answers no request: the peer broke a rule of the line itself.
    package func refuse(_ error: RPCError, into output: inout SecretBuffer) {
        var writer = JSONWriter(appendingTo: output)
        fail(error, &writer)
        output = writer.finish()
    }

    private func answer(_ line: Span<UInt8>, _ writer: inout JSONWriter) {
        do {
            try document.parse(line, limits: limits.line)
        } catch {
            return fail(.unreadable(error), &writer)
        }
        let message = document.root
        if message.kind == .array { return answerBatch(message, &writer) }
        let start = writer.mark
        answer(envelope(message), &writer)
        if writer.length > start.length { writer.endLine() }
    }

    private func fail(_ error: RPCError, _ writer: inout JSONWriter) {
        writer.answer(nil, with: error)
        writer.endLine()
    }

    // MARK: One request

    /// Answers one request; writes nothing if there is nothing to answer, or not yet.
    private func answer(_ request: consuming RPCEnvelope, _ writer: inout JSONWriter) {
        if let problem = request.problem { return writer.answer(request.id, with: problem.error) }
        let call = RPCCall(request, turn)
        guard let id = call.id else { return notify(call, &writer) }
        let answered = id.withRawJSON { id in
            writer.answer(id) { (result) throws(RPCError) in
                try service.answer(call, from: caller, into: &result)
            }
        }
        let reply = turn.endCall()
        if answered == .written {
            reply?.withdraw()
        } else if let reply {
            if let early = reply.release() { early.withBytes { writer.raw($0) } }
        } else {
            writer.answer(
                id, with: .internalError("The daemon forgot this call. Report this as a fault of the daemon."))
        }
    }

    private func envelope(_ message: JSONValue) -> RPCEnvelope { RPCEnvelope(message, maxIDBytes: limits.maxIDBytes) }

    /// Passes on a call that gets no answer.
    private func notify(_ call: borrowing RPCCall, _ writer: inout JSONWriter) {
        let start = writer.mark
        // An error is dropped like a result: nobody is there to be told.
        let answered = try? service.answer(call, from: caller, into: &writer)
        writer.rewind(to: start)
        guard let reply = turn.endCall() else { return }
        if answered == .later { _ = reply.release() } else { reply.withdraw() }
    }

    // MARK: Batches

    private func answerBatch(_ entries: JSONValue, _ writer: inout JSONWriter) {
        if let refusal = refusal(of: entries.count) { return fail(refusal, &writer) }
        let batch = RPCBatch(maxBytes: limits.maxBatchAnswerBytes)
        let start = writer.mark
        writer.beginArray()
        let first = writer.mark
        turn.batch = batch
        var isFull = false
        for entry in entries.elements { answer(entry, of: batch, &isFull, &writer) }
        turn.batch = nil
        guard let parts = writer.withBytes(since: first, { batch.close(having: $0) }) else {
            return writer.rewind(to: start)
        }
        if parts.count > 1 { parts.withBytes { writer.raw($0.extracting(1...)) } }
        if writer.length == first.length { return writer.rewind(to: start) }
        writer.endArray()
        writer.endLine()
    }

    private func refusal(of entries: Int) -> RPCError? {
        if entries == 0 { return .invalidRequest("A batch must have at least one request.") }
        guard entries > limits.maxBatchEntries else { return nil }
        return .tooLarge(
            "A batch may have at most \(limits.maxBatchEntries) requests. None of these was executed; send smaller batches.",
            data: ["entries": .int(entries), "limit": .int(limits.maxBatchEntries)])
    }

    /// Answers one entry. Once an answer has not fitted, later calls that want one are refused rather than executed.
    private func answer(_ entry: JSONValue, of batch: RPCBatch, _ isFull: inout Bool, _ writer: inout JSONWriter) {
        let request = envelope(entry)
        let id = request.id
        let isCall = request.problem == nil && id != nil
        if isFull && isCall { return writer.answer(id, with: batch.tooLarge(isExecuted: false)) }
        let start = writer.mark
        answer(request, &writer)
        let bytes = writer.length - start.length
        if bytes == 0 || !isCall || batch.admits(bytes) { return }
        isFull = true
        writer.rewind(to: start)
        writer.answer(id, with: batch.tooLarge(isExecuted: true))
    }
}

private func isBlank(_ line: Span<UInt8>) -> Bool {
    for index in line.indices {
        switch line[index] {
        case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): continue
        default: return false
        }
    }
    return true
}
