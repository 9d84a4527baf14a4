internal import NIOCore

/// Answers the first bytes of a handshake with something else, and closes.
final class BrokenHandshake: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answer: [UInt8]

    init(_ handshake: Fault.Handshake) {
        answer = handshake == .refused ? Self.alert : Array(Self.page.utf8)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: answer)), promise: nil)
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// A fatal `handshake_failure` (RFC 8446 section 6, in the record of section 5.1).
    private static let alert: [UInt8] = [21, 3, 3, 0, 2, 2, 40]

    /// What web servers say to a client that speaks TLS on the wrong port, the other way round.
    private static let page = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
}
