import CLinux
import Glibc
import NIOCore
import NIOSSL
import OAuth
import SecretBytes

/// Nearest to the socket: writes down what is received, before anybody looks at it, so that the next process can read it
/// if this one ends.
///
/// All on the connection's event loop.
final class AnswerRecorder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// What comes between the handshake and the request is tickets; of more than so much it is none.
    private static let mostEarlyBytes = 16 << 10

    private let keeper: any ExchangeKeeping
    private var socket: CInt = -1
    /// What the server encrypts with, of no use before it is kept.
    private var key: SecretBytes?
    private var early: ByteBuffer? = ByteBuffer()
    private var place: KeptPlace?
    private var context: ChannelHandlerContext?

    /// For a connection on which nothing was sent. `key`: as ``ExchangeKeeping/keep(_:socket:key:bytesWritten:)`` has it.
    private init(_ keeper: any ExchangeKeeping, key: consuming SecretBytes) {
        self.keeper = keeper
        self.key = consume key
    }

    /// For a connection that an earlier process began.
    init(_ keeper: any ExchangeKeeping, goingOnAt place: KeptPlace) {
        self.keeper = keeper
        self.place = place
        early = nil
    }

    /// Has the exchange kept that begins now, where that is possible.
    func begin(_ name: ExchangeName) {
        guard place == nil, let early = early.take(), context?.channel.isActive == true else { return }
        var written: UInt64 = 0
        guard unsafe clinux_tcp_bytes_written(socket, &written) == 0 else { return }
        switch key.take() {
        case .some(let key): place = keeper.keep(name, socket: socket, key: key, bytesWritten: written)
        case .none: return
        }
        record(early)
    }

    /// Whether another process can go on with it.
    var isKept: Bool { place != nil }

    /// Closes this process's end and nothing else, if the exchange is kept: the provider sees no end of the connection. From
    /// here TLS has no part in it, and does not say that it ends.
    func leave() {
        if isKept { context?.close(promise: nil) }
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        if place != nil {
            record(bytes)
        } else if let before = early {
            early?.writeImmutableBuffer(bytes)
            if before.readableBytes + bytes.readableBytes > Self.mostEarlyBytes { early = nil }
        }
        context.fireChannelRead(data)
    }

    private func record(_ bytes: ByteBuffer) {
        guard let place else { return }
        unsafe bytes.withUnsafeReadableBytes { bytes in
            unsafe keeper.record(bytes.bindMemory(to: UInt8.self).span, at: place)
        }
    }
}

extension AnswerRecorder {
    /// A recorder for a connection that has just been made, if its socket can be found.
    ///
    /// To be called on the event loop, in the turn in which the handshake has ended.
    static func make(
        _ keeper: any ExchangeKeeping, _ secrets: TrafficSecrets, for channel: any Channel
    ) -> EventLoopFuture<NIOLoopBound<AnswerRecorder>?> {
        let tls = try? channel.pipeline.syncOperations.handler(type: NIOSSLClientHandler.self)
        let secret = tls == nil ? SecretBytes(utf8: "") : secrets.take()
        // TLS 1.2 has no such secret, but one may be left of a handshake that failed.
        guard tls == nil || tls?.tlsVersion == .tlsv13 && !secret.isEmpty else {
            return channel.eventLoop.makeSucceededFuture(nil)
        }
        let recorder = AnswerRecorder(keeper, key: secret)
        let bound = NIOLoopBound(recorder, eventLoop: channel.eventLoop)
        return descriptor(of: channel).map { descriptor in
            guard let descriptor else { return nil }
            bound.value.socket = descriptor
            return bound
        }
    }

    /// The descriptor of the socket under a channel of NIO, which does not show it: of all that are open, the one with the
    /// same number in the kernel. Nil if it is not found.
    private static func descriptor(of channel: any Channel) -> EventLoopFuture<CInt?> {
        guard let provider = channel as? any SocketOptionProvider else {
            return channel.eventLoop.makeSucceededFuture(nil)
        }
        let cookie: EventLoopFuture<UInt64> = provider.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: clinux_so_cookie))
        return cookie.map { cookie in
            var limit = rlimit()
            guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
            return (0..<CInt(clamping: limit.rlim_cur)).first { clinux_socket_cookie($0) == cookie }
        }
    }
}
