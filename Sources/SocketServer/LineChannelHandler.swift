internal import Glibc
internal import JSONRPC
internal import NIOCore
internal import NIOPosix
internal import SecretBytes
internal import WipedByteBuffers

/// One connection: splits its bytes into lines, has each answered at once on the event loop, and writes the answers.
///
/// Bounded everywhere: a line's length and time, the bytes of unfinished lines, the answers a peer leaves unread (its
/// requests are then left unread too, and its notifications wait). The peer may shut down its writing side and still gets
/// every answer, and notifications as long as it is subscribed.
final class LineChannelHandler<Service: RPCService>: ChannelInboundHandler, RegisteredConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case serving
        /// A fatal error went out; what comes is thrown away until the peer has had time to read it.
        case refusing
        case closed
    }

    private let uid: UInt32
    private let limits: SocketLimits
    private let registry: ConnectionRegistry
    private var connection: RPCConnection<Service>?
    private var context: ChannelHandlerContext?
    /// The socket itself, as long as the channel is open; none in tests without one.
    private var socket: NIOBSDSocket.Handle?
    private var phase = Phase.serving
    private var isAdvancing = false
    private var isClosing = false

    private var input = LineBuffer()
    private var countedInput = 0
    private var lineBegan: NIODeadline?
    private var hasUnseenRead = false
    /// Nothing more will come.
    private var inputEnded = false
    /// The peer itself ended the input: what it sent last is a line even without an end.
    private var lastLineCounts = true
    /// The server ends: who waits only for notifications is not waited for.
    private var isFinishing = false

    private var notices = WaitingNotices()
    private var outgoing = OutgoingBytes()
    private var countedOutgoing = 0
    private var awaitsSent = false
    private var lingering: Scheduled<Void>?

    init(uid: UInt32, limits: SocketLimits, registry: ConnectionRegistry) {
        self.uid = uid
        self.limits = limits
        self.registry = registry
    }

    /// Must be called once, on the event loop, before the handler is added to its pipeline.
    func serve(_ service: Service, _ caller: Service.Caller, on eventLoop: any EventLoop) {
        let loopBound = NIOLoopBound(self, eventLoop: eventLoop)
        connection = RPCConnection(service: service, caller: caller) { outgoing in
            eventLoop.execute { loopBound.value.deliver(outgoing) }
        }
        registry.add(self, uid: uid)
    }

    // MARK: Channel events

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelActive(context: ChannelHandlerContext) {
        socket = try? context.channel.pipeline.syncOperations.withUnsafeTransportIfAvailable { $0 }
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        defer { bytes.wipeShared() }
        // NIO reads on without a pause only when a write has failed, to empty the socket: as long as the peer cares to
        // fill it.
        if hasUnseenRead { return abort() }
        hasUnseenRead = true
        guard phase == .serving else { return }
        unsafe bytes.withUnsafeReadableBytes { unsafe input.append($0.bindMemory(to: UInt8.self).span) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        hasUnseenRead = false
        advance()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .some(.inputClosed) = event as? ChannelEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        inputEnded = true
        advance()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        // Until now we did not read, so the time was ours.
        lineBegan = nil
        advance()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A peer that is gone; there is nobody to tell.
        context.close(promise: nil)
    }

    // MARK: From lines to answers

    /// Answers the lines there are, sends, and then reads on or closes.
    ///
    /// Writing can call back before it returns, when the channel becomes writable again; the loop in ``answerLines()``
    /// sees that by itself, so the inner call does nothing.
    private func advance() {
        guard !isAdvancing else { return }
        isAdvancing = true
        answerLines()
        sendNotices()
        flush()
        isAdvancing = false
        count()
        proceed()
    }

    private func answerLines() {
        while phase == .serving, let context, context.channel.isWritable {
            switch input.next(limit: limits.lineLength) {
            case .complete(let line): answer(line)
            case .unfinished: return answerRest()
            case .tooLong: return refuse(.lineTooLong(limits.lineLength))
            }
        }
        input.dropTaken()
    }

    private func answer(_ line: Range<Int>) {
        guard let connection else { return }
        lineBegan = nil
        input.withBytes(line) { connection.receive(line: $0, into: &registry.spares.answers) }
        if registry.spares.answers.count >= limits.unreadAnswers { flush() }
    }

    private func answerRest() {
        if inputEnded {
            let rest = input.rest()
            if lastLineCounts, !rest.isEmpty { answer(rest) }
        }
        input.dropTaken()
    }

    private func deliver(_ line: RPCOutgoing) {
        guard phase == .serving else { return }
        if line.isNotification { notices.append(line) } else { take(line) }
        advance()
    }

    private func take(_ line: RPCOutgoing) {
        guard let line = line.take() else { return }
        line.withBytes { registry.spares.answers.append($0) }
    }

    /// What the peer did not ask for goes out only while it reads; until then it counts against its bounds.
    private func sendNotices() {
        guard phase == .serving, !notices.isEmpty, context?.channel.isWritable == true else { return }
        for notice in notices.takeAll() { take(notice) }
    }

    /// Leaves the shared buffer empty, whatever becomes of its bytes.
    private func flush() {
        guard !registry.spares.answers.isEmpty else { return }
        guard let context, phase != .closed else { return registry.spares.answers.removeAll() }
        let sent = sendAtOnce()
        if sent == registry.spares.answers.count { return registry.spares.dropAnswers() }
        let buffer = registry.spares.takeAnswers(after: sent, context.channel.allocator)
        outgoing.willWrite(buffer)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        releaseSent()
    }

    /// Gives the socket what it takes now, without another copy of it; 0 if something is to go out before. NIO gets the
    /// rest, and meets the error if there was one.
    private func sendAtOnce() -> Int {
        guard let socket, outgoing.held == 0 else { return 0 }
        let flags = CInt(MSG_DONTWAIT | MSG_NOSIGNAL)
        return registry.spares.answers.withBytes { bytes in
            unsafe bytes.withUnsafeBytes { max(0, unsafe send(socket, $0.baseAddress, $0.count, flags)) }
        }
    }

    /// Overwrites what the kernel has; if that is not all, asks to be called again.
    private func releaseSent() {
        guard phase != .closed, let context,
            let buffered = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
        else { return }
        outgoing.release(allBut: buffered, spares: registry.spares)
        guard buffered > 0, !awaitsSent else { return }
        awaitsSent = true
        afterWrites(context) { handler, _ in
            handler.awaitsSent = false
            handler.releaseSent()
            handler.count()
        }
    }

    // MARK: Bounds

    var unreadBytes: Int { outgoing.held + notices.held }

    /// Tells the registry how much this connection holds; either bound can end it.
    private func count() {
        guard phase != .closed else { return }
        let unfinished = input.held - countedInput
        countedInput += unfinished
        if unfinished != 0, !registry.countUnfinished(unfinished) { refuse(.tooManyUnfinishedLines) }
        let unread = unreadBytes - countedOutgoing
        countedOutgoing += unread
        if unread != 0 { registry.countUnread(unread) }
    }

    func expireUnfinishedLine(begunBefore limit: NIODeadline) {
        guard phase == .serving, let lineBegan, lineBegan < limit, context?.channel.isWritable == true else { return }
        refuse(.lineTooSlow(limits.lineTime))
        count()
    }

    // MARK: The end

    /// What follows when all that could be done has been done.
    private func proceed() {
        guard phase != .closed, let context else { return }
        if inputEnded {
            let isAnswered = input.isEmpty && connection?.waitingReplies == 0
            if phase == .refusing || isAnswered && !awaitsNotices { closeAfterWrites(context) }
            return
        }
        guard phase == .refusing || context.channel.isWritable else { return }
        if input.isEmpty { lineBegan = nil } else if lineBegan == nil { lineBegan = .now() }
        context.read()
    }

    private var awaitsNotices: Bool {
        !isFinishing && (connection?.isSubscribed == true || !notices.isEmpty)
    }

    func finish() {
        guard phase != .closed else { return }
        isFinishing = true
        guard !inputEnded else { return proceed() }
        lastLineCounts = false
        // What was sent before this is read to its end, as if the peer had ended it; what is sent after it fails at the
        // peer.
        let result = socket.map { shutdown($0, CInt(SHUT_RD)) }
        if result != 0 { abort() }
    }

    private func refuse(_ error: RPCError) {
        guard phase == .serving, let context else { return }
        phase = .refusing
        connection?.refuse(error, into: &registry.spares.answers)
        connection?.abandon()
        flush()
        guard phase == .refusing else { return }
        input.removeAll()
        _ = notices.takeAll()
        lineBegan = nil
        if inputEnded { return closeAfterWrites(context) }
        afterWrites(context) { $1.close(mode: .output, promise: nil) }
        let loopBound = NIOLoopBound(self, eventLoop: context.eventLoop)
        lingering = context.eventLoop.scheduleTask(in: TimeAmount(limits.lingering)) { loopBound.value.abort() }
        context.read()
    }

    private func closeAfterWrites(_ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        isClosing = true
        afterWrites(context) { $1.close(promise: nil) }
    }

    /// An empty write ends when all before it have ended.
    private func afterWrites(
        _ context: ChannelHandlerContext, _ body: @escaping (LineChannelHandler, ChannelHandlerContext) -> Void
    ) {
        let loopBound = NIOLoopBound((handler: self, context: context, body: body), eventLoop: context.eventLoop)
        let empty = wrapOutboundOut(ByteBuffer())
        context.writeAndFlush(empty).whenComplete { _ in
            let bound = loopBound.value
            bound.body(bound.handler, bound.context)
        }
    }

    func abort() {
        context?.close(promise: nil)
    }

    private func end() {
        guard phase != .closed else { return }
        phase = .closed
        socket = nil
        lingering?.cancel()
        connection?.abandon()
        connection = nil
        registry.remove(self, uid: uid)
        _ = registry.countUnfinished(-countedInput)
        registry.countUnread(-countedOutgoing)
        input.removeAll()
        _ = notices.takeAll()
        outgoing.release(allBut: 0, spares: registry.spares)
    }
}
