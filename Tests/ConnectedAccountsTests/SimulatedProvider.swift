@testable import ConnectedAccounts

/// Providers with one-use refresh tokens and reuse detection: whoever presents a spent one loses the grant.
///
/// Endpoints with an odd number know a grace: the token before is good for as long as its answer was never received.
struct SimulatedProvider {
    /// What becomes of one request, known to the test before the answer is.
    enum Fate: Equatable {
        case granted(token: Int, lifetime: Duration?)
        /// The provider applied it, or not; nobody learns which.
        case lost
        case rejected(isRevocation: Bool)
        case badClient
        case unavailable(endpointWide: Bool, retryAfter: Duration?)
        /// Applied, but the answer is lost where that costs nothing.
        case lostWithinGrace
        /// Asked without the token, and found to fail.
        case stillFailing(RefreshScheduler.QuestionSeen)
        /// Never left the machine.
        case unsent
    }

    /// Tokens that were presented and may not be again: number of the token to when that was learnt.
    enum Presented: UInt8 {
        case never, underWay, surelyNotApplied, spent
    }

    struct Grant {
        var current: Int
        /// Still accepted within its grace, in exchange for `current`.
        var graceful: Int?
        var isDead = false
    }

    private(set) var grants: [Grant] = []
    private(set) var tokens: [Presented] = []
    var isDown: [Bool]
    var rejectsApp: [Bool]
    /// Set for the end: no fault of its own any more.
    var isWell = false

    init(endpoints: Int, apps: Int) {
        isDown = Array(repeating: false, count: endpoints)
        rejectsApp = Array(repeating: false, count: apps)
    }

    /// A login: a new grant, and its first refresh token.
    mutating func grant() -> Int {
        grants.append(Grant(current: mint()))
        return grants.count - 1
    }

    private mutating func mint() -> Int {
        tokens.append(.never)
        return tokens.count - 1
    }

    /// Whether presenting the token would be a second time.
    func isSpent(_ token: Int) -> Bool { tokens[token] == .underWay || tokens[token] == .spent }

    mutating func receive(
        token: Int, grant: Int, endpoint: Int, app: Int, asksFirst: Bool, _ random: inout SeededRandom
    ) -> Fate {
        if asksFirst, random.chance(isDown[endpoint] ? 80 : isWell ? 0 : 10) {
            return .stillFailing(random.chance(50) ? .unclear : .noAnswer)
        }
        tokens[token] = .underWay
        if !isWell && random.chance(2) { return .unsent }
        if isDown[endpoint] {
            guard endpoint % 2 == 1 || random.chance(90) else { return .lost }
            return .unavailable(endpointWide: true, retryAfter: retryAfter(&random))
        }
        if rejectsApp[app] { return .badClient }
        guard !grants[grant].isDead, token == grants[grant].current || token == grants[grant].graceful else {
            grants[grant].isDead = true
            return .rejected(isRevocation: false)
        }
        return isWell ? apply(token, grant, &random) : faulty(token, grant, endpoint, &random)
    }

    private mutating func faulty(_ token: Int, _ grant: Int, _ endpoint: Int, _ random: inout SeededRandom) -> Fate {
        switch random.below(100) {
        case 0..<6: return .unavailable(endpointWide: false, retryAfter: retryAfter(&random))
        case 6..<12: return .unavailable(endpointWide: true, retryAfter: retryAfter(&random))
        case 12..<15:
            grants[grant].isDead = true
            return .rejected(isRevocation: random.chance(30))
        case 15..<21:
            if random.chance(60) { _ = apply(token, grant, &random) }
            guard endpoint % 2 == 1 else { return .lost }
            if grants[grant].current != token { grants[grant].graceful = token }
            return .lostWithinGrace
        default: return apply(token, grant, &random)
        }
    }

    /// Rotates; a token within its grace gets what it was given before.
    private mutating func apply(_ token: Int, _ grant: Int, _ random: inout SeededRandom) -> Fate {
        if token == grants[grant].current {
            grants[grant].current = mint()
            grants[grant].graceful = nil
        }
        return .granted(token: grants[grant].current, lifetime: lifetime(&random))
    }

    private func lifetime(_ random: inout SeededRandom) -> Duration? {
        if isWell { return .seconds(3600) }
        switch random.below(12) {
        case 0: return nil
        case 1: return .seconds(random.below(3))
        case 2, 3: return .seconds(30)
        case 4, 5, 6: return .seconds(60 + random.below(600))
        default: return .seconds(3600)
        }
    }

    private func retryAfter(_ random: inout SeededRandom) -> Duration? {
        random.chance(20) ? .seconds(random.below(120)) : nil
    }

    /// The answer arrived, or never will: what is now known of the token.
    mutating func settle(token: Int, _ fate: Fate) {
        switch fate {
        case .granted, .lost, .rejected: tokens[token] = .spent
        case .stillFailing: break
        case .badClient, .unavailable, .lostWithinGrace, .unsent: tokens[token] = .surelyNotApplied
        }
    }
}
