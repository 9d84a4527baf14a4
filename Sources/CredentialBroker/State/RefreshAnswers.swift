internal import ConnectedAccounts
internal import JSON
internal import OAuth
internal import ProviderCatalog
internal import SecretBytes
internal import SecretVault

/// Takes in how refreshes ended: what each answer, and each kind of silence, means for its connection.
extension BrokerState {
    /// Takes in how a refresh ended, and gives the calls that can be answered now.
    mutating func finish(
        _ ticket: RefreshScheduler.Ticket, outcome: consuming TokenOutcome, now: BootInstant
    ) -> [FinishedCall] {
        switch consume outcome {
        case .granted(let answer): succeed(ticket, answer: answer, now: now)
        case .failed(let failure):
            let consequence = consequence(of: failure, ticket: ticket, now: now)
            return conclude(ticket, failure, consequence, now: now)
        }
        needsRefresher = true
        continueDeletion(of: ticket.slot)
        return retry(waiting.take(slot: ticket.slot), now: now)
    }

    /// Not sent after all: nothing was presented, and nothing learnt of the provider.
    mutating func abandon(_ ticket: RefreshScheduler.Ticket, now: BootInstant) -> [FinishedCall] {
        _ = scheduler.abandoned(ticket, now: now, jitter: jitter())
        needsRefresher = true
        continueDeletion(of: ticket.slot)
        return retry(waiting.take(slot: ticket.slot), now: now)
    }

    /// Not sent, because the operator must mend the auth config first; its other connections need not try.
    mutating func unbuildable(_ ticket: RefreshScheduler.Ticket, now: BootInstant) -> [FinishedCall] {
        let failure = TokenFailure(
            failureClass: .brokenApp, reason: StatusReason.credentialsMissing.slug, mayHaveBeenApplied: false)
        return conclude(ticket, failure, .brokenApp(.credentialsMissing), wasSent: false, now: now)
    }

    /// Not sent, because there is nothing to send: its user must connect again.
    mutating func nothingToPresent(_ ticket: RefreshScheduler.Ticket, now: BootInstant) -> [FinishedCall] {
        let failure = TokenFailure(
            failureClass: .deadGrant, reason: StatusReason.credentialsMissing.slug, mayHaveBeenApplied: false)
        return conclude(ticket, failure, .dead(.credentialsMissing), wasSent: false, now: now)
    }

    /// Not sent, because it may not be presented again.
    mutating func graceOver(_ ticket: RefreshScheduler.Ticket, now: BootInstant) -> [FinishedCall] {
        let failure = TokenFailure(
            failureClass: .transient, reason: StatusReason.uncertain.slug, mayHaveBeenApplied: true)
        return conclude(ticket, failure, .uncertain(.notAsked), now: now)
    }

    /// Its token not sent, because the endpoint, asked without one, does not answer as one that works.
    mutating func stillFailing(
        _ ticket: RefreshScheduler.Ticket, failure: TokenFailure, now: BootInstant
    ) -> [FinishedCall] {
        var unpresented = failure
        unpresented.mayHaveBeenApplied = false
        return conclude(
            ticket, unpresented, .stillFailing(failure.ofQuestion, retryAfter: failure.retryAfter), now: now)
    }

    private mutating func conclude(
        _ ticket: RefreshScheduler.Ticket, _ failure: TokenFailure, _ consequence: RefreshScheduler.Failure,
        wasSent: Bool = true, now: BootInstant
    ) -> [FinishedCall] {
        fail(ticket, failure: failure, consequence, wasSent: wasSent, now: now)
        needsRefresher = true
        continueDeletion(of: ticket.slot)
        return retry(waiting.take(slot: ticket.slot), now: now)
    }

