internal import NIOCore
internal import SecretBytes
internal import WipedByteBuffers

/// The query of a connection's request, on its way past the HTTP decoder.
final class WithheldQuery {
    fileprivate var filter: RequestHeadFilter

    init(limits: CallbackLimits) {
        filter = RequestHeadFilter(limit: limits.headBytes)
    }

    func take() -> SecretBytes { filter.takeQuery() }
}

/// How a request's head ended.
enum RequestHeadEnd {
    /// The decoder has seen all of it.
    case complete
    /// It is longer than allowed.
    case tooLarge
}

/// Stands before the HTTP decoder, and passes on what ``RequestHeadFilter`` lets through. What it read is wiped.
final class RequestHeadHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let query: WithheldQuery
    private var hasEnded = false

    init(_ query: WithheldQuery) {
        self.query = query
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        defer { buffer.wipeShared() }
        guard !hasEnded else { return }
        var passed: [UInt8] = []
        let progress = query.filter.read(buffer.readableBytesUInt8Span, into: &passed)
        hasEnded = progress != .incomplete
        if !passed.isEmpty, progress != .tooLarge {
            context.fireChannelRead(wrapInboundOut(context.channel.allocator.buffer(bytes: passed)))
        }
        switch progress {
        case .incomplete: return
        case .complete: context.fireUserInboundEventTriggered(RequestHeadEnd.complete)
        case .tooLarge: context.fireUserInboundEventTriggered(RequestHeadEnd.tooLarge)
        }
    }
}
