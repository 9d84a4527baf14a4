internal import NIOCore
internal import NIOHTTP1
internal import SecretBytes

/// One connection: one request, one answer, and the end. On its event loop only.
final class CallbackConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case awaited
        case requested(HTTPRequestHead)
        case answering(isHEAD: Bool)
        /// Answered; the peer may still read.
        case over
    }

    private let channel: any Channel
    private let site: CallbackSite
    private let query: WithheldQuery
    private var state = State.awaited
    private var deadline: Scheduled<Void>?

    init(_ channel: any Channel, _ site: CallbackSite, _ query: WithheldQuery) {
        self.channel = channel
        self.site = site
        self.query = query
    }

    /// Whether the request is not there yet.
    var isAwaited: Bool {
        switch state {
        case .awaited, .requested: true
        case .answering, .over: false
        }
    }

    /// Whether the answer is out.
    var isOver: Bool {
        if case .over = state { return true }
        return false
    }

    /// Closes at once, whatever is under way; completes when the connection is gone.
    @discardableResult
    func abort() -> EventLoopFuture<Void> {
        channel.close(promise: nil)
        return channel.closeFuture
    }

    func channelActive(context: ChannelHandlerContext) {
        allow(site.limits.requestTime) { $0.answer(CallbackResponse(.init(.refused(.tooSlow))), isHEAD: false) }
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        site.connections.remove(self)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data), case .awaited = state else { return }
        state = .requested(head)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch (event, state) {
        // Not the decoder's end of the request: it would wait for a body, which does not come through.
        case (RequestHeadEnd.complete, .requested(let head)): handle(head)
        case (RequestHeadEnd.complete, .awaited): refuse(.malformed)
        case (RequestHeadEnd.tooLarge, _): refuse(.headTooLarge)
        // The peer may end its side after its request (RFC 9112 section 9.6).
        case (ChannelEvent.inputClosed, _) where isAwaited || isOver: context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError else { return context.close(promise: nil) }
        refuse(.malformed)
    }

    private func refuse(_ refusal: CallbackPage.Refusal) {
        guard isAwaited else { return }
        answer(CallbackResponse(CallbackPage(.refused(refusal))), isHEAD: false)
    }

    private func handle(_ head: HTTPRequestHead) {
        let isHEAD = head.method == .HEAD
        state = .answering(isHEAD: isHEAD)
        switch site.respond(to: Self.summary(of: head)) {
        case .response(let response): answer(response, isHEAD: isHEAD)
        case .callback: handOver()
        }
    }

    private func handOver() {
        allow(site.limits.answerTime) { $0.answer(.init(.init(.refused(.unanswered))), isHEAD: false) }
        let outcome = site.outcome(of: CallbackRequest(query: query.take()))
        outcome.assumeIsolated().whenSuccess { [self] response in answer(response, isHEAD: false) }
    }

    private func answer(_ response: CallbackResponse, isHEAD: Bool) {
        guard !isOver, channel.isActive else { return }
        state = .over
        var headers = HTTPHeaders(response.headers)
        headers.add(name: "Content-Length", value: String(response.body.count))
        let head = HTTPResponseHead(
            version: .http1_1, status: .init(statusCode: response.status), headers: headers)
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
        if !isHEAD {
            channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: response.body))), promise: nil)
        }
        allow(site.limits.lingering) { _ in }
        // Only our side: closing on input that was not read would take the answer back with a reset.
        channel.writeAndFlush(HTTPServerResponsePart.end(nil)).assumeIsolated().whenComplete { [channel] _ in
            channel.close(mode: .output, promise: nil)
        }
    }

    /// After that time, unless something else is allowed until then, says so and closes.
    private func allow(_ time: Duration, then last: @escaping (CallbackConnection) -> Void) {
        deadline?.cancel()
        deadline = channel.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) { [self] in
            guard !isOver else { return channel.close(promise: nil) }
            last(self)
        }
    }

    private static func summary(of head: HTTPRequestHead) -> CallbackRequestHead {
        let lengths = head.headers[canonicalForm: "content-length"]
        return CallbackRequestHead(
            method: head.method.rawValue, path: head.uri, hosts: head.headers["host"],
            hasBody: head.headers.contains(name: "transfer-encoding") || lengths.contains { $0 != "0" })
    }
}
