internal import CLinux
internal import Glibc
package import JSONRPC
package import NIOCore
internal import NIOPosix

/// Serves JSON-RPC lines on one Unix socket, all of it on one event loop.
package final class SocketServer<Service: RPCService>: Sendable {
    private let eventLoop: any EventLoop
    private let limits: SocketLimits
    private let registry: NIOLoopBound<ConnectionRegistry>
    private let channel: any Channel
    private let sweep: RepeatedTask

    /// Starts to accept on `socket`. `identify` turns what the kernel says of a peer into a caller, on the event loop,
    /// before a byte is read from it; a peer that the kernel cannot name is disconnected.
    package static func start(
        on socket: ListeningSocket, eventLoop: any EventLoop, service: Service, limits: SocketLimits = SocketLimits(),
        identify: @escaping @Sendable (PeerCredentials) -> Service.Caller
    ) async throws -> SocketServer {
        let registry = try await eventLoop.submit {
            NIOLoopBound(ConnectionRegistry(limits: limits), eventLoop: eventLoop)
        }.get()
        let channel = try await ServerBootstrap(group: eventLoop)
            .serverChannelOption(.backlog, value: ListeningSocket.backlog)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.recvAllocator, value: receiveAllocator)
            .childChannelOption(
                .writeBufferWaterMark,
                value: .init(low: limits.unreadAnswers / 4, high: limits.unreadAnswers)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let peer = try admittedPeer(of: channel, registry.value)
                    let handler = LineChannelHandler<Service>(uid: peer.uid, limits: limits, registry: registry.value)
                    try channel.pipeline.syncOperations.addHandler(handler)
                    handler.serve(service, identify(peer), on: channel.eventLoop)
                }
            }
            .withBoundSocket(socket.descriptor)
            .get()
        return SocketServer(eventLoop: eventLoop, limits: limits, registry: registry, channel: channel)
    }

    private init(
        eventLoop: any EventLoop, limits: SocketLimits, registry: NIOLoopBound<ConnectionRegistry>, channel: any Channel
    ) {
        self.eventLoop = eventLoop
        self.limits = limits
        self.registry = registry
        self.channel = channel
        let period = TimeAmount(limits.lineTime / 4)
        sweep = eventLoop.scheduleRepeatedTask(initialDelay: period, delay: period) { _ in
            registry.value.expireUnfinishedLines(now: .now())
        }
    }

    /// Ends the connections whose unfinished line is too old by `now`; also called regularly by itself.
    package func expireUnfinishedLines(now: NIODeadline) async {
        let registry = registry
        // Fails only when the event loop is gone, and the connections with it.
        try? await eventLoop.submit { registry.value.expireUnfinishedLines(now: now) }.get()
    }

    /// Accepts nothing more, lets every request that was sent so far be answered, and closes; after `grace` whatever is
    /// left is cut. What a peer sends later fails there, so that it knows that nobody has seen it.
    package func stop(grace: Duration) async {
        sweep.cancel()
        try? await channel.close().get()
        let (registry, eventLoop) = (registry, eventLoop)
        let cut = eventLoop.scheduleTask(in: TimeAmount(grace)) { registry.value.abortAll() }
        try? await eventLoop.flatSubmit { registry.value.finishAll(on: eventLoop) }.get()
        cut.cancel()
    }
}

/// Small, for it stays with each connection, and most only ever send short requests; a long line takes more reads.
private let receiveAllocator = AdaptiveRecvByteBufferAllocator(minimum: 1 << 10, initial: 1 << 10, maximum: 4 << 10)

/// Who has connected, or an error that closes the connection, of which the peer was told.
private func admittedPeer(of channel: any Channel, _ registry: ConnectionRegistry) throws -> PeerCredentials {
    let peer = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
        descriptor in
        try configure(descriptor)
        guard let peer = try? PeerCredentials(ofSocket: descriptor) else {
            refuse(descriptor, .unidentifiedPeer)
            throw SocketError("the peer cannot be identified")
        }
        guard registry.hasRoom(for: peer.uid) else {
            refuse(descriptor, .tooManyConnections)
            throw SocketError("too many connections")
        }
        return peer
    }
    guard let peer else { throw SocketError("the connection's descriptor cannot be had") }
    return peer
}

private func configure(_ descriptor: CInt) throws(SocketError) {
    // NIO accepts without close-on-exec.
    guard clinux_set_close_on_exec(descriptor) == 0 else {
        throw SocketError("close-on-exec cannot be set", errno: errno)
    }
    // An urgent byte (MSG_OOB) would announce input that cannot be read, which NIO takes for a fault of its own.
    var yes: CInt = 1
    guard unsafe setsockopt(descriptor, SOL_SOCKET, SO_OOBINLINE, &yes, socklen_t(MemoryLayout<CInt>.size)) == 0 else {
        throw SocketError("urgent bytes cannot be put in line", errno: errno)
    }
}
