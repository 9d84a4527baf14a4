internal import ConnectedAccounts
internal import JSON
internal import JSONRPC
internal import Synchronization

/// One subscription, and how far its peer lags behind.
///
/// An event for which there is no room is dropped and counted. As soon as there is room the peer is told how many it has missed,
/// before any later event: what it knows then is old, and it should list again.
final class EventSubscriber: Sendable {
    let id: String
    /// The agent's name: the subscription is its own.
    let agent: String
    let caller: Caller
    let filter: EventFilter
    private let notifier: RPCNotifier
    private let missed = Mutex(0)

    init(id: String, agent: String, caller: Caller, filter: EventFilter, notifier: RPCNotifier) {
        self.id = id
        self.agent = agent
        self.caller = caller
        self.filter = filter
        self.notifier = notifier
        notifier.callWhenRoom { [weak self] in self?.tellMissed() }
    }

    var isGone: Bool { notifier.isAbandoned || notifier.hasEnded }

    /// Sends an event, or counts it as missed.
    func send(_ event: ConnectionEvent, at time: String?) {
        missed.withLock { missed in
            guard tell(&missed), notifier.notify("event", { write(event, at: time, into: &$0) }) else {
                missed += 1
                return
            }
        }
    }

    /// Nothing comes after this.
    func end() { notifier.end() }

    /// Ends it, and says that its agent may not see events any more.
    func endForbidden() {
        notifier.end(with: "event") { writer in
            writer.object { event in
                event.member("subscriptionId", id)
                event.member("type", "ended" as StaticString)
                event.member("reason", "FORBIDDEN" as StaticString)
            }
        }
    }

    private func tellMissed() {
        missed.withLock { _ = tell(&$0) }
    }

    /// False if there is something to tell and no room for it.
    private func tell(_ missed: inout Int) -> Bool {
        guard missed > 0 else { return true }
        let count = missed
        let isTold = notifier.notify("event") { writer in
            writer.object { event in
                event.member("subscriptionId", id)
                event.member("type", "lagged" as StaticString)
                event.member("missed", count)
            }
        }
        if isTold { missed = 0 }
        return isTold
    }

    private func write(_ event: ConnectionEvent, at time: String?, into writer: inout JSONWriter) {
        writer.object { result in
            result.member("subscriptionId", id)
            result.member("type", event.kind.rawValue)
            result.member("connectionId", event.connectionID)
            result.member("userId", event.userID)
            result.member("toolkit", event.toolkit)
            result.member("status", event.status.rawValue)
            result.member("statusReason", event.reason?.slug)
            result.member("generation", event.generation)
            result.member("at", time)
        }
    }
}
