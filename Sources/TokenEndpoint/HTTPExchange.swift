import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import OAuth
import SecretBytes
import Synchronization
import WipedByteBuffers

/// One request and its answer: notes how far the request got, gathers the answer, and wipes the bytes on their way.
///
/// async-http-client calls it on the task's event loop; the result is read after the task has ended.
final class HTTPExchange: HTTPClientResponseDelegate {
    typealias Response = Void

    /// The request was not to leave any more.
    struct Withheld: Error {}

    private struct State: ~Copyable {
        var authorization: SecretBytes?
        var pendingBody: SecretBytes?
        var sentBody: ByteBuffer?
        var headWasSent = false
        var recorder: NIOLoopBound<AnswerRecorder>?
        var isLeft = false
        var gathered: AnswerGatherer
    }

    private let state: Mutex<State>
    private let mayLeave: (@Sendable () -> Bool)?
    private let keptAs: ExchangeName?
    private let bodyLength: Int?

    init(
        authorization: consuming SecretBytes?, body: consuming SecretBytes?, mayLeave: (@Sendable () -> Bool)?,
        keptAs: ExchangeName?, maximumBodyLength: Int
    ) {
        self.mayLeave = mayLeave
        self.keptAs = keptAs
        switch body {
        case .some(let body): bodyLength = body.count
        case .none: bodyLength = nil
        }
        state = Mutex(
            State(
                authorization: authorization, pendingBody: body,
                gathered: AnswerGatherer(maximumBodyLength: maximumBodyLength)))
    }

    /// The authorization, which leaves its secret buffer only when the connection takes it.
    func takeAuthorization() -> SecretBytes? {
        state.withLock { $0.authorization.take() }
    }

    /// The body to send, which leaves its secret buffer only when the connection takes it.
    func requestBody(on loop: any EventLoop) -> HTTPClient.Body? {
        guard let bodyLength else { return nil }
        return .stream(contentLength: Int64(bodyLength)) { [self] writer in
            // Kept before it is noted that it was sent: what is noted and not kept is lost by a crash.
            if let keptAs { recorder?.begin(keptAs) }
            guard mayLeave?() ?? true else { return loop.makeFailedFuture(Withheld()) }
            return writer.write(.byteBuffer(takeBody()))
        }
    }

    /// The connection that is to carry it. To be called on the connection's event loop, as ``recorder`` is.
    func goes(through recorder: NIOLoopBound<AnswerRecorder>) {
        state.withLock { $0.recorder = recorder }
    }

    /// What records the answer, once there is a connection, and if exchanges are kept.
    private var recorder: AnswerRecorder? { state.withLock { $0.recorder }?.value }

    /// Ends the wait for its answer, if the next process can go on with it. To be called on the connection's event loop.
    func leave() {
        guard let recorder, recorder.isKept else { return }
        // Before the connection ends, of which its sender hears at once.
        state.withLock { $0.isLeft = true }
        recorder.leave()
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
        task.eventLoop.makeCompletedFuture { try state.withLock { try $0.gathered.take(head) } }
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ part: ByteBuffer) -> EventLoopFuture<Void> {
        task.eventLoop.makeCompletedFuture { try state.withLock { try $0.gathered.take(part) } }
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) {}

    // MARK: The result

    /// The answer, once the task has succeeded.
    func outcome() -> ProviderOutcome {
        state.withLock { state in
            // An answer that ends with its connection looks whole when that is left.
            guard !state.isLeft else { return .failed(TransportFailure(.left, mayHaveBeenReceived: true)) }
            return state.gathered.outcome()
        }
    }

    /// What `error`, with which the task has ended, means.
    func failure(for error: any Error) -> TransportFailure {
        state.withLock { state in
            // The connection may still hold the bytes; whoever lets go last wipes them.
            state.sentBody?.wipeIfLastOwner()
            state.sentBody = nil
            guard !state.isLeft else { return TransportFailure(.left, mayHaveBeenReceived: true) }
            return TransportFailure(error, headWasSent: state.headWasSent, hasBody: bodyLength != nil)
        }
    }
}
