import CLinux
import Glibc
import NIOCore
import NIOSSL
import OAuth
import SecretBytes

/// Nearest to the socket: writes down what is received, before it is read, so that the next process can read it if this one
/// ends, at whatever moment.
///
/// What stands in memory may go beyond what was read; the kernel knows how far that is. All on the connection's event loop.
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
    /// Read from the socket, of what is recorded.
    private var read = 0
    /// … and what stands in memory.
    private var recorded = 0
    private var place: KeptPlace?
    private var context: ChannelHandlerContext?

    /// For a connection on which nothing was sent. `key`: as ``ExchangeKeeping/keep(_:socket:key:moved:)`` has it.
    private init(_ keeper: any ExchangeKeeping, key: consuming SecretBytes) {
        self.keeper = keeper
        self.key = consume key
    }

    /// For a connection that an earlier process began, and of which so much was read by now.
    init(_ keeper: any ExchangeKeeping, goingOnAt place: KeptPlace, socket: CInt, read: Int) {
        self.keeper = keeper
        self.place = place
        self.socket = socket
        (self.read, recorded) = (read, read)
        early = nil
    }

    /// Has the exchange kept that begins now, where that is possible.
    func begin(_ name: ExchangeName) {
        guard place == nil, let early = early.take(), context?.channel.isActive == true else { return }
        guard let moved = BytesMoved(through: socket) else { return }
        let before = BytesMoved(written: moved.written, read: moved.read &- UInt64(early.readableBytes))
        switch key.take() {
        case .some(let key): place = keeper.keep(name, socket: socket, key: key, moved: before)
        case .none: return
        }
        took(early)
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
            took(bytes)
        } else if let before = early {
            early?.writeImmutableBuffer(bytes)
            if before.readableBytes + bytes.readableBytes > Self.mostEarlyBytes { early = nil }
        }
        context.fireChannelRead(data)
    }

    /// Records what will be read next.
    fileprivate func look() {
        guard let place else { return }
        unsafe withUnsafeTemporaryAllocation(byteCount: RecordedReads.mostAtOnce, alignment: 1) { room in
            let count = unsafe recv(socket, room.baseAddress, room.count, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
            guard count > 0 else { return }
            let seen = unsafe UnsafeMutableRawBufferPointer(rebasing: room[..<count])
            defer { unsafe wipe(seen) }
            unsafe keeper.record(seen.bindMemory(to: UInt8.self).span, from: read, at: place)
            recorded = max(recorded, read + count)
        }
    }

    /// Records what came in between the look and the reading.
    private func took(_ bytes: ByteBuffer) {
        let start = read
        read += bytes.readableBytes
        guard let place, read > recorded else { return }
        unsafe bytes.withUnsafeReadableBytes { bytes in
            unsafe keeper.record(bytes.bindMemory(to: UInt8.self).span, from: start, at: place)
        }
        recorded = read
    }
}

extension BytesMoved {
    /// By now; nil where the kernel does not say.
    init?(through socket: CInt) {
        var (written, read): (UInt64, UInt64) = (0, 0)
        guard unsafe clinux_tcp_bytes_written(socket, &written) == 0, unsafe clinux_tcp_bytes_read(socket, &read) == 0
        else { return nil }
        self.init(written: written, read: read)
    }
}

/// NIO asks it how to read right before each read(2): so it is where a recorder looks at what will be read.
struct RecordedReads: RecvByteBufferAllocator {
    /// As much as a record of TLS has.
    fileprivate static let mostAtOnce = 16 << 10

    private let recorder: NIOLoopBound<AnswerRecorder>
    private var sizes = AdaptiveRecvByteBufferAllocator(minimum: 1 << 10, initial: 2 << 10, maximum: mostAtOnce)

    init(_ recorder: NIOLoopBound<AnswerRecorder>) {
        self.recorder = recorder
    }

    /// NIO asks for this before it takes a buffer that it has …
    func nextBufferSize() -> Int? {
        recorder.value.look()
        return sizes.nextBufferSize()
    }

    /// … and for this if it has none.
    func buffer(allocator: ByteBufferAllocator) -> ByteBuffer {
        recorder.value.look()
        return sizes.buffer(allocator: allocator)
    }

    mutating func record(actualReadBytes: Int) -> Bool { sizes.record(actualReadBytes: actualReadBytes) }
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
        return descriptor(of: channel).flatMap { descriptor in
            guard let descriptor else { return channel.eventLoop.makeSucceededFuture(nil) }
            bound.value.socket = descriptor
            return channel.setOption(.recvAllocator, value: RecordedReads(bound)).map { bound }
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
