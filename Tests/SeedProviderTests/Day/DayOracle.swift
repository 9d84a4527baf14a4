import ConnectedAccounts
import JSON
import OAuth
import ProviderSimulator
import TestKit

/// Knows from what the providers did, and from the published tables alone, in which state each connection must be.
struct DayOracle {
    struct Account {
        let provider: DayProvider
        let app: String
        var accessToken: String
        var refreshToken: String
        /// Nil: nobody said when.
        var end: BootInstant?
        /// As last told or presumed for a refreshed token.
        var lifetime: Duration?
        /// "FAILED reason" or "REVOKED reason".
        var verdict: String?
        var isUncertain = false
        /// The last refresh failed, and not for the registration.
        var hasFailed = false
        /// When the refresh token was first presented, if it may have been used.
        var presentedAt: BootInstant?
        var isInFlight = false

        var isOver: Bool { verdict != nil || isUncertain }

        func isLiving(at now: BootInstant) -> Bool { end.map { $0 > now } ?? true }

        func isPastGrace(at now: BootInstant) -> Bool {
            provider == .grace && presentedAt.map { $0.duration(to: now) >= DayProvider.graceTime } == true
        }
    }

    /// An answer that never comes: known as such at its deadline.
    private struct Hang {
        var id: String
        var sentAt: BootInstant
        var deadline: BootInstant
        var published: Published
    }

    var accounts: [String: Account] = [:]
    /// Why the provider rejects a client, by auth config.
    private(set) var rejections: [String: String] = [:]
    private(set) var violations: [String] = []
    private var hangs: [Hang] = []

    mutating func violated(_ what: String, at now: BootInstant) {
        violations.append("\(ManualClock.start.duration(to: now).components.seconds) s: \(what)")
    }

    // MARK: What the provider did

    /// A refresh request came, and met this.
    mutating func note(
        _ request: ReceivedRequest, _ published: Published, _ reply: AuthorizationServer.Reply, hangs isHang: Bool
    ) {
        catchUp(to: request.at)
        guard request.refreshToken != nil else {
            // Whether the endpoint works again, asked without a token: that says nothing of any connection.
            if request.url == DayProvider.lasting.tokenURL { violated("a question without need", at: request.at) }
            return
        }
        guard let (id, account) = accounts.first(where: { $0.value.refreshToken == request.refreshToken }) else {
            return violated("a refresh token came that is nobody's newest", at: request.at)
        }
        if account.isOver || account.isInFlight { violated("\(id) asks although it may not", at: request.at) }
        if account.presentedAt != nil, account.provider == .strict || account.isPastGrace(at: request.at) {
            violated("\(id) presents a token again that may be spent", at: request.at)
        }
        accounts[id]?.presentedAt = account.presentedAt ?? request.at
        guard isHang else { return take(published, reply.answer.text, of: id, sentAt: request.at, at: request.at) }
        accounts[id]?.isInFlight = true
        hangs.append(
            Hang(id: id, sentAt: request.at, deadline: request.at.advanced(by: request.timeout), published: published))
    }

    /// Answers that were waited for until now count as lost.
    mutating func catchUp(to now: BootInstant) {
        for hang in hangs.filter({ $0.deadline <= now }).sorted(by: { $0.deadline < $1.deadline }) {
            accounts[hang.id]?.isInFlight = false
            take(hang.published, "", of: hang.id, sentAt: hang.sentAt, at: hang.deadline)
        }
        hangs.removeAll { $0.deadline <= now }
    }

    private mutating func take(
        _ published: Published, _ body: String, of id: String, sentAt: BootInstant, at now: BootInstant
    ) {
        guard var account = accounts[id] else { return }
        defer { accounts[id] = account }
        switch published {
        case .granted:
            rejections[account.app] = nil
            take(body, sentAt: sentAt, into: &account)
            return
        case .failed(.deadGrant, let reason, let isRevocation, _):
            rejections[account.app] = nil
            account.verdict = (isRevocation ? "REVOKED " : "FAILED ") + reason
        case .failed(.brokenApp, let reason, _, _):
            rejections[account.app] = reason
            account.hasFailed = false
        case .failed(.transient, _, _, let maybeApplied):
            account.hasFailed = true
            if maybeApplied, account.provider == .strict || account.isPastGrace(at: now) { account.isUncertain = true }
            if maybeApplied { return }
        }
        if account.presentedAt == sentAt { account.presentedAt = nil }
    }

    private func take(_ body: String, sentAt: BootInstant, into account: inout Account) {
        let tokens = (try? JSONTree(parsing: body)) ?? .null
        account.accessToken = tokens["access_token"]?.string ?? ""
        account.refreshToken = tokens["refresh_token"]?.string ?? account.refreshToken
        // What is no sensible life counts as none.
        let told = tokens["expires_in"]?.int.flatMap { $0 > 0 ? Duration.seconds($0) : nil }
        account.lifetime = told ?? account.provider.presumedLifetime ?? account.lifetime
        account.end = account.lifetime.map(sentAt.advanced(by:))
        account.hasFailed = false
        account.presentedAt = nil
    }

    // MARK: What must be

    /// The status and reason that the connection may show: one, but for what depends on when the daemon looks next.
    func expected(_ id: String, at now: BootInstant) -> Set<String> {
        guard let account = accounts[id] else { return [] }
        if let verdict = account.verdict { return [verdict] }
        if account.isLiving(at: now) { return ["ACTIVE -"] }
        if account.isUncertain { return ["EXPIRED uncertain"] }
        var reasons: Set<String>
        if let rejection = rejections[account.app] {
            reasons = [rejection]
        } else if account.hasFailed {
            reasons = ["upstream_unavailable"]
        } else {
            // Its turn comes; or others have found the endpoint failing, and it waits for that.
            reasons = ["refresh_pending", "upstream_unavailable"]
        }
        // That a grace is over is noticed when the next try would be due.
        if account.isPastGrace(at: now), !account.isInFlight { reasons.insert("uncertain") }
        return Set(reasons.map { "EXPIRED " + $0 })
    }

    /// The token that must be handed out; nil for none.
    func servedToken(_ id: String, at now: BootInstant) -> String? {
        guard let account = accounts[id], account.isLiving(at: now) else { return nil }
        return account.verdict?.hasPrefix("REVOKED") == true ? nil : account.accessToken
    }

    /// What the daemon shows is taken where both were possible.
    mutating func compare(_ id: String, shows shown: String, at now: BootInstant) {
        let expected = expected(id, at: now)
        if !expected.contains(shown) {
            violated("\(id) is \(shown), not \(expected.sorted().joined(separator: " or "))", at: now)
        }
        if shown == "EXPIRED uncertain" { accounts[id]?.isUncertain = true }
    }
}