    private mutating func succeed(_ ticket: RefreshScheduler.Ticket, answer: consuming TokenAnswer, now: BootInstant) {
        guard let connection = directory[ticket.slot], let old = secrets[ticket.slot], scheduler.awaits(ticket) else {
            // Tokens of a login that was replaced or deleted meanwhile: nobody's any more.
            _ = scheduler.abandoned(ticket, now: now, jitter: jitter())
            return
        }
        let life = TokenLife(
            generation: ticket.generation + 1, obtainedAt: old.sentAt ?? ticket.sentAt,
            lifetime: lifetime(of: answer, connection: connection), isRefreshable: true)
        let rotated = isAnother(answer.refreshToken, than: old.record)
        let scope = answer.scope
        let fields = authConfigs[connection.authConfigID]?.provider.accountFields(fromTokenAnswer: answer.fields) ?? []
        guard let tokens = newTokens(answer, replacing: old.record),
            let stored = store(
                tokens, life, isUnverified: connection.standing.awaitsIdentity, of: connection)
        else {
            counters.failed += 1
            _ = scheduler.failed(ticket, failure: .uncertain(.answering), now: now, jitter: jitter())
            standing(ticket.slot) { $0.lastFailure = StatusReason("vault_full") }
            return
        }
        secrets[ticket.slot]?.record = stored.record
        secrets[ticket.slot]?.fingerprint = stored.fingerprint
        secrets[ticket.slot]?.firstPresentedAt = nil
        secrets[ticket.slot]?.sentAt = nil
        secrets[ticket.slot]?.rotates = rotated || connection.authScheme.hasLastingKey ? rotated : old.rotates
        let shown = wall(now)
        directory.update(ticket.slot) { connection in
            connection.standing.life = life
            connection.standing.lastFailure = nil
            connection.standing.verdict = nil
            connection.scopes = scope?.normalizedScopes ?? connection.scopes
            connection.lastRefreshedAt = shown
            connection.updatedAt = shown
            connection.take(fields)
        }
        if let connection = directory[ticket.slot] { identifyLater(connection) }
        counters.succeeded += 1
        forgetRejection(of: connection.registration)
        _ = scheduler.succeeded(ticket, life: life, now: now, jitter: jitter())
    }

    /// R5: what the answer says, the token's own expiry, the catalogue's value, the last known one.
    private func lifetime(of answer: borrowing TokenAnswer, connection: Connection) -> Duration? {
        answer.expiresIn ?? answer.accessTokenExpiry
            ?? authConfigs[connection.authConfigID]?.provider.refresh.accessTokenLifetime
            ?? (connection.lastRefreshedAt == nil ? nil : connection.standing.life?.lifetime)
    }

    /// R8: an answer without a refresh token keeps the old one. A key that lasts stays as well.
    private func newTokens(_ answer: consuming TokenAnswer, replacing old: RecordHandle) -> TokenSet? {
        var tokens = TokenSet()
        tokens.set(.accessToken, answer.accessToken)
        for field in TokenRecord.Field.lasting { tokens.set(field, ifThere: secret(field, in: old)?.bytes.copy()) }
        if let refreshToken = answer.refreshToken.take() {
            tokens.set(.refreshToken, refreshToken)
            return tokens
        }
        if let kept = refreshToken(in: old) { tokens.set(.refreshToken, kept.bytes) }
        return tokens
    }

    /// Some servers repeat the refresh token that they go on accepting.
    private func isAnother(_ refreshToken: borrowing SecretBytes?, than record: RecordHandle) -> Bool {
        switch refreshToken {
        case .none: return false
        case .some(let refreshToken):
            guard let known = self.refreshToken(in: record) else { return true }
            return !known.bytes.isEqual(to: refreshToken)
        }
    }

    private mutating func fail(
        _ ticket: RefreshScheduler.Ticket, failure: TokenFailure, _ consequence: RefreshScheduler.Failure,
        wasSent: Bool, now: BootInstant
    ) {
        counters.failed += 1
        let reason = StatusReason(failure.reason)
        let counts = scheduler.failed(ticket, failure: consequence, wasSent: wasSent, now: now, jitter: jitter())
        guard counts else { return }
        let shown = wall(now)
        standing(ticket.slot) { standing in
            standing.lastFailure = reason
            switch consequence {
            case .dead: standing.verdict = failure.isRevocation ? .revoked(reason) : .rejected(reason)
            case .uncertain: standing.verdict = .uncertain
            case .brokenApp: break
            case .transient, .stillFailing: standing.lastFailure = .upstreamUnavailable
            }
        }
        directory.update(ticket.slot) { $0.updatedAt = shown }
        if !failure.mayHaveBeenApplied { forgetPresentation(ticket) }
        guard let app = directory[ticket.slot]?.registration else { return }
        switch consequence {
        case .brokenApp(let reason): rejectedApps[app] = reason
        case .dead: forgetRejection(of: app)
        case .transient, .stillFailing, .uncertain: break
        }
    }

