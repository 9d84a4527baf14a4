import Testing

@testable import ConnectedAccounts

/// A scheduler on a bench: time passes when the test says so, and generations are counted for it.
final class Bench {
    typealias Ticket = RefreshScheduler.Ticket
    typealias Failure = RefreshScheduler.Failure

    static let outage = Failure.transient(endpointWide: true, retryAfter: nil)
    static let hiccup = Failure.transient(endpointWide: false, retryAfter: nil)
    static let rejection = Failure.brokenApp(StatusReason("invalid_client"))
    static let death = Failure.dead(StatusReason("invalid_grant"))

    var scheduler = RefreshScheduler()
    var now = BootInstant.zero
    /// Given to every call that takes one.
    var jitter = 0.5
    private var generations: [Int: UInt64] = [:]

    /// A new token set: a connection is taken in, or its user logged in again.
    func logIn(
        _ slot: Int, endpoint: String = "a", app: String = "ac_a", timing: RefreshTiming = RefreshTiming(),
        lifetime: Duration? = .seconds(1000), isRefreshable: Bool = true
    ) {
        generations[slot, default: 0] += 1
        put(slot, endpoint: endpoint, app: app, timing: timing, lifetime: lifetime, isRefreshable: isRefreshable)
    }

    /// The token set that is known already, after a reload of the configuration.
    func put(
        _ slot: Int, endpoint: String = "a", app: String = "ac_a", timing: RefreshTiming = RefreshTiming(),
        lifetime: Duration? = .seconds(1000), isRefreshable: Bool = true
    ) {
        let life = TokenLife(
            generation: generations[slot, default: 1], obtainedAt: now, lifetime: lifetime, isRefreshable: isRefreshable
        )
        scheduler.put(slot, endpoint: endpoint, app: app, timing: timing, life: life, now: now, jitter: jitter)
    }

    func pass(_ duration: Duration) { now = now.advanced(by: duration) }

    func due() -> [Ticket] { scheduler.due(now: now) }

    func demand(_ slot: Int) -> RefreshScheduler.Demand { scheduler.demand(slot, now: now) }

    /// Demands a refresh and takes the tickets that may go.
    func demandAndSend(_ slot: Int) -> [Ticket] {
        _ = demand(slot)
        return due()
    }

    /// Right only after a look.
    var nextWake: BootInstant? { scheduler.nextWake(now: now) }

    /// Looks, which must find nothing, and gives the next wake.
    var idleUntil: BootInstant? {
        #expect(due().isEmpty)
        return nextWake
    }

    @discardableResult
    func succeed(_ ticket: Ticket, lifetime: Duration? = .seconds(1000)) -> Bool {
        let life = TokenLife(
            generation: ticket.generation + 1, obtainedAt: ticket.sentAt, lifetime: lifetime, isRefreshable: true)
        let counts = scheduler.succeeded(ticket, life: life, now: now, jitter: jitter)
        if counts { generations[ticket.slot] = life.generation }
        return counts
    }

    @discardableResult
    func fail(_ ticket: Ticket, _ failure: Failure) -> Bool {
        scheduler.failed(ticket, failure: failure, now: now, jitter: jitter)
    }

    @discardableResult
    func abandon(_ ticket: Ticket) -> Bool { scheduler.abandoned(ticket, now: now, jitter: jitter) }

    func health(_ endpoint: String = "a") -> RefreshScheduler.EndpointHealth? {
        scheduler.endpointHealth(now: now).first { $0.key == endpoint }
    }
}

extension [RefreshScheduler.Ticket] {
    var slots: [Int] { map(\.slot).sorted() }
}

extension BootInstant {
    static func seconds(_ seconds: Double) -> BootInstant { BootInstant.zero.advanced(by: .seconds(seconds)) }

    /// Since the start of the test.
    var seconds: Double { Double(nanoseconds) / 1e9 }
}

/// Steele, Lea and Flood 2014: the same seed gives the same run everywhere.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// In 0..<1.
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// In 0..<bound.
    mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
}
