internal import NIOCore
internal import NIOHTTP1

/// Puts the requests of one connection together, within bounds, and has them answered one after the other.
final class ProviderConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let backend: ProviderBackend
    private let keepsAlive: Bool
    /// Nil between requests, and for the rest of one that was refused.
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var deadline: Scheduled<Void>?

    init(_ backend: ProviderBackend, keepsAlive: Bool) {
        self.backend = backend
        self.keepsAlive = keepsAlive
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, on: context.channel)
        case .body(let bytes): take(bytes, on: context.channel)
        case .end: end(on: context.channel)
        }
    }

    func channelActive(context: ChannelHandlerContext) {
        allow(backend.limits.idleTime, on: context.channel)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    /// Closes the connection unless the next step comes within that time.
    private func allow(_ time: Duration, on channel: any Channel) {
        deadline?.cancel()
        deadline = channel.eventLoop.scheduleTask(in: TimeAmount(time)) { channel.close(promise: nil) }
    }

    private func begin(_ head: HTTPRequestHead, on channel: any Channel) {
        self.head = head
        body = []
        allow(backend.limits.requestTime, on: channel)
    }

    private func take(_ bytes: ByteBuffer, on channel: any Channel) {
        guard head != nil else { return }
        guard body.count + bytes.readableBytes <= backend.limits.bodyBytes else {
            head = nil
            let answer = AuthorizationServer.Answer.html("Content Too Large", status: 413)
            // The deadline of the request stands, should the answer not leave.
            _ = AnswerWriter(channel: channel, answer: answer, keepsAlive: false).send(.whole)
            return
        }
        body += bytes.readableBytesView
    }

    private func end(on channel: any Channel) {
        guard let head else { return }
        self.head = nil
        allow(backend.limits.answerTime, on: channel)
        let address = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = (address.first ?? "").split(separator: "/", maxSplits: 1).map(String.init)
        let provider = parts.first ?? ""
        let query = address.count > 1 ? String(address[1]) : ""
        let request = request(head, path: parts.dropFirst().first ?? "", query: query)
        let reply = backend.respond(to: request, provider: provider)
        // Before it is told, so that whoever is told of a held answer can release it.
        let release = reply?.delivery == .held ? backend.hold(on: channel.eventLoop) : nil
        backend.report(reply?.events ?? [], at: provider)
        AnswerWriter(
            channel: channel, answer: reply?.answer ?? .html("Not Found", status: 404),
            keepsAlive: keepsAlive && head.isKeepAlive
        )
        .send(reply?.delivery ?? .whole, after: release)
        .assumeIsolated().whenComplete { _ in self.finish(on: channel) }
    }

    private func finish(on channel: any Channel) {
        backend.finish()
        if channel.isActive, head == nil { allow(backend.limits.idleTime, on: channel) }
    }

    private func request(_ head: HTTPRequestHead, path: String, query: String) -> AuthorizationServer.Request {
        AuthorizationServer.Request(
            method: head.method.rawValue, path: "/" + path, query: query,
            headers: head.headers.map { AuthorizationServer.Field($0.name, $0.value) }, body: body)
    }
}
