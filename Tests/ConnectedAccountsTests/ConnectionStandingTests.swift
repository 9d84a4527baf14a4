import Testing

@testable import ConnectedAccounts

@Suite("A connection's standing")
struct ConnectionStandingTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var standing: ConnectionStanding
        var now: BootInstant
        var status: ConnectionStatus
        var reason: String?
        var serves: Bool

        var testDescription: String { name }

        init(
            _ name: String, _ now: BootInstant = living, lifetime: Duration? = .seconds(60), isRefreshable: Bool = true,
            hasLife: Bool = true, isDisabled: Bool = false, verdict: GrantVerdict? = nil, failure: StatusReason? = nil,
            gives status: ConnectionStatus, _ reason: String? = nil, serves: Bool = false
        ) {
            self.name = name
            let life = TokenLife(generation: 1, obtainedAt: .zero, lifetime: lifetime, isRefreshable: isRefreshable)
            standing = ConnectionStanding(life: hasLife ? life : nil)
            standing.isDisabled = isDisabled
            standing.verdict = verdict
            standing.lastFailure = failure
            self.now = now
            (self.status, self.reason, self.serves) = (status, reason, serves)
        }
    }

    static let living = BootInstant.seconds(59)
    static let last = BootInstant(nanoseconds: 59_999_999_999)
    static let ended = BootInstant.seconds(60)
    static let rejected = GrantVerdict.rejected(StatusReason("invalid_grant"))
    static let revoked = GrantVerdict.revoked(StatusReason("revoked_by_provider"))
    static let badClient = StatusReason("invalid_client")

    static let rows = [
        Row("a living token", gives: .active, serves: true),
        Row("in the last nanosecond of its life", last, gives: .active, serves: true),
        Row("a living token without a refresh token", isRefreshable: false, gives: .active, serves: true),
        Row(
            "a key without end", .seconds(1e9), lifetime: nil, isRefreshable: false, gives: .active, serves: true),
        Row("R4: a failed refresh takes no living token", failure: .upstreamUnavailable, gives: .active, serves: true),
        Row("R6: a broken app takes no living token", failure: badClient, gives: .active, serves: true),
        Row(
            "a lost answer takes no living token", verdict: .uncertain, failure: .uncertain, gives: .active,
            serves: true),
        Row("expired, the refresh on its way", ended, gives: .expired, "refresh_pending"),
        Row("expired in an outage", ended, failure: .upstreamUnavailable, gives: .expired, "upstream_unavailable"),
        Row("expired with a broken app", ended, failure: badClient, gives: .expired, "invalid_client"),
        Row("expired without a refresh token", ended, isRefreshable: false, gives: .expired, "no_refresh_token"),
        Row(
            "expired without a refresh token, whatever failed before", ended, isRefreshable: false,
            failure: .upstreamUnavailable, gives: .expired, "no_refresh_token"),
        Row("expired after a lost answer", ended, verdict: .uncertain, gives: .expired, "uncertain"),
        Row(
            "expired after a lost answer, the outage told of before", ended, verdict: .uncertain,
            failure: .upstreamUnavailable, gives: .expired, "uncertain"),
        Row("no credentials", hasLife: false, gives: .expired, "credentials_missing"),
        Row("R4: FAILED, its token living", verdict: rejected, gives: .failed, "invalid_grant", serves: true),
        Row("R4: FAILED, served to the last", last, verdict: rejected, gives: .failed, "invalid_grant", serves: true),
        Row("FAILED, its token over", ended, verdict: rejected, gives: .failed, "invalid_grant"),
        Row("FAILED without credentials", hasLife: false, verdict: rejected, gives: .failed, "invalid_grant"),
        Row("REVOKED, though its token would live", verdict: revoked, gives: .revoked, "revoked_by_provider"),
        Row("REVOKED, its token over", ended, verdict: revoked, gives: .revoked, "revoked_by_provider"),
        Row("disabled over a living token", isDisabled: true, gives: .inactive, "disabled_by_caller"),
        Row("disabled over an ended token", ended, isDisabled: true, gives: .inactive, "disabled_by_caller"),
        Row("disabled over dead", isDisabled: true, verdict: rejected, gives: .inactive, "disabled_by_caller"),
        Row("disabled over revoked", isDisabled: true, verdict: revoked, gives: .inactive, "disabled_by_caller"),
        Row("disabled over no credentials", hasLife: false, isDisabled: true, gives: .inactive, "disabled_by_caller"),
    ]

    @Test("Status, reason and whether the token is served follow from the facts and the instant", arguments: rows)
    func follows(row: Row) {
        let (status, reason) = row.standing.status(at: row.now)
        #expect(status == row.status)
        #expect(reason?.slug == row.reason)
        #expect(row.standing.servesToken(at: row.now) == row.serves)
    }

    @Test("Transient failures alone never lead to FAILED or REVOKED, at any time")
    func transientNeverDead() {
        var standing = ConnectionStanding(
            life: TokenLife(generation: 1, obtainedAt: .zero, lifetime: .seconds(60), isRefreshable: true))
        standing.lastFailure = .upstreamUnavailable
        for second in 0..<200 {
            let status = standing.status(at: .seconds(Double(second))).status
            #expect(status == (second < 60 ? .active : .expired))
        }
    }

    @Test("Whatever the facts: a token is served exactly if it lives, and is neither disabled nor revoked")
    func servesWhatLives() {
        let verdicts: [GrantVerdict?] = [nil, Self.rejected, Self.revoked, .uncertain]
        let failures: [StatusReason?] = [nil, .upstreamUnavailable, Self.badClient]
        for verdict in verdicts {
            for failure in failures {
                for isDisabled in [false, true] {
                    for now in [BootInstant.zero, Self.last, Self.ended] {
                        let row = Row(
                            "", now, isDisabled: isDisabled, verdict: verdict, failure: failure, gives: .active)
                        let serves = row.standing.servesToken(at: now)
                        #expect(serves == (now < Self.ended && !isDisabled && verdict != Self.revoked))
                        let active = row.standing.status(at: now).status == .active
                        #expect(!active || serves)
                    }
                }
            }
        }
    }
}
