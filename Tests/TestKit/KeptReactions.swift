internal import OAuth
internal import Synchronization

/// Exchanges that outlive the process, with what the provider has done so far.
final class KeptReactions: Sendable {
    struct Exchange: Sendable {
        var request: ReceivedRequest
        var reaction: Reaction
    }

    private struct State {
        var exchanges: [ExchangeName: Exchange] = [:]
        /// Of a process that has died nothing is heard any more.
        var isDead: @Sendable () -> Bool = { false }
    }

    private let state = Mutex(State())

    var names: Set<ExchangeName> { state.withLock { Set($0.exchanges.keys) } }

    subscript(name: ExchangeName) -> Exchange? {
        get { state.withLock { $0.exchanges[name] } }
        set { state.withLock { $0.exchanges[name] = newValue } }
    }

    func follow(_ vault: VaultDescriptor) { state.withLock { $0.isDead = { vault.isDead } } }

    func forget(_ name: ExchangeName) {
        state.withLock { state in
            if !state.isDead() { state.exchanges[name] = nil }
        }
    }
}
