internal import NIOCore
internal import NIOHTTP1
package import NIOPosix
internal import NIOSSL

/// Simulated providers on one loopback address, over HTTP with TLS or without; the first part of the path names the provider:
/// `http://127.0.0.1:PORT/github/token`.
///
/// It stands directly on NIO's HTTP codec, and not on a web framework: half of the faults are things that a framework
/// takes care never to do, such as a reset, a head without a body, or a body that comes byte by byte.
package final class ProviderServer: Sendable {
    /// `http://127.0.0.1:PORT`, or `https`, without a final slash.
    package let baseURL: String
    package let port: Int
    private let listener: any Channel
    private let backend: ProviderBackend

    /// Bounds on what clients may do.
    package struct Limits: Sendable {
        /// One connection more is closed at once.
        package var connections = 1024
        /// Bytes of a request's body; more is answered with 413.
        package var bodyBytes = 64 << 10
        /// From a request's head to its end.
        package var requestTime: Duration = .seconds(10)
        /// From a request's end to the answer's end: a hang lasts this long.
        package var answerTime: Duration = .seconds(120)
        /// From an answer to the next request's head. Longer than common clients keep an idle connection
        /// (async-http-client: 60 s), so that they close it and never meet it half closed.
        package var idleTime: Duration = .seconds(120)

        package init() {}
    }

    /// Why the server does not start.
    package struct StartError: Error, Equatable, CustomStringConvertible {
        /// A sentence for the person who started it.
        package var description: String
    }

    private init(listener: any Channel, port: Int, host: String, isTLS: Bool, backend: ProviderBackend) {
        self.listener = listener
        self.port = port
        self.backend = backend
        baseURL = (isTLS ? "https://" : "http://") + (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
    }

    /// Listens and answers until ``stop()``.
    ///
    /// The host must be a loopback address, as nothing here is secret; port 0 is any that is free. The providers go by the
    /// name that stands first in their paths, and get their issuers here. With an `authority` there is TLS, and each
    /// connection is for one request, so that each may meet a fault of it. `onEvent` is called for each event as it
    /// happens, on an event loop, and must not block. Throws if it cannot listen there.
    package static func start(
        host: String = "127.0.0.1", port: Int = 0, providers: [String: AuthorizationServer],
        limits: Limits = Limits(), authority: SimulatedAuthority? = nil,
        group: MultiThreadedEventLoopGroup = .singleton,
        now: @escaping @Sendable () -> Moment = { .current() },
        onEvent: @escaping @Sendable (ProviderEvent) -> Void = { _ in }
    ) async throws(StartError) -> ProviderServer {
        guard ["127.0.0.1", "::1"].contains(host) else {
            throw StartError(description: "the simulator listens on 127.0.0.1 or ::1 only, not on \(host)")
        }
        let backend = ProviderBackend(providers: providers, limits: limits, now: now, onEvent: onEvent)
        do {
            let listener = try await bootstrap(backend, authority, group).bind(host: host, port: port).get()
            let server = ProviderServer(
                listener: listener, port: listener.localAddress?.port ?? port, host: host, isTLS: authority != nil,
                backend: backend)
            backend.setIssuers(below: server.baseURL)
            return server
        } catch {
            throw StartError(description: "cannot listen on \(host) port \(port): \(error)")
        }
    }

    /// Closes the listener and every connection at once, whatever is under way on them, and returns when they are gone.
    package func stop() async {
        await closed(listener)
        for connection in backend.stop() { await closed(connection) }
        backend.releaseHeldAnswers()
    }

    /// Reads or changes one provider, with the present instant. Nil if there is none of that name.
    @discardableResult
    package func withProvider<Result: Sendable>(
        _ name: String, _ body: (inout AuthorizationServer, Moment) -> Result
    ) -> Result? {
        backend.withProvider(name, body)
    }

    /// Sends the answers that the fault ``Fault/held`` keeps back.
    package func releaseHeldAnswers() { backend.releaseHeldAnswers() }

    /// The largest number of requests that were ever under way at one time.
    package var peakRequestsInFlight: Int { backend.peakRequestsInFlight }

    private static func bootstrap(
        _ backend: ProviderBackend, _ authority: SimulatedAuthority?, _ group: MultiThreadedEventLoopGroup
    ) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard backend.admit(channel) else {
                        throw StartError(description: "there are as many connections as the simulator takes")
                    }
                    let pipeline = channel.pipeline.syncOperations
                    if let authority {
                        let handshake = backend.handshakeFault()
                        guard let context = authority.context(for: handshake) else {
                            return try pipeline.addHandler(BrokenHandshake(handshake ?? .plaintext))
                        }
                        try pipeline.addHandler(NIOSSLServerHandler(context: context))
                    }
                    try pipeline.configureHTTPServerPipeline(withErrorHandling: true)
                    try pipeline.addHandler(ProviderConnection(backend, keepsAlive: authority == nil))
                }
            }
    }

    private func closed(_ channel: any Channel) async {
        channel.close(promise: nil)
        await withCheckedContinuation { continuation in
            channel.closeFuture.whenComplete { _ in continuation.resume() }
        }
    }
}

/// An event at one of the providers of a ``ProviderServer``.
package struct ProviderEvent: Sendable, Equatable, CustomStringConvertible {
    package var provider: String
    package var event: AuthorizationServer.Event

    /// One line for a person to read.
    package var description: String { "\(provider): \(event)" }
}
