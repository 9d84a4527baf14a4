internal import Glibc
internal import NIOCore
internal import NIOHTTP1

/// Sends one answer on a connection, in the manner asked for.
struct AnswerWriter: Sendable {
    private static let chunkBytes = 64 << 10

    let channel: any Channel
    let answer: AuthorizationServer.Answer
    let keepsAlive: Bool

    /// Completes when the answer is out, or when the connection is gone. A held answer waits for `release`.
    func send(
        _ delivery: AuthorizationServer.Delivery, after release: EventLoopFuture<Void>? = nil
    ) -> EventLoopFuture<Void> {
        switch delivery {
        case .whole:
            return sendWhole()
        case .delayed(let delay):
            return channel.eventLoop.scheduleTask(in: TimeAmount(delay)) {}.futureResult.flatMap { sendWhole() }
        case .held:
            return release?.flatMap { sendWhole() } ?? sendWhole()
        case .silence:
            return channel.closeFuture
        case .headOnly:
            channel.writeAndFlush(head, promise: nil)
            return channel.closeFuture
        case .reset:
            return reset()
        // What should have happened before, on a connection that was there already.
        case .closed, .unresolved, .failedHandshake:
            return channel.close()
        case .cutOff:
            return sendHalf().recover { _ in }.flatMap { channel.close() }
        case .bytewise(let interval):
            channel.writeAndFlush(head, promise: nil)
            return sendBody(chunkBytes: 1, every: TimeAmount(interval)).flatMap { sendEnd() }
        }
    }

    private func sendWhole() -> EventLoopFuture<Void> {
        channel.write(head, promise: nil)
        return sendBody(chunkBytes: Self.chunkBytes, every: nil).flatMap { sendEnd() }
    }

    private func sendHalf() -> EventLoopFuture<Void> {
        channel.write(head, promise: nil)
        return channel.writeAndFlush(bodyPart(from: 0, to: answer.length / 2))
    }

    private func sendEnd() -> EventLoopFuture<Void> {
        let sent = channel.writeAndFlush(HTTPServerResponsePart.end(nil))
        return keepsAlive ? sent : sent.flatMap { channel.close() }
    }

    /// An answer that is dropped with a TCP reset: closing with a linger time of zero does that (socket(7)).
    private func reset() -> EventLoopFuture<Void> {
        guard let socket = channel as? any SocketOptionProvider else { return channel.close() }
        return socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).recover { _ in }.flatMap { channel.close() }
    }

    /// Sends the body in chunks, each when the one before has left, so that a large body needs little memory.
    private func sendBody(chunkBytes: Int, every interval: TimeAmount?) -> EventLoopFuture<Void> {
        let sent = channel.eventLoop.makePromise(of: Void.self)
        sendBody(from: 0, chunkBytes: chunkBytes, every: interval, sent)
        return sent.futureResult
    }

    private func sendBody(
        from start: Int, chunkBytes: Int, every interval: TimeAmount?, _ sent: EventLoopPromise<Void>
    ) {
        guard start < answer.length else { return sent.succeed() }
        let end = min(start + chunkBytes, answer.length)
        channel.writeAndFlush(bodyPart(from: start, to: end)).whenComplete { result in
            switch result {
            case .failure(let error): sent.fail(error)
            // By way of the event loop, so that a long body does not become a deep stack.
            case .success:
                channel.eventLoop.scheduleTask(in: interval ?? .nanoseconds(0)) {
                    sendBody(from: end, chunkBytes: chunkBytes, every: interval, sent)
                }
            }
        }
    }

    private var head: HTTPServerResponsePart {
        var headers = HTTPHeaders(answer.headers.map { ($0.name, $0.value) })
        headers.add(name: "Content-Length", value: String(answer.length))
        if !keepsAlive { headers.add(name: "Connection", value: "close") }
        return .head(HTTPResponseHead(version: .http1_1, status: .init(statusCode: answer.status), headers: headers))
    }

    /// Bytes of the body, with its trailing spaces.
    private func bodyPart(from start: Int, to end: Int) -> HTTPServerResponsePart {
        let solid = answer.body[min(start, answer.body.count)..<min(end, answer.body.count)]
        var buffer = channel.allocator.buffer(capacity: end - start)
        buffer.writeBytes(solid)
        buffer.writeRepeatingByte(UInt8(ascii: " "), count: end - start - solid.count)
        return .body(.byteBuffer(buffer))
    }
}
