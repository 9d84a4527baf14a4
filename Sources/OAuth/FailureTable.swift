/// Maps every failure of a token request to its class (the published table, `Protocol/FAILURES.md`).
///
/// The body decides before the status. The first row that matches decides, and a provider's own ``FailureRule``s come
/// before all rows. What no row knows is transient: that harms nothing, since it only means another try later.
package enum FailureTable {
    /// The rows in the order in which they are tried.
    package static let rows: [FailureRow] = transportRows + momentRows + codeRows + statusRows

    /// The row that decides on `observation`, provider rules aside.
    package static func row(for observation: borrowing FailureObservation) -> FailureRow {
        for row in rows where row.matches(observation) { return row }
        return fallback
    }

    /// Every value of ``TokenFailure/reason``.
    package static let reasons: Set<String> = Set(rows.map(\.reason) + FailureClass.allCases.map(ruleReason))

    /// What a reason speaks of, as far as it tells by itself: of those that a row names, the first row's class.
    package static func failureClass(ofReason reason: String) -> FailureClass? {
        rows.first { $0.reason == reason }?.failureClass ?? FailureClass.allCases.first { ruleReason($0) == reason }
    }

    static func classify(
        _ observation: borrowing FailureObservation, rules: [FailureRule], retryAfter: Duration?
    ) -> TokenFailure {
        let row = row(for: observation)
        var failure = TokenFailure(
            failureClass: row.failureClass, reason: row.reason, isRevocation: row.isRevocation, retryAfter: retryAfter,
            mayHaveBeenApplied: row.mayHaveBeenApplied)
        switch observation {
        case .transport(let transport):
            failure.mayHaveBeenApplied = transport.mayHaveBeenReceived
        case .answer(let answer):
            failure.oauthError = answer.code
            failure.status = answer.status
            if let rule = firstRule(of: rules, matching: answer) { apply(rule, to: &failure) }
        }
        return failure
    }

    private static func firstRule(of rules: [FailureRule], matching answer: borrowing RefusedAnswer) -> FailureRule? {
        for rule in rules where rule.matches(answer) { return rule }
        return nil
    }

    private static func apply(_ rule: FailureRule, to failure: inout TokenFailure) {
        if rule.failureClass != failure.failureClass {
            failure.failureClass = rule.failureClass
            failure.reason = ruleReason(rule.failureClass)
        }
        failure.isRevocation = rule.failureClass == .deadGrant && rule.isRevocation
        // A verdict on the grant or the client is an answer; only "later" leaves open what happened.
        if rule.failureClass != .transient { failure.mayHaveBeenApplied = false }
    }

    /// The reason where a provider's rule and the table disagree on the class, so that the table's reason would
    /// mislead.
    private static func ruleReason(_ failureClass: FailureClass) -> String {
        switch failureClass {
        case .deadGrant: "grant_rejected"
        case .brokenApp: "client_rejected"
        case .transient: "try_later"
        }
    }
}
