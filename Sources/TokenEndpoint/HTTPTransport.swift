import AsyncHTTPClient
package import NIOCore
import NIOSSL
package import OAuth
import SecretBytes
import Synchronization

/// Sends requests to providers with async-http-client.
///
/// TLS is 1.2 or newer; certificates and names are always verified. Redirects are not followed, nothing is sent twice, and no proxy is used:
/// the environment's `https_proxy` and its kin are not looked at, for whoever sets an environment variable should not
/// thereby choose where credentials travel. HTTP/1.1 only: with one request to a connection, a connection that hangs
/// stalls only its own request. Bodies are not decompressed and so cannot grow; header fields are bounded by NIO (256,
/// 2 MiB in all).
///
/// A host that is not this machine as it is written must lead to the internet, unless ``allow(privateHosts:)`` names it.
///
/// The owner calls ``shutdown(within:)`` before letting go of it.
package final class HTTPTransport: ProviderTransport {
    /// One for each reach, so that no connection is used for a host that may not lead where it does.
    private let clients: [ConnectedAddress.Reach: HTTPClient]
    private let privateHosts = Mutex<Set<String>>([])
    let clock: any Clock<Duration>
    let loop: any EventLoop
    let maximumBodyLength: Int
    let keeper: (any ExchangeKeeping)?
    let exchanges = ExchangeTable()
    let keptAnswers = Mutex(KeptAnswers())

    /// A transport that lives on one loop of `group`, which must outlive it. Timeouts are measured on `clock`; the
    /// default one counts the time that the machine is suspended, as NIO's timers do not.
    ///
    /// One loop, because async-http-client (1.37) traps when a request and its connection are on two and a connection
    /// ends just after an early answer: "a connection that we don't know was released".
    ///
    /// `keeper` keeps the exchanges that have a name (``ProviderRequest/keptAs``) beyond the end of the process.
    package init(
        group: any EventLoopGroup, configuration: HTTPTransportConfiguration = .init(),
        clock: any Clock<Duration> = ContinuousClock(), keeper: (any ExchangeKeeping)? = nil
    ) {
        self.loop = group.next()
        self.clock = clock
        self.keeper = keeper
        self.maximumBodyLength = configuration.maximumBodyLength
        var clients: [ConnectedAddress.Reach: HTTPClient] = [:]
        for reach in ConnectedAddress.Reach.allCases {
            clients[reach] = HTTPClient(
                eventLoopGroupProvider: .shared(loop),
                configuration: HTTPClient.Configuration(configuration, exchanges, reach, keeper))
        }
        self.clients = clients
    }

    /// Lets these hosts, by their names in lower case, and no others lead to private addresses and, by a name other than
    /// `localhost`, to this machine.
    package func allow(privateHosts: Set<String>) {
        self.privateHosts.withLock { $0 = privateHosts }
    }

    private func reach(of request: borrowing ProviderRequest) -> ConnectedAddress.Reach {
        // One that is no address at all is refused where the message is made.
        guard let address = try? EndpointAddress.validate(request.url) else { return .internet }
        if address.isLoopback { return .thisMachine }
        return privateHosts.withLock { $0.contains(address.host) } ? .privateNetwork : .internet
    }

    package func send(_ request: consuming ProviderRequest, timeout: Duration) async -> ProviderOutcome {
        let exchange = HTTPExchange(
            authorization: request.authorization.take(), body: request.body.take(), mayLeave: request.mayLeave,
            keptAs: keeper == nil ? nil : request.keptAs, maximumBodyLength: maximumBodyLength)
        let number = exchanges.insert(exchange)
        defer { exchanges.remove(number) }
        let message: HTTPClient.Request
        let client = clients[reach(of: request)]
        do {
            message = try HTTPClient.Request(request, body: exchange.requestBody(on: loop), exchange: number)
        } catch {
            return .failed(TransportFailure(error))
        }
        guard let client, !Task.isCancelled else {
            return .failed(TransportFailure(.cancelled, mayHaveBeenReceived: false))
        }
        let task = client.execute(request: message, delegate: exchange)
        // Cancelled, and waited for, when this scope ends.
        async let _ = expire(task, after: max(timeout, .zero))
        do {
            try await withTaskCancellationHandler {
                try await task.futureResult.get()
            } onCancel: {
                task.cancel()
            }
        } catch {
            return .failed(exchange.failure(for: error))
        }
        return exchange.outcome()
    }

    private func expire(_ task: HTTPClient.Task<Void>, after timeout: Duration) async {
        guard (try? await clock.sleep(for: timeout)) != nil else { return }
        task.fail(reason: HTTPClientError.deadlineExceeded)
    }

    /// Ends the requests in flight and closes the connections. Returns when that is done, or after `limit`; what is
    /// left then (a peer that does not answer the end of TLS) goes on in the background.
    package func shutdown(within limit: Duration = .seconds(5)) async {
        let done = loop.makePromise(of: Void.self)
        let alarm = loop.scheduleTask(in: TimeAmount(limit)) { done.succeed() }
        let closing = EventLoopFuture.andAllComplete(clients.values.map { $0.shutdown() }, on: loop)
        closing.whenComplete { _ in done.succeed() }
        // The promise is only ever kept, never broken.
        try? await done.futureResult.get()
        alarm.cancel()
    }
}

extension HTTPClient.Configuration {
    fileprivate init(
        _ bounds: HTTPTransportConfiguration, _ exchanges: ExchangeTable, _ reach: ConnectedAddress.Reach,
        _ keeper: (any ExchangeKeeping)?
    ) {
        var tls = TLSConfiguration.makeClientConfiguration()
        // NIOSSL's own default is 1.0 (RFC 8996 forbids what is older than 1.2).
        tls.minimumTLSVersion = .tlsv12
        if let file = bounds.trustRootsFile { tls.trustRoots = .file(file) }
        let trafficSecrets = TrafficSecrets()
        if keeper != nil { tls.keyLogCallback = { trafficSecrets.note($0) } }
        self.init(
            tlsConfiguration: tls, redirectConfiguration: .disallow,
            timeout: Timeout(connect: TimeAmount(bounds.connectTimeout)), proxy: nil, decompression: .disabled)
        httpVersion = .http1Only
        dnsOverride = bounds.resolvedNames
        maximumUsesPerConnection = bounds.idleTimeout == nil ? 1 : nil
        connectionPool.idleTimeout = TimeAmount(bounds.idleTimeout ?? .seconds(1))
        connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = max(bounds.connectionsPerHost, 1)
        // Whoever asked decides whether to ask again, and says so to the provider's limits.
        connectionPool.retryConnectionEstablishment = false
        // Named for debugging, but it is the one hook between the handshake and the request.
        http1_1ConnectionDebugInitializer = { channel in
            let check = ConnectedAddress.check(channel, within: reach)
            guard let keeper else { return check.flatMapThrowing { try exchanges.install(nil, in: channel) } }
            let recorder = AnswerRecorder.make(keeper, trafficSecrets, for: channel)
            return check.and(recorder).flatMapThrowing { try exchanges.install($1?.value, in: channel) }
        }
    }
}
