import NIOCore
import NIOHTTP1
import NIOPosix
import OAuth
import SecretBytes
import Synchronization
import TLSRecords
import WipedByteBuffers

/// Reads the answer to a request that an earlier process has sent: first what that process had received, then what still
/// comes.
final class KeptAnswer: Sendable {
    private let gathered: Mutex<AnswerGatherer>
    private let recorder: NIOLoopBoundBox<AnswerRecorder?>
    /// The socket is read from here on.
    private let start: EventLoopPromise<Void>
    private let end: EventLoopPromise<Void>
    private let loop: any EventLoop
    private let isLeft = Atomic(false)

    init(on loop: any EventLoop, maximumBodyLength: Int) {
        self.loop = loop
        start = loop.makePromise()
        end = loop.makePromise()
        recorder = .makeEmptyBox(eventLoop: loop)
        gathered = Mutex(AnswerGatherer(maximumBodyLength: maximumBodyLength))
    }

    /// Waits for the answer, until it is there or ``stop(_:)`` is called. The socket is closed when this returns.
    func read(_ kept: consuming KeptExchange, keeper: any ExchangeKeeping) async -> ProviderOutcome {
        let (socket, place) = (kept.socket, kept.place)
        guard let read = kept.bytesRead() else {
            close(socket)
            stop(ChannelError.ioOnClosedChannel)
            return .failed(TransportFailure(.connectionClosed, mayHaveBeenReceived: true))
        }
        let source = KeptBytes(kept, read)
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: loop)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let recorder = AnswerRecorder(keeper, goingOnAt: place, socket: socket, read: read)
                        let reads = RecordedReads(NIOLoopBound(recorder, eventLoop: channel.eventLoop))
                        try channel.syncOptions?.setOption(.recvAllocator, value: reads)
                        self.recorder.value = recorder
                        try channel.pipeline.syncOperations.addHandlers([
                            recorder, KeptBytesReader(source), ByteToMessageHandler(HTTPResponseDecoder()),
                            KeptAnswerCollector(self),
                        ])
                    }
                }
                .withConnectedSocket(socket).get()
            start.succeed()
        } catch {
            stop(error)
            return .failed(TransportFailure(.connectionClosed, mayHaveBeenReceived: true))
        }
        var outcome: ProviderOutcome
        do {
            try await withTaskCancellationHandler {
                try await end.futureResult.get()
            } onCancel: {
                stop(CancellationError())
            }
            outcome = gathered.withLock { $0.outcome() }
        } catch {
            outcome = .failed(TransportFailure(error, headWasSent: true, hasBody: true))
        }
        // An answer that ends with its connection looks whole when that is left.
        if isLeft.load(ordering: .acquiring) { outcome = .failed(TransportFailure(.left, mayHaveBeenReceived: true)) }
        try? await channel.close().get()
        return outcome
    }

    /// Ends the wait.
    func stop(_ error: any Error) {
        start.fail(error)
        end.fail(error)
    }

    /// Ends the wait when so much time has passed since the socket could be read. What had come by then is taken in, however
    /// short that is.
    func expire(after timeout: Duration, _ clock: any Clock<Duration>) async {
        guard (try? await start.futureResult.get()) != nil, (try? await clock.sleep(for: timeout)) != nil
        else { return }
        // Behind what the event loop finds at the socket.
        loop.execute { self.stop(ChannelError.connectTimeout(TimeAmount(timeout))) }
    }

    /// Ends the wait, for the next process to go on. To be called on the event loop.
    func leave() {
        isLeft.store(true, ordering: .releasing)
        if let recorder = recorder.value { recorder.leave() } else { end.fail(ChannelError.ioOnClosedChannel) }
    }

    fileprivate func take(_ part: HTTPClientResponsePart) {
        do {
            switch part {
            case .head(let head): try gathered.withLock { try $0.take(head) }
            case .body(let bytes): try gathered.withLock { try $0.take(bytes) }
            case .end: end.succeed()
            }
        } catch {
            end.fail(error)
        }
    }
}

extension KeptExchange {
    /// How much of what was recorded has been read from the socket, in which the rest still is; nil if something was read and
    /// not recorded.
    fileprivate borrowing func bytesRead() -> Int? {
        // Of a connection that is closed the kernel does not say it.
        guard let now = BytesMoved(through: socket) else { return received.count }
        let count = now.read &- moved.read
        return count <= UInt64(received.count) ? Int(count) : nil
    }
}

/// What is needed to read on, until the event loop takes it.
private final class KeptBytes: Sendable {
    private let kept: Mutex<KeptExchange?>
    /// Of what was recorded, so much counts.
    let count: Int

    init(_ kept: consuming KeptExchange, _ count: Int) {
        self.kept = Mutex(kept)
        self.count = count
    }

    func take() -> KeptExchange? {
        var taken: KeptExchange?
        kept.withLock { taken = $0.take() }
        return taken
    }
}

/// Opens what the socket brings where it is encrypted. Writes nothing to it.
private final class KeptBytesReader: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let source: KeptBytes
    private var opener: TLSRecordOpener?
    private var isEncrypted = false

    init(_ source: KeptBytes) {
        self.source = source
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        switch source.take() {
        case .none: return
        case .some(let kept):
            isEncrypted = !kept.key.isEmpty
            opener = isEncrypted ? TLSRecordOpener(kept.key, mayBeginInRecord: true) : nil
            let count = source.count
            let read = kept.received.withBytes { SecretBytes(copying: $0.extracting(0..<count)) }
            pass(on: ByteBuffer(copying: read), context)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        pass(on: unwrapInboundIn(data), context)
    }

    /// The end of an encrypted answer is where TLS says so.
    func channelInactive(context: ChannelHandlerContext) {
        if isEncrypted, opener?.isAtEnd != true { context.fireErrorCaught(ChannelError.eof) }
        context.fireChannelInactive()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        promise?.succeed()
    }

    private func pass(on bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        guard isEncrypted else {
            if bytes.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(bytes)) }
            return
        }
        let opened = opener?.open(bytes) ?? ByteBuffer()
        if opened.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(opened)) }
        if opener?.isAtEnd == true { context.close(promise: nil) }
        if opener?.isBroken ?? true { context.fireErrorCaught(TLSRecordOpener.Broken()) }
    }
}

private final class KeptAnswerCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let answer: KeptAnswer

    init(_ answer: KeptAnswer) {
        self.answer = answer
    }

    /// The decoder has to know what was asked to know how the answer ends.
    func channelActive(context: ChannelHandlerContext) {
        let head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        answer.take(unwrapInboundIn(data))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.stop(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        answer.stop(ChannelError.ioOnClosedChannel)
        context.fireChannelInactive()
    }
}
