package import ConnectedAccounts
package import OAuth
internal import ProviderCatalog
internal import SecretBytes

/// The waiting part of the broker: sleeps until something is due, sends what may be sent, takes in the answers.
extension Broker {
    /// The longest sleep: the refresher shows at least this often that it lives, and notices that the wall clock was set.
    private static var longestSleep: Duration { .seconds(2) }

    /// Runs until the task is cancelled. What was sent before is then still taken in, bounded by its own time.
    package func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let (tickets, wake) = beginRound()
                for job in takeJobs() { group.addTask { await self.perform(job) } }
                for ticket in tickets {
                    // A refresh that was sent is finished even if the daemon is told to stop: its tokens exist from then on.
                    group.addTask { await Task.detached { await self.refresh(ticket) }.value }
                }
                compactVault()
                await sleep(until: wake)
            }
        }
        deliverAudit(withState { state, _ in state.audit.take() })
    }

    private func sleep(until wake: BootInstant?) async {
        let latest = clock.now.advanced(by: Self.longestSleep)
        let deadline = min(wake ?? latest, latest)
        await withTaskGroup { group in
            group.addTask { try? await self.clock.sleep(until: deadline, tolerance: nil) }
            group.addTask { await self.doorbell.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    private func refresh(_ ticket: RefreshScheduler.Ticket) async {
        var attempt = RefreshAttempt(ticket)
        while let exchange = next(&attempt) {
            switch consume exchange {
            case .send(let request, let timeout):
                take(await transport.send(request, timeout: timeout), of: &attempt)
            case .awaitAnswer(let name, let timeout):
                take(await transport.answer(to: name, timeout: timeout), of: &attempt)
            }
        }
    }
}

/// The steps of the refresher, none of which waits: ``Broker/run()`` takes them as time passes, a test as it likes.
extension Broker {
    /// Answers those whose time is up, and gives what is to be sent now, and when to look again.
    package func beginRound() -> (tickets: [RefreshScheduler.Ticket], wake: BootInstant?) {
        let round = withState { state, now in state.round(now: now) }
        for call in round.finished { call.deliver() }
        round.announcements.deliver()
        deliverAudit(round.audit)
        if let isExpected = round.changedExpectation { expectBrowsers.yield(isExpected) }
        countRound()
        return (round.tickets, round.wake)
    }

    /// What the attempt sends next; nil when it is over.
    package func next(_ attempt: inout RefreshAttempt) -> RefreshExchange? {
        switch attempt.stage {
        case .preparing where attempt.ticket.isTakenOver: return awaitAnswer(&attempt)
        case .preparing: return prepare(&attempt)
        case .discovering(let authConfigID, let issuer, let locations):
            return discover(issuer, for: authConfigID, at: locations, &attempt)
        case .asking, .sent, .over: return nil
        }
    }

    /// Takes in how the last exchange ended.
    package func take(_ outcome: consuming ProviderOutcome, of attempt: inout RefreshAttempt) {
        switch attempt.stage {
        case .preparing, .over: return
        case .discovering(let authConfigID, let issuer, let locations):
            guard case .answered(let response) = outcome,
                let metadata = try? ServerMetadata.read(response, issuer: issuer)
            else {
                attempt.stage = .discovering(
                    authConfigID: authConfigID, issuer: issuer, locations: Array(locations.dropFirst()))
                return
            }
            withState { state, _ in state.learn(metadata, of: authConfigID) }
            attempt.stage = .preparing
        case .asking(let description):
            guard let failure = silence(in: outcome, description) else {
                attempt.hasAnswered = true
                attempt.stage = .preparing
                return
            }
            end(&attempt) { state, ticket, now in state.stillFailing(ticket, failure: failure, now: now) }
        case .sent where outcome.wasLeft:
            // Not its end: what is in the vault says that it was sent.
            attempt.stage = .over
        case .sent where outcome.wasWithheld:
            end(&attempt) { state, ticket, now in state.abandon(ticket, now: now) }
        case .sent(let description):
            let read = Handover(TokenAnswerReader.read(outcome, description: description, receivedAt: wallSeconds))
            end(&attempt) { state, ticket, now in
                let lost = TokenFailure(failureClass: .transient, reason: "lost", mayHaveBeenApplied: true)
                return state.finish(ticket, outcome: read.take() ?? .failed(lost), now: now)
            }
        }
    }

    /// Nil if whoever answers so to a request without a token would hardly have lost one; that it is refused is the point.
    private func silence(
        in outcome: consuming ProviderOutcome, _ description: TokenEndpointDescription
    ) -> TokenFailure? {
        switch TokenAnswerReader.read(outcome, description: description, receivedAt: wallSeconds) {
        case .granted: return nil
        case .failed(let failure) where failure.failureClass != .transient: return nil
        case .failed(let failure):
            let isLimit = failure.status == 429 || failure.status == 408 || failure.retryAfter != nil
            return failure.status == nil || failure.mayHaveBeenApplied || isLimit ? failure : nil
        }
    }

    private func prepare(_ attempt: inout RefreshAttempt) -> RefreshExchange? {
        let (ticket, hasAnswered) = (attempt.ticket, attempt.hasAnswered)
        let prepared = withState { state, now in
            Handover(state.prepare(ticket, hasAnswered: hasAnswered, now: now))
        }
        switch prepared.take() ?? .obsolete {
        case .obsolete: end(&attempt) { state, ticket, now in state.abandon(ticket, now: now) }
        case .unbuildable: end(&attempt) { state, ticket, now in state.unbuildable(ticket, now: now) }
        case .nothingToPresent: end(&attempt) { state, ticket, now in state.nothingToPresent(ticket, now: now) }
        case .graceOver: end(&attempt) { state, ticket, now in state.graceOver(ticket, now: now) }
        case .discover(let authConfigID, let issuer):
            return discover(issuer, for: authConfigID, at: ServerMetadata.Location.allCases, &attempt)
        case .ask(let request, let timeout, let description):
            attempt.stage = .asking(description)
            return .send(request, timeout: timeout)
        case .send(let request, let timeout, let description):
            return send(request, timeout: timeout, description, &attempt)
        case .sign(let grant, let timeout):
            guard let request = grant.request(now: wallSeconds) else {
                end(&attempt) { state, ticket, now in state.unbuildable(ticket, now: now) }
                return nil
            }
            return send(request, timeout: timeout, grant.description, &attempt)
        }
        return nil
    }

    private func awaitAnswer(_ attempt: inout RefreshAttempt) -> RefreshExchange? {
        let ticket = attempt.ticket
        let (name, reading) = withState { state, now in state.awaited(ticket, now: now) }
        attempt.keptAs = name
        guard let name, let reading else {
            end(&attempt) { state, ticket, now in state.abandon(ticket, now: now) }
            return nil
        }
        attempt.stage = .sent(reading.description)
        return .awaitAnswer(of: name, timeout: reading.timeout)
    }

    private func send(
        _ request: consuming ProviderRequest, timeout: Duration, _ description: TokenEndpointDescription,
        _ attempt: inout RefreshAttempt
    ) -> RefreshExchange {
        let ticket = attempt.ticket
        request.mayLeave = { [self] in withState { state, now in state.leaves(ticket, now: now) } }
        attempt.stage = .sent(description)
        attempt.keptAs = request.keptAs
        return .send(request, timeout: timeout)
    }

    /// Asks for the issuer's metadata (OpenID Connect Discovery, RFC 8414) at the first of the locations.
    private func discover(
        _ issuer: String, for authConfigID: String, at locations: [ServerMetadata.Location],
        _ attempt: inout RefreshAttempt
    ) -> RefreshExchange? {
        guard let location = locations.first, let request = try? ServerMetadata.request(issuer: issuer, at: location)
        else {
            end(&attempt) { state, ticket, now in state.discoveryFailed(ticket, now: now) }
            return nil
        }
        attempt.stage = .discovering(authConfigID: authConfigID, issuer: issuer, locations: locations)
        return .send(request, timeout: .seconds(30))
    }

    private func end(
        _ attempt: inout RefreshAttempt,
        _ body: (inout BrokerState, RefreshScheduler.Ticket, BootInstant) -> [FinishedCall]
    ) {
        let ticket = attempt.ticket
        attempt.stage = .over
        let finished = withState { state, now in body(&state, ticket, now) }
        // What it brought is in the vault by now, and need not be had again.
        if let name = attempt.keptAs { transport.forget(name) }
        for call in finished { call.deliver() }
        doorbell.ring()
    }
}

/// One refresh on its way through its exchanges with the provider: the issuer's metadata first, where they are not known,
/// and a question without a token, where the endpoint was failing.
package struct RefreshAttempt: Sendable {
    enum Stage: Sendable {
        case preparing
        case discovering(authConfigID: String, issuer: String, locations: [ServerMetadata.Location])
        case asking(TokenEndpointDescription)
        case sent(TokenEndpointDescription)
        case over
    }

    let ticket: RefreshScheduler.Ticket
    var stage = Stage.preparing
    /// The endpoint was asked first, and answered as one that works.
    var hasAnswered = false
    /// The name under which its exchange may be kept.
    var keptAs: ExchangeName?

    /// The attempt for which the ticket is the leave. It must be gone through to its end.
    package init(_ ticket: RefreshScheduler.Ticket) {
        self.ticket = ticket
    }
}

/// What an attempt needs of the provider next, and how long that is waited for.
package enum RefreshExchange: ~Copyable, Sendable {
    case send(ProviderRequest, timeout: Duration)
    /// The answer to what an earlier process has sent.
    case awaitAnswer(of: ExchangeName, timeout: Duration)
}

/// What one round of the refresher has to do.
struct RefresherRound: Sendable {
    var tickets: [RefreshScheduler.Ticket]
    var finished: [FinishedCall]
    var announcements: Announcements
    var audit: (records: [AuditRecord], dropped: Int)
    /// Whether browsers may come back, if that is to be said.
    var changedExpectation: Bool?
    var wake: BootInstant?
}

extension BrokerState {
    mutating func round(now: BootInstant) -> RefresherRound {
        let finished = expireLinks(now: now) + expireWaiting(now: now) + continueHandover(now: now)
        sessions.removeExpired(now: now)
        retryIdentities(now: now)
        let tickets = dueRefreshes(now: now)
        let mustWrite = audit.isDue(now: now, if: settings.auditHasRoom)
        let batch = mustWrite ? audit.take() : ([], 0)
        let announcements = takeAnnouncements(now: now)
        return RefresherRound(
            tickets: tickets, finished: finished, announcements: announcements, audit: batch,
            changedExpectation: changedExpectation(), wake: nextWake(now: now))
    }

    private func nextWake(now: BootInstant) -> BootInstant? {
        let instants = [
            scheduler.nextWake(now: now), waiting.nextDeadline, links.nextExpiry, audit.writeAt,
            nextAnnouncement(now: now), identityRetryAt, nextHandoverDeadline,
        ]
        return instants.compactMap(\.self).min()
    }

    /// The issuer has said where its endpoints are; what the configuration says of them stands.
    mutating func learn(_ metadata: ServerMetadata, of authConfigID: String) {
        guard var authConfig = authConfigs[authConfigID], authConfig.endpoints.issuer == metadata.issuer else { return }
        authConfig.metadata = metadata
        if authConfig.endpoints.needsDiscovery {
            authConfig.endpoints.tokenEndpoint?.url = metadata.tokenEndpoint
            if !authConfig.endpoints.statesClientAuthentication, let method = metadata.clientAuthentication {
                authConfig.endpoints.tokenEndpoint?.clientAuthentication = method
            }
        }
        authConfigs[authConfigID] = authConfig
    }

    /// The issuer's metadata could not be read: nothing was presented, so it is simply tried again.
    mutating func discoveryFailed(_ ticket: RefreshScheduler.Ticket, now: BootInstant) -> [FinishedCall] {
        let failure = TokenFailure(
            failureClass: .transient, reason: StatusReason.upstreamUnavailable.slug, mayHaveBeenApplied: false)
        return finish(ticket, outcome: .failed(failure), now: now)
    }
}
