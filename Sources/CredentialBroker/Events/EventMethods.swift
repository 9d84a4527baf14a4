internal import ConnectedAccounts
internal import JSON
internal import JSONRPC

/// `events.*`
extension BrokerState {
    mutating func eventsSubscribe(
        _ call: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) {
        let parameters = try call.parameters(EventFilter.parameters)
        let scope = try scope(of: caller, sessionID: nil, for: .eventsRead, now: now)
        let filter = try EventFilter(parameters)
        guard !isStopping else { throw .shuttingDown }
        forgetGoneSubscribers()
        guard listening.hasRoom(forAgent: scope.agent.name) else {
            throw .rateLimited(
                retryAfter: .seconds(60),
                "too many subscriptions are open (\(EventListening.limitPerAgent) of one agent, "
                    + "\(EventListening.limit) of all); end some with `events.unsubscribe`")
        }
        let subscriber = EventSubscriber(
            id: newID(prefix: "sub_"), agent: scope.agent.name, caller: caller, filter: filter,
            notifier: call.notifier())
        startListening(now: now)
        listening.add(subscriber)
        needsRefresher = true
        result.object { $0.member("subscriptionId", subscriber.id) }
    }

    mutating func eventsUnsubscribe(
        _ call: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) {
        let id = try call.parameters(["subscriptionId"]).requiredString("subscriptionId")
        let scope = try scope(of: caller, sessionID: nil, for: .eventsRead, now: now)
        guard let subscriber = listening.take(id, ofAgent: scope.agent.name) else {
            throw scope.absence(for: .eventsRead)
        }
        subscriber.end()
        stopListeningIfAlone()
        result.object { $0.member("success", true) }
    }

    // MARK: Subscriptions that end by themselves

    /// After a reload: ends the subscriptions whose agent may see no events any more, or is another one now.
    mutating func endForbiddenSubscriptions() {
        let agents = configuration.agents
        let epoch = epoch
        let ended = listening.takeAll { subscriber in
            guard let index = subscriber.caller.agentIndex(in: agents, epoch: epoch) else { return true }
            return agents[index].name != subscriber.agent || !agents[index].allowsSomewhere(.eventsRead)
        }
        for subscriber in ended { subscriber.endForbidden() }
        stopListeningIfAlone()
        // The margins may be other ones now.
        directory.noteAll()
    }

    private mutating func forgetGoneSubscribers() {
        _ = listening.takeAll(where: \.isGone)
        stopListeningIfAlone()
    }

    // MARK: Listening

    private mutating func startListening(now: BootInstant) {
        guard listening.events == nil else { return }
        directory.noteChanges(true)
        listening.events = ConnectionEvents(with: directory, now: now)
    }

    private mutating func stopListeningIfAlone() {
        guard listening.isEmpty, listening.events != nil else { return }
        listening.events = nil
        directory.noteChanges(false)
    }

    /// Changes that listeners were not told of yet.
    var hasUnannouncedChanges: Bool { directory.hasNotedChanges }

    /// When the listeners must be told something, if nothing changes before.
    func nextAnnouncement(now: BootInstant) -> BootInstant? { listening.events?.nextWake(of: directory, now: now) }

    /// What happened since the last time, for whom it may concern.
    mutating func takeAnnouncements(now: BootInstant) -> Announcements {
        if !listening.isEmpty { forgetGoneSubscribers() }
        let authConfigs = authConfigs
        var events = listening.events?.next(of: &directory, now: now) { authConfigs.timing(of: $0) } ?? []
        guard !events.isEmpty else { return Announcements() }
        for index in events.indices where events[index].reason == .refreshPending {
            guard let slot = directory.slot(id: events[index].connectionID), let connection = directory[slot] else {
                continue
            }
            events[index].reason = shownStatus(connection, at: now).reason
        }
        return Announcements(
            events: events, subscribers: listening.subscribers, agents: configuration.agents, epoch: epoch,
            time: shown(wall(now)))
    }
}

extension [String: AuthConfig] {
    fileprivate func timing(of connection: Connection) -> RefreshTiming {
        self[connection.authConfigID]?.timing ?? RefreshTiming()
    }
}
