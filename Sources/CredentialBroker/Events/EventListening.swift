internal import ConnectedAccounts

/// Who listens to events, and what they have been told so far. While nobody listens nothing is kept and nothing noted.
struct EventListening: Sendable {
    /// Subscriptions at a time, of all agents and of one.
    static let limit = 512
    static let limitPerAgent = 64

    private(set) var subscribers: [EventSubscriber] = []
    /// Nil while nobody listens.
    var events: ConnectionEvents?

    var isEmpty: Bool { subscribers.isEmpty }

    func hasRoom(forAgent name: String) -> Bool {
        subscribers.count < Self.limit && subscribers.count { $0.agent == name } < Self.limitPerAgent
    }

    mutating func add(_ subscriber: EventSubscriber) { subscribers.append(subscriber) }

    /// Takes out an agent's subscription.
    mutating func take(_ id: String, ofAgent name: String) -> EventSubscriber? {
        guard let index = subscribers.firstIndex(where: { $0.id == id && $0.agent == name }) else { return nil }
        return subscribers.remove(at: index)
    }

    /// Takes out those who meet the condition.
    mutating func takeAll(where condition: (EventSubscriber) -> Bool) -> [EventSubscriber] {
        let taken = subscribers.filter(condition)
        if !taken.isEmpty { subscribers.removeAll(where: condition) }
        return taken
    }
}

/// Events, and those who may have asked for them: what a round of the refresher hands out, outside the lock.
struct Announcements: Sendable {
    var events: [ConnectionEvent] = []
    var subscribers: [EventSubscriber] = []
    var agents: [Agent] = []
    var epoch: UInt64 = 0
    /// When they were noticed.
    var time: String?

    /// Sends each subscriber what it asked for and its agent may see. Waits for nobody.
    func deliver() {
        guard !events.isEmpty else { return }
        for subscriber in subscribers where !subscriber.isGone {
            guard let index = subscriber.caller.agentIndex(in: agents, epoch: epoch) else { continue }
            let agent = agents[index]
            for event in events where subscriber.filter.admits(event) && agent.maySee(event) {
                subscriber.send(event, at: time)
            }
        }
    }
}

extension Agent {
    fileprivate func maySee(_ event: ConnectionEvent) -> Bool {
        operations(userID: event.userID, toolkit: event.toolkit, connectionID: event.connectionID)
            .contains(.eventsRead)
    }
}
