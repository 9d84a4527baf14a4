internal import ConnectedAccounts
package import OAuth

/// A provider for the refresher that really runs: each request goes to `respond`, which may take its time.
package struct ScriptedTransport: ProviderTransport {
    let clock: ManualClock
    private let respond: @Sendable (ReceivedRequest) async -> Reaction
    private let exchanges: KeptReactions

    package init(clock: ManualClock, respond: @escaping @Sendable (ReceivedRequest) async -> Reaction) {
        self.init(clock: clock, exchanges: KeptReactions(), respond: respond)
    }

    private init(
        clock: ManualClock, exchanges: KeptReactions, respond: @escaping @Sendable (ReceivedRequest) async -> Reaction
    ) {
        self.clock = clock
        self.exchanges = exchanges
        self.respond = respond
    }

    /// Without a script: for worlds that drive the broker step by step, and never send.
    package init(clock: ManualClock) {
        self.init(clock: clock, exchanges: KeptReactions())
    }

    /// … and answers of an earlier process are had from `exchanges`.
    init(clock: ManualClock, exchanges: KeptReactions) {
        self.init(clock: clock, exchanges: exchanges) { _ in .unreachable }
    }

    package func send(_ request: consuming ProviderRequest, timeout: Duration) async -> ProviderOutcome {
        guard request.mayLeave?() ?? true else {
            return .failed(TransportFailure(.withheld, mayHaveBeenReceived: false))
        }
        let received = ReceivedRequest(request, at: clock.now, timeout: timeout)
        let outcome = await respond(received).outcome
        switch consume outcome {
        case .some(let outcome): return outcome
        case .none: return .failed(TransportFailure(.timeout, mayHaveBeenReceived: true))
        }
    }

    package func answer(to name: ExchangeName, timeout: Duration) async -> ProviderOutcome {
        .failed(TransportFailure(.connectionClosed, mayHaveBeenReceived: true))
    }

    package func forget(_ name: ExchangeName) { exchanges.forget(name) }
}
