import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import OAuth
import SecretBytes
import Synchronization

/// One request and its answer: notes how far the request got, gathers the answer, and wipes the bytes on their way.
///
/// async-http-client calls it on the task's event loop; the result is read after the task has ended.
final class HTTPExchange: HTTPClientResponseDelegate {
    typealias Response = Void

    /// The answer's body is longer than allowed.
    struct BodyTooLarge: Error {}

    /// The request was not to leave any more.
    struct Withheld: Error {}

    private struct State: ~Copyable {
        var authorization: SecretBytes?
        var pendingBody: SecretBytes?
        var sentBody: ByteBuffer?
        var headWasSent = false
        var head: HTTPResponseHead?
        var body = SecretBuffer(minimumCapacity: 4096)
    }

    private let state: Mutex<State>
    private let mayLeave: (@Sendable () -> Bool)?
    private let bodyLength: Int?
    private let maximumBodyLength: Int

    init(
        authorization: consuming SecretBytes?, body: consuming SecretBytes?, mayLeave: (@Sendable () -> Bool)?,
        maximumBodyLength: Int
    ) {
        self.mayLeave = mayLeave
        switch body {
        case .some(let body): bodyLength = body.count
        case .none: bodyLength = nil
        }
        self.maximumBodyLength = maximumBodyLength
        state = Mutex(State(authorization: authorization, pendingBody: body))
    }

    /// The authorization, which leaves its secret buffer only when the connection takes it.
    func takeAuthorization() -> SecretBytes? {
        state.withLock { $0.authorization.take() }
    }

    /// The body to send, which leaves its secret buffer only when the connection takes it.
    func requestBody(on loop: any EventLoop) -> HTTPClient.Body? {
        guard let bodyLength else { return nil }
        return .stream(contentLength: Int64(bodyLength)) { [self] writer in
            guard mayLeave?() ?? true else { return loop.makeFailedFuture(Withheld()) }
            return writer.write(.byteBuffer(takeBody()))
        }
    }

    private func takeBody() -> ByteBuffer {
        state.withLock { state in
            let buffer: ByteBuffer
            switch state.pendingBody.take() {
            case .some(let body): buffer = ByteBuffer(copying: body)
            case .none: buffer = ByteBuffer()
            }
            state.sentBody = buffer
            return buffer
        }
    }

    // MARK: The request

    func didSendRequestHead(task: HTTPClient.Task<Void>, _ head: HTTPRequestHead) {
        state.withLock { $0.headWasSent = true }
    }

    func didSendRequestPart(task: HTTPClient.Task<Void>, _ part: IOData) {
        guard case .byteBuffer(let buffer) = part else { return }
        buffer.wipeShared()
        state.withLock { $0.sentBody = nil }
    }

    // MARK: The answer

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length > maximumBodyLength {
            return task.eventLoop.makeFailedFuture(BodyTooLarge())
        }
        state.withLock { $0.head = head }
        return task.eventLoop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ part: ByteBuffer) -> EventLoopFuture<Void> {
        let fits = state.withLock { state in
            guard state.body.count + part.readableBytes <= maximumBodyLength else { return false }
            part.appendReadable(to: &state.body)
            return true
        }
        part.wipeShared()
        return fits ? task.eventLoop.makeSucceededVoidFuture() : task.eventLoop.makeFailedFuture(BodyTooLarge())
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) {}

    // MARK: The result

    /// The answer, once the task has succeeded.
    func outcome() -> ProviderOutcome {
        state.withLock { state in
            guard let head = state.head else { return .failed(TransportFailure(.other, mayHaveBeenReceived: true)) }
            let body = state.body.bytes()
            state.body.removeAll()
            return .answered(
                ProviderResponse(
                    status: Int(head.status.code), retryAfter: head.field("retry-after"), date: head.field("date"),
                    contentType: head.field("content-type"), body: body))
        }
    }

    /// What `error`, with which the task has ended, means.
    func failure(for error: any Error) -> TransportFailure {
        state.withLock { state in
            // The connection may still hold the bytes; whoever lets go last wipes them.
            state.sentBody?.wipeIfLastOwner()
            state.sentBody = nil
            return TransportFailure(error, headWasSent: state.headWasSent, hasBody: bodyLength != nil)
        }
    }
}

extension HTTPResponseHead {
    /// The first field of this name, if it is at most 1 KiB.
    fileprivate func field(_ name: String) -> String? {
        headers.first(name: name).flatMap { $0.utf8.count <= 1024 ? $0 : nil }
    }
}
