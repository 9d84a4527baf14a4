import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// What a server does with a connection, once it has read a whole request unless it says otherwise.
enum Script: Sendable {
    /// Writes this and closes.
    case answer(String)
    /// Writes this and keeps the connection for more.
    case answerAndKeep(String)
    /// Writes this and then nothing any more.
    case answerAndHang(String)
    /// Writes this and resets the connection.
    case answerAndReset(String)
    /// Writes this, then a byte every 5 ms, for ever.
    case trickle(String)
    /// Writes this over and over, for ever.
    case flood(String, then: String)
    /// Writes this as soon as somebody connects.
    case greet(String)
    /// Closes without reading.
    case closeOnAccept
}

/// A server on 127.0.0.1 that does what its script says, byte by byte.
final class ScriptedServer: Sendable {
    let port: Int
    /// The requests, as text, as they come in.
    let requests: AsyncStream<String>
    /// Connections that have ended.
    let closed: AsyncStream<Void>
    private let channel: any Channel
    private let accepted: Tally

    var connectionCount: Int { accepted.count.load(ordering: .sequentiallyConsistent) }

    static let group = MultiThreadedEventLoopGroup.singleton

    static func start(_ script: Script, tls: NIOSSLContext? = nil) async throws -> ScriptedServer {
        let (requests, requestSink) = AsyncStream.makeStream(of: String.self)
        let (closed, closedSink) = AsyncStream.makeStream(of: Void.self)
        let accepted = Tally()
        let channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                accepted.count.add(1, ordering: .sequentiallyConsistent)
                channel.closeFuture.whenComplete { _ in closedSink.yield() }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                    try pipeline.addHandler(ScriptHandler(script) { requestSink.yield($0) })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        channel.closeFuture.whenComplete { _ in requestSink.finish() }
        return ScriptedServer(channel, requests, closed, accepted)
    }

    private init(
        _ channel: any Channel, _ requests: AsyncStream<String>, _ closed: AsyncStream<Void>, _ accepted: Tally
    ) {
        self.channel = channel
        self.requests = requests
        self.closed = closed
        self.accepted = accepted
        self.port = channel.localAddress?.port ?? 0
    }

    func nextRequest() async -> String? {
        await requests.first { _ in true }
    }

    func stop() async {
        try? await channel.close().get()
    }
}

/// A counter that a closure can hold.
private final class Tally: Sendable {
    let count = Atomic(0)
}

/// Whether the text is a request with all of its body.
func isWholeRequest(_ text: String) -> Bool {
    guard let end = text.firstRange(of: "\r\n\r\n") else { return false }
    let fields = text[..<end.lowerBound].lowercased().split(separator: "\r\n")
    let length = fields.first { $0.hasPrefix("content-length: ") }.flatMap { Int($0.dropFirst(16)) } ?? 0
    return text[end.upperBound...].utf8.count >= length
}

private final class ScriptHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let script: Script
    private let onRequest: @Sendable (String) -> Void
    private var received = ""

    init(_ script: Script, onRequest: @escaping @Sendable (String) -> Void) {
        self.script = script
        self.onRequest = onRequest
    }

    func channelActive(context: ChannelHandlerContext) {
        switch script {
        case .closeOnAccept: context.close(promise: nil)
        case .greet(let text): context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        default: break
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += String(buffer: unwrapInboundIn(data))
        guard isWholeRequest(received) else { return }
        onRequest(received)
        received = ""
        run(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func run(_ context: ChannelHandlerContext) {
        switch script {
        case .answer(let text):
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            context.close(promise: nil)
        case .answerAndKeep(let text), .answerAndHang(let text):
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        case .answerAndReset(let text):
            let channel = context.channel
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text))).assumeIsolated().whenComplete { _ in
                let socket = channel as? any SocketOptionProvider
                socket?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in channel.close(promise: nil) }
            }
        case .trickle(let text):
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            repeatWriting(" ", on: context.channel, every: .milliseconds(5))
        case .flood(let text, let more):
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
            repeatWriting(more, on: context.channel, every: .microseconds(100))
        case .closeOnAccept, .greet:
            break
        }
    }

    private func repeatWriting(_ text: String, on channel: any Channel, every interval: TimeAmount) {
        channel.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { task in
            guard channel.isActive else { return task.cancel() }
            if channel.isWritable { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }
        }
    }
}
