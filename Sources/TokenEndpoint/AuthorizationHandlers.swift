import NIOCore
import NIOHTTP1
import NIOSSL
import SecretBytes
import Synchronization
import WipedByteBuffers

// `HTTPHeaders` holds `String`s, which cannot be wiped. So the authorization never becomes a header field: the message
// carries the number of its exchange instead, one handler takes that out before the head is encoded, and another puts
// the secret into the encoded bytes, which are wiped once they are written.

/// The exchanges in flight, by number.
final class ExchangeTable: Sendable {
    /// The field that carries an exchange's number from the client to the connection, and no further.
    static let fieldName = "Purser-Exchange"

    private struct State {
        var exchanges: [UInt64: HTTPExchange] = [:]
        var last: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Enters an exchange and gives it a number.
    func insert(_ exchange: HTTPExchange) -> UInt64 {
        state.withLock { state in
            state.last &+= 1
            state.exchanges[state.last] = exchange
            return state.last
        }
    }

    func remove(_ number: UInt64) {
        state.withLock { _ = $0.exchanges.removeValue(forKey: number) }
    }

    func exchange(_ number: String?) -> HTTPExchange? {
        guard let number = number.flatMap({ UInt64($0) }) else { return nil }
        return state.withLock { $0.exchanges[number] }
    }

    /// All that are in flight.
    func all() -> [HTTPExchange] { state.withLock { Array($0.exchanges.values) } }

    /// Adds both handlers to a connection that is ready for its first request, and one that records the answer where there
    /// is such a one. To be called on its event loop.
    func install(_ recorder: AnswerRecorder?, in channel: any Channel) throws {
        let pipeline = channel.pipeline.syncOperations
        let writer = AuthorizationWriter()
        let encoder = try pipeline.handler(type: HTTPRequestEncoder.self)
        if let recorder { try pipeline.addHandler(recorder, position: .first) }
        try pipeline.addHandler(writer, position: .before(encoder))
        try pipeline.addHandler(
            ExchangeNumberTaker(table: self, writer: writer, recorder: recorder), position: .after(encoder))
    }
}

/// Before the encoder: takes the exchange's number out of the head and its authorization out of the exchange.
private final class ExchangeNumberTaker: ChannelOutboundHandler {
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    private let table: ExchangeTable
    private let writer: AuthorizationWriter
    /// For the connection's first exchange alone: what came before another is no part of its answer.
    private var recorder: AnswerRecorder?

    init(table: ExchangeTable, writer: AuthorizationWriter, recorder: AnswerRecorder?) {
        self.table = table
        self.writer = writer
        self.recorder = recorder
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(var head) = unwrapOutboundIn(data) else {
            return context.write(data, promise: promise)
        }
        let number = head.headers.first(name: ExchangeTable.fieldName)
        head.headers.remove(name: ExchangeTable.fieldName)
        let exchange = table.exchange(number)
        writer.authorization = exchange?.takeAuthorization()
        if let recorder = recorder.take() {
            exchange?.goes(through: NIOLoopBound(recorder, eventLoop: context.eventLoop))
        }
        context.write(wrapOutboundOut(.head(head)), promise: promise)
    }
}

/// After the encoder: puts the authorization behind the request line of the head, the next bytes to come.
private final class AuthorizationWriter: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    var authorization: SecretBytes?

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch authorization.take() {
        case .none:
            context.write(data, promise: promise)
        case .some(let authorization):
            let head = Self.inserting(authorization, into: unwrapOutboundIn(data))
            let written = promise ?? context.eventLoop.makePromise()
            written.futureResult.whenComplete { result in
                var head = head
                if case .success = result { head.wipeShared() } else { head.wipeIfLastOwner() }
            }
            context.write(wrapOutboundOut(head), promise: written)
        }
    }

    private static func inserting(_ authorization: borrowing SecretBytes, into head: ByteBuffer) -> ByteBuffer {
        var rest = head
        let lineEnd = head.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) ?? head.writerIndex - 1
        let line = rest.readSlice(length: lineEnd + 1 - head.readerIndex) ?? ByteBuffer()
        // All at once: a buffer that grows would leave a copy behind.
        var result = ByteBufferAllocator().buffer(capacity: head.readableBytes + authorization.count + 64)
        result.writeImmutableBuffer(line)
        result.writeStaticString("Authorization: ")
        result.writeSecret(authorization)
        result.writeStaticString("\r\n")
        result.writeImmutableBuffer(rest)
        return result
    }
}