    /// The request that was the first to carry the token certainly did nothing: the token is as good as never sent.
    private mutating func forgetPresentation(_ ticket: RefreshScheduler.Ticket) {
        guard let known = secrets[ticket.slot], let sentAt = known.sentAt, known.firstPresentedAt == sentAt else {
            return
        }
        secrets[ticket.slot]?.firstPresentedAt = nil
        if let id = directory[ticket.slot]?.id { forgetSent(id) }
    }

    /// What a failure means for the schedule, by its class and by the provider's rule for lost answers.
    private func consequence(
        of failure: TokenFailure, ticket: RefreshScheduler.Ticket, now: BootInstant
    ) -> RefreshScheduler.Failure {
        switch failure.failureClass {
        case .deadGrant: return .dead(StatusReason(failure.reason))
        case .brokenApp: return .brokenApp(StatusReason(failure.reason))
        case .transient: break
        }
        guard failure.mayHaveBeenApplied else {
            return .transient(endpointWide: failure.concernsEndpoint, retryAfter: failure.retryAfter)
        }
        return lostAnswer(
            of: ticket.slot, presentedAt: secrets[ticket.slot]?.firstPresentedAt ?? ticket.sentAt,
            endpointWide: failure.concernsEndpoint, retryAfter: failure.retryAfter, now: now)
    }

    /// What follows when a refresh token was presented and no answer came (R8): the provider's own rule.
    func lostAnswer(
        of slot: Int, presentedAt: BootInstant, endpointWide: Bool, retryAfter: Duration?, now: BootInstant
    ) -> RefreshScheduler.Failure {
        let plain = RefreshScheduler.Failure.transient(endpointWide: endpointWide, retryAfter: retryAfter)
        guard let connection = directory[slot], let secrets = secrets[slot], connection.authScheme == .oauth2,
            let policy = authConfigs[connection.authConfigID]?.endpoints.tokenEndpoint?.lostAnswer
        else { return plain }
        switch policy {
        case .never: return .uncertain(.failing(retryAfter: retryAfter))
        case .resendWithin(let grace):
            return presentedAt.duration(to: now) < grace ? plain : .uncertain(.failing(retryAfter: retryAfter))
        case .resend:
            // A spent one-use token may end the grant when it comes again; as long as the access token lives there is
            // something to lose, and nothing to win.
            guard secrets.rotates, let rest = connection.standing.life?.remaining(at: now) else { return plain }
            return .transient(endpointWide: endpointWide, retryAfter: retryAfter, resendAfter: rest)
        }
    }

    mutating func standing(_ slot: Int, _ change: (inout ConnectionStanding) -> Void) {
        directory.update(slot) { change(&$0.standing) }
    }
}

extension Connection {
    /// What a token answer says of the accounts anew, such as `instanceUrl`.
    fileprivate mutating func take(_ fields: [Account.Field]) {
        for field in fields {
            for index in accounts.indices {
                if let known = accounts[index].fields.firstIndex(where: { $0.name == field.name }) {
                    accounts[index].fields[known] = field
                } else {
                    accounts[index].fields.append(field)
                }
            }
        }
    }
}

extension TokenFailure {
    private static let endpointReasons: Set<String> = ["rate_limited", "server_error", "temporarily_unavailable"]

    /// What it says of the endpoint where it was asked without a token.
    fileprivate var ofQuestion: RefreshScheduler.QuestionSeen {
        guard let status else { return mayHaveBeenApplied ? .noAnswer : .notReached }
        return [408, 429, 502, 503, 504].contains(status) || reason == "rate_limited" ? .noAnswer : .unclear
    }

    /// Whether any connection would have met it: no answer, or none that speaks of the grant.
    fileprivate var concernsEndpoint: Bool {
        guard let status else { return true }
        // Limits and breakdowns are the endpoint's also where they are said in OAuth's words.
        let isSaidByCode = failureClass == .transient && Self.endpointReasons.contains(reason)
        return oauthError == nil || isSaidByCode || status >= 500 || status == 429 || status == 408
    }
}
