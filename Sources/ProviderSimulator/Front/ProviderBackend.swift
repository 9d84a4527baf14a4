internal import NIOCore
internal import Synchronization

/// What the connections of one ``ProviderServer`` share: the providers, and who is connected.
final class ProviderBackend: Sendable {
    private struct State {
        var providers: [String: AuthorizationServer]
        var connections: [ObjectIdentifier: any Channel] = [:]
        var held: [EventLoopPromise<Void>] = []
        var requestsInFlight = 0
        var peakRequestsInFlight = 0
        var isStopped = false
    }

    let limits: ProviderServer.Limits
    private let state: Mutex<State>
    private let now: @Sendable () -> Moment
    private let onEvent: @Sendable (ProviderEvent) -> Void

    init(
        providers: [String: AuthorizationServer], limits: ProviderServer.Limits,
        now: @escaping @Sendable () -> Moment, onEvent: @escaping @Sendable (ProviderEvent) -> Void
    ) {
        self.limits = limits
        self.state = Mutex(State(providers: providers))
        self.now = now
        self.onEvent = onEvent
    }

    /// Has the named provider answer. Nil if there is none of that name. Whoever asks tells the reply's events with
    /// ``report(_:at:)`` and says ``finish()`` in the end.
    func respond(to request: AuthorizationServer.Request, provider name: String) -> AuthorizationServer.Reply? {
        let now = now()
        return state.withLock { state in
            state.requestsInFlight += 1
            state.peakRequestsInFlight = max(state.peakRequestsInFlight, state.requestsInFlight)
            var random = SystemRandomNumberGenerator()
            return state.providers[name]?.respond(to: request, at: now, random: &random)
        }
    }

    /// What is wrong with the TLS of a connection that comes now. It comes to no provider by name: the first one whose plan
    /// has such a fault decides.
    func handshakeFault() -> Fault.Handshake? {
        let met: (name: String, handshake: Fault.Handshake)? = state.withLock { state in
            for name in state.providers.keys.sorted() {
                if let handshake = state.providers[name]?.handshakeFault() { return (name, handshake) }
            }
            return nil
        }
        if let met { report([.handshake(met.handshake)], at: met.name) }
        return met?.handshake
    }

    func report(_ events: [AuthorizationServer.Event], at name: String) {
        for event in events { onEvent(ProviderEvent(provider: name, event: event)) }
    }

    /// A request that ``respond(to:provider:)`` took is answered, or its connection is gone.
    func finish() {
        state.withLock { $0.requestsInFlight -= 1 }
    }

    var peakRequestsInFlight: Int { state.withLock { $0.peakRequestsInFlight } }

    func withProvider<Result: Sendable>(
        _ name: String, _ body: (inout AuthorizationServer, Moment) -> Result
    ) -> Result? {
        let now = now()
        return state.withLock { state in
            guard state.providers[name] != nil else { return nil }
            return body(&state.providers[name, default: AuthorizationServer()], now)
        }
    }

    func setIssuers(below baseURL: String) {
        state.withLock { state in
            for name in state.providers.keys { state.providers[name]?.issuer = "\(baseURL)/\(name)" }
        }
    }

    /// Takes a connection in, unless there are too many or all is over.
    func admit(_ channel: any Channel) -> Bool {
        let isAdmitted = state.withLock { state in
            guard !state.isStopped, state.connections.count < limits.connections else { return false }
            state.connections[ObjectIdentifier(channel)] = channel
            return true
        }
        guard isAdmitted else { return false }
        channel.closeFuture.whenComplete { [self] _ in
            state.withLock { $0.connections[ObjectIdentifier(channel)] = nil }
        }
        return true
    }

    /// Completes at the next ``releaseHeldAnswers()``, or when all is over. At most one a connection.
    func hold(on eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        let release = eventLoop.makePromise(of: Void.self)
        let isStopped = state.withLock { state in
            if !state.isStopped { state.held.append(release) }
            return state.isStopped
        }
        if isStopped { release.succeed() }
        return release.futureResult
    }

    func releaseHeldAnswers() {
        let held = state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for promise in held { promise.succeed() }
    }

    /// Takes no more connections, and returns those there are.
    func stop() -> [any Channel] {
        state.withLock { state in
            state.isStopped = true
            return Array(state.connections.values)
        }
    }
}
