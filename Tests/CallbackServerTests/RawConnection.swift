import NIOCore
import NIOPosix

/// A connection that knows bytes, and of HTTP nothing.
final class RawConnection: Sendable {
    private let channel: any Channel
    private let received: AsyncStream<String>

    private init(_ channel: any Channel, _ received: AsyncStream<String>) {
        self.channel = channel
        self.received = received
    }

    static func open(port: Int, host: String = "127.0.0.1") async throws -> RawConnection {
        let (received, continuation) = AsyncStream.makeStream(of: String.self)
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Listener(continuation))
                }
            }
            .connect(host: host, port: port).get()
        return RawConnection(channel, received)
    }

    /// Returns when the text has left; false if it cannot, as the server has cut the connection.
    @discardableResult
    func send(_ text: String) async -> Bool {
        do {
            try await channel.writeAndFlush(ByteBuffer(string: text)).get()
            return true
        } catch {
            return false
        }
    }

    func finishSending() async {
        try? await channel.close(mode: .output).get()
    }

    /// All that comes until the server ends its side.
    func answer(closing: Bool = true) async -> Answer {
        var text = ""
        for await part in received { text += part }
        if closing { channel.close(promise: nil) }
        return Answer(text: text)
    }

    private final class Listener: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let continuation: AsyncStream<String>.Continuation

        init(_ continuation: AsyncStream<String>.Continuation) {
            self.continuation = continuation
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            continuation.yield(String(buffer: unwrapInboundIn(data)))
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case ChannelEvent.inputClosed = event { continuation.finish() }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            continuation.finish()
        }
    }
}

/// What came on a connection.
struct Answer: Sendable, Equatable {
    var text: String

    /// Nil where the connection ended without an answer.
    var status: Int? { text.split(separator: " ").dropFirst().first.flatMap { Int($0) } }

    var location: String? { header("Location") }

    var headers: [String] {
        text.prefix(upTo: text.firstRange(of: "\r\n\r\n")?.lowerBound ?? text.endIndex)
            .split(separator: "\r\n").dropFirst().map(String.init)
    }

    /// What follows the first head.
    var body: String { text.firstRange(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? "" }

    func header(_ name: String) -> String? {
        headers.first { $0.hasPrefix("\(name): ") }.map { String($0.dropFirst(name.count + 2)) }
    }
}
