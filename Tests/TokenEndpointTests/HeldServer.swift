import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import Testing

/// A server on 127.0.0.1 that answers when a test says so, as many bytes at a time as it says; those of TLS are counted.
final class HeldServer: Sendable {
    let port: Int
    private let channel: any Channel
    private let requests: AsyncStream<HeldConnection>

    /// `holdsTickets`: what the server has to say after the handshake is held too.
    static func start(tls: NIOSSLContext? = nil, holdsTickets: Bool = false) async throws -> HeldServer {
        let (requests, sink) = AsyncStream.makeStream(of: HeldConnection.self)
        let channel = try await ServerBootstrap(group: ScriptedServer.group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    let gate = Gate(holdsTickets: holdsTickets)
                    try pipeline.addHandler(gate)
                    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                    try pipeline.addHandler(RequestReader(gate) { sink.yield($0) })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        channel.closeFuture.whenComplete { _ in sink.finish() }
        return HeldServer(channel, requests)
    }

    private init(_ channel: any Channel, _ requests: AsyncStream<HeldConnection>) {
        self.channel = channel
        self.requests = requests
        self.port = channel.localAddress?.port ?? 0
    }

    func nextRequest() async throws -> HeldConnection {
        try #require(await requests.first { _ in true })
    }

    func stop() async {
        try? await channel.close().get()
    }
}

/// A connection on which a whole request has come in.
final class HeldConnection: Sendable {
    let request: String
    /// Yields when the client's end has come.
    let ended: AsyncStream<Void>
    private let channel: any Channel
    private let gate: NIOLoopBound<Gate>

    fileprivate init(_ request: String, _ channel: any Channel, _ gate: Gate) {
        self.request = request
        self.channel = channel
        self.gate = NIOLoopBound(gate, eventLoop: channel.eventLoop)
        ended = gate.ended.stream
    }

    var clientPort: Int? { channel.remoteAddress?.port }

    /// The answer, as far as the gate, in several records where there are such, with the end of TLS if `ends`. Gives how
    /// many bytes the gate holds then.
    func write(_ text: String, ends: Bool = false) async throws -> Int {
        try await onLoop { [channel, gate] in
            var rest = text.utf8[...]
            while !rest.isEmpty {
                channel.writeAndFlush(ByteBuffer(bytes: rest.prefix(25)), promise: nil)
                rest = rest.dropFirst(25)
            }
            if ends { channel.close(promise: nil) }
            return gate.value.held.readableBytes
        }
    }

    /// Lets so many bytes go, all if nil.
    func release(_ count: Int? = nil) async throws {
        try await onLoop { [gate] in gate.value.release(count) }
    }

    /// Ends the connection, without a word of TLS.
    func end() async throws {
        try await onLoop { [gate] in gate.value.end() }
    }

    func reset() async throws {
        let socket = channel as? any SocketOptionProvider
        try await socket?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        try await end()
    }

    /// All that has gone to the client.
    func sent() async throws -> [UInt8] {
        try await onLoop { [gate] in gate.value.sent }
    }

    /// Whether the client's side is open, and how many bytes have come from it.
    func received() async throws -> (isOpen: Bool, count: Int) {
        let socket = channel as? any SocketOptionProvider
        // The first byte of TCP_INFO.
        let state: UInt8? = try await socket?.unsafeGetSocketOption(
            level: .tcp, name: NIOBSDSocket.Option(rawValue: TCP_INFO)
        ).get()
        return try await onLoop { [gate] in
            (state.map { TCPState($0) } == .established && !gate.value.isEnded, gate.value.receivedCount)
        }
    }

    private func onLoop<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await channel.eventLoop.submit(body).get()
    }
}

/// A socket of this process alone that is connected to this port.
func connectedSocket(to port: Int) throws -> CInt {
    let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    try #require(descriptor >= 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    let result = unsafe withUnsafeBytes(of: &address) { bytes in
        unsafe connect(
            descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
            socklen_t(MemoryLayout<sockaddr_in>.size))
    }
    try #require(result == 0)
    return descriptor
}

/// Nearest to the socket: holds back what the server writes once there is a request.
private final class Gate: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private(set) var held = ByteBuffer()
    private(set) var sent: [UInt8] = []
    private(set) var receivedCount = 0
    private(set) var isEnded = false
    var isHolding = false
    let ended = AsyncStream<Void>.makeStream()
    private let holdsTickets: Bool
    private var context: ChannelHandlerContext?

    init(holdsTickets: Bool) {
        self.holdsTickets = holdsTickets
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        // The second of a client's flights begins with its change_cipher_spec; the tickets answer it.
        if holdsTickets, bytes.readableBytesView.first == 20 { isHolding = true }
        receivedCount += bytes.readableBytes
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        isEnded = true
        ended.continuation.yield()
        context.fireChannelInactive()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if isHolding {
            held.writeImmutableBuffer(unwrapOutboundIn(data))
            promise?.succeed()
        } else {
            sent += unwrapOutboundIn(data).readableBytesView
            context.write(data, promise: promise)
        }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard isHolding, !isEnded else { return context.close(mode: mode, promise: promise) }
        promise?.succeed()
    }

    func release(_ count: Int?) {
        guard let bytes = held.readSlice(length: count ?? held.readableBytes) else { return }
        sent += bytes.readableBytesView
        context?.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }

    func end() { context?.close(promise: nil) }
}

private final class RequestReader: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let gate: Gate
    private let onRequest: @Sendable (HeldConnection) -> Void
    private var received = ""

    init(_ gate: Gate, onRequest: @escaping @Sendable (HeldConnection) -> Void) {
        self.gate = gate
        self.onRequest = onRequest
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += String(buffer: unwrapInboundIn(data))
        guard isWholeRequest(received) else { return }
        gate.isHolding = true
        onRequest(HeldConnection(received, context.channel, gate))
        received = ""
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}
