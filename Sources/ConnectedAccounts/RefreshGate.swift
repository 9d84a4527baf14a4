private import DequeModule

/// Places in order of arrival. Those whose connection moved on are swept out before they outnumber the others.
struct RefreshLine {
    private var places = Deque<RefreshScheduler.Place>()
    private var sweepAt = Self.slack
    private static let slack = 64

    var count: Int { places.count }

    var isCrowded: Bool { places.count >= sweepAt }

    mutating func append(_ place: RefreshScheduler.Place) { places.append(place) }

    mutating func popFirst() -> RefreshScheduler.Place? { places.popFirst() }

    mutating func sweep(keeping isWaiting: (RefreshScheduler.Place) -> Bool) {
        places.removeAll { !isWaiting($0) }
        sweepAt = 2 * places.count + Self.slack
    }

    func all() -> [RefreshScheduler.Place] { Array(places) }
}

/// Lets refreshes through to one token endpoint: a bound on those under way, and one probe at a time while it is
/// failing.
///
/// So a mass expiry is a queue, not a storm, and an outage costs one attempt per back-off, however many connections
/// wait. What a probe presents may be lost, so it asks without a token first; and the more answers were lost, the longer
/// nothing is presented.
struct EndpointGate {
    /// Refreshes under way at once.
    static let concurrency = 8
    /// Failures in a row, of any connections, after which the endpoint counts as failing.
    static let failureThreshold = 5
    /// Questions in vain after which a probe presents its token without asking: the endpoint may be one that fails on
    /// whatever lacks a token. An unclear answer counts twice. Doubles each time that another failure follows.
    static let firstPatience = 24
    static let longestPatience = 192
    /// … once that was seen to be so.
    static let patienceWithTheMute = 4
    /// Successes in a row that make up for one lost answer.
    static let amends = 8
    /// How long each waits at most for the one before, while eight successes are waited for.
    static let longestTurn: Duration = .seconds(30)
    /// The longest time in which nothing is presented to an endpoint that loses answers although it seems to work.
    static let longestCaution: Duration = .seconds(3600)
    /// With so many it is reached; more are not counted, nor to be made up for.
    static let mostLostAnswers = 13

    private enum Probe { case none, asking, presenting }

    /// Connections and refreshes under way that have to do with it.
    var users = 0
    private(set) var inFlight = 0
    private(set) var consecutiveFailures = 0
    /// Nil while healthy.
    private(set) var retryAt: BootInstant?
    /// Until when the provider asked to be left alone.
    private var askedUntil: BootInstant?
    /// Of the process before, nothing better is known.
    private var isSuspect = false
    private var lostAnswers = 0
    private var successes = 0
    private var probe = Probe.none
    private var lastSentAt: BootInstant?
    private var questionsInVain = 0
    private var patience = Self.firstPatience
    private var urgent = RefreshLine()
    private var patient = RefreshLine()

    var waiting: Int { urgent.count + patient.count }

    var isCrowded: Bool { urgent.isCrowded || patient.isCrowded }

    /// One at a time, which asks first.
    private var isProbed: Bool { retryAt != nil || isSuspect || lostAnswers > 0 }

    mutating func enqueue(_ place: RefreshScheduler.Place, urgent isUrgent: Bool) {
        if isUrgent { urgent.append(place) } else { patient.append(place) }
    }

    mutating func sweep(keeping isWaiting: (RefreshScheduler.Place) -> Bool) {
        urgent.sweep(keeping: isWaiting)
        patient.sweep(keeping: isWaiting)
    }

    /// When the next one may go, or nil if something else must happen first.
    func opensAt(_ now: BootInstant) -> BootInstant? {
        guard isProbed else { return inFlight < Self.concurrency ? now : nil }
        guard inFlight > 0 else { return max(retryAt ?? now, now) }
        // It works, and is only watched: one request that hangs does not hold up the others as long as itself.
        guard retryAt == nil, !isSuspect, inFlight < Self.concurrency, let lastSentAt else { return nil }
        return max(now, lastSentAt.advanced(by: Self.longestTurn))
    }

    /// The next in line, if the gate is open.
    mutating func next(_ now: BootInstant) -> RefreshScheduler.Place? {
        guard let opens = opensAt(now), opens <= now else { return nil }
        return urgent.popFirst() ?? patient.popFirst()
    }

    /// Returns whether it is to ask first.
    mutating func sent(now: BootInstant) -> Bool {
        inFlight += 1
        guard isProbed else {
            probe = .none
            return false
        }
        probe = questionsInVain < patience ? .asking : .presenting
        lastSentAt = now
        return probe == .asking
    }

    /// As it was left by the process before: it may fail, so the next one asks first.
    mutating func wasFailing() { isSuspect = true }

    /// Nothing was sent after all, so nothing was learnt.
    mutating func unsent() {
        inFlight -= 1
        probe = .none
    }

    /// An answer that is none of a failing endpoint: tokens, but also a rejected grant. What the provider asked for
    /// still holds.
    mutating func answered(now: BootInstant) {
        inFlight -= 1
        switch probe {
        case .none: break
        case .asking: patience = Self.firstPatience
        case .presenting: patience = Self.patienceWithTheMute
        }
        (probe, isSuspect, consecutiveFailures, questionsInVain) = (.none, false, 0, 0)
        retryAt = askedUntil.flatMap { $0 > now ? $0 : nil }
        guard lostAnswers > 0 else { return }
        successes += 1
        guard successes >= Self.amends else { return }
        successes = 0
        lostAnswers -= 1
    }

    /// It was asked without a token, and did not answer as one that works.
    mutating func stillFailing(
        _ seen: RefreshScheduler.QuestionSeen, retryAfter: Duration?, now: BootInstant, jitter: Double
    ) {
        switch seen {
        case .notReached: break
        case .noAnswer: questionsInVain += 1
        case .unclear: questionsInVain += 2
        }
        failed(retryAfter: retryAfter, now: now, jitter: jitter)
    }

    /// A token was presented, and its answer is lost for good. The endpoint counts as failing at once.
    mutating func lostAnswer(retryAfter: Duration?, now: BootInstant, jitter: Double) {
        let isFirst = retryAt.map { $0 <= now } ?? true
        if isFirst { lostAnswers = min(lostAnswers + 1, Self.mostLostAnswers) }
        successes = 0
        failed(retryAfter: retryAfter, now: now, jitter: jitter)
        guard isFirst, let retryAt else { return }
        let caution = Backoff.equalJitter(failures: lostAnswers, jitter: jitter, longest: Self.longestCaution)
        self.retryAt = max(retryAt, now.advanced(by: caution))
    }

    mutating func failed(retryAfter: Duration?, now: BootInstant, jitter: Double) {
        inFlight -= 1
        if probe == .presenting {
            questionsInVain = 0
            patience = min(max(2 * patience, Self.firstPatience), Self.longestPatience)
        }
        probe = .none
        if let retryAfter { askedUntil = max(askedUntil ?? now, now.advanced(by: retryAfter)) }
        // Sent before the gate closed: one outage seen several times at once is still one.
        if let retryAt, now < retryAt {
            self.retryAt = max(retryAt, askedUntil ?? retryAt)
            return
        }
        consecutiveFailures += 1
        guard consecutiveFailures >= Self.failureThreshold || retryAfter != nil || isProbed else { return }
        let pause = Backoff.equalJitter(failures: consecutiveFailures, jitter: jitter)
        retryAt = max(now.advanced(by: pause), askedUntil ?? now)
    }
}

/// The client registration that several connections share: while the provider rejects it, one of them probes for all.
struct AppGate {
    private enum Probe: Equatable {
        case chosen(RefreshScheduler.Place)
        case sent(turn: UInt64)
    }

    /// Connections and refreshes under way that have to do with it.
    var users = 0
    private(set) var failures = 0
    /// Why the provider rejects it; nil while it works.
    private(set) var reason: StatusReason?
    private(set) var retryAt: BootInstant?
    /// Grows with each change of the auth config: what was sent before a change says nothing of what holds after it.
    private(set) var edition: UInt64 = 0
    private var probe: Probe?
    private var parked = RefreshLine()

    var isBroken: Bool { reason != nil }

    var waiting: Int { parked.count }

    var isCrowded: Bool { parked.isCrowded }

    mutating func park(_ place: RefreshScheduler.Place) { parked.append(place) }

    mutating func sweep(keeping isWaiting: (RefreshScheduler.Place) -> Bool) { parked.sweep(keeping: isWaiting) }

    /// The probe that stands in line, not yet sent.
    var chosenProbe: RefreshScheduler.Place? {
        if case .chosen(let place) = probe { place } else { nil }
    }

    /// Whether somebody waits for the registration and nobody was chosen to probe it.
    var lacksProbe: Bool { isBroken && waiting > 0 && probe == nil }

    /// The chosen probe's connection moved on before it was sent.
    mutating func probeLost() {
        if chosenProbe != nil { probe = nil }
    }

    /// One of those parked, once the back-off is over.
    mutating func chooseProbe(_ now: BootInstant, _ isWaiting: (RefreshScheduler.Place) -> Bool) -> RefreshScheduler
        .Place?
    {
        guard let retryAt, retryAt <= now, lacksProbe else { return nil }
        while let place = parked.popFirst() {
            guard isWaiting(place) else { continue }
            probe = .chosen(place)
            return place
        }
        return nil
    }

    /// While the registration is rejected, only the probe passes.
    func admits(_ place: RefreshScheduler.Place) -> Bool { !isBroken || probe == .chosen(place) }

    mutating func sent(_ place: RefreshScheduler.Place, turn: UInt64) {
        if probe == .chosen(place) { probe = .sent(turn: turn) }
    }

    /// Refreshes that were under way together and are rejected together count once: only a probe makes it longer.
    mutating func broke(_ reason: StatusReason, turn: UInt64, now: BootInstant, jitter: Double) {
        guard !isBroken || probe == .sent(turn: turn) else { return }
        failures += 1
        self.reason = reason
        pause(now: now, jitter: jitter)
    }

    /// The probe, if it was the one, came back with something that says nothing of the registration.
    mutating func probeEnded(turn: UInt64, now: BootInstant, jitter: Double) {
        guard probe == .sent(turn: turn) else { return }
        pause(now: now, jitter: jitter)
    }

    private mutating func pause(now: BootInstant, jitter: Double) {
        probe = nil
        // A registration is mended by a person: never sooner than after a few seconds.
        retryAt = now.advanced(by: Backoff.equalJitter(failures: failures + 3, jitter: jitter))
    }

    /// It works again: all who waited may go.
    mutating func mended() -> [RefreshScheduler.Place] {
        guard isBroken || waiting > 0 else { return [] }
        let released = parked.all()
        let (edition, users) = (edition, users)
        self = AppGate()
        (self.edition, self.users) = (edition, users)
        return released
    }

    /// The auth config was changed: whatever was known of it counts no more.
    mutating func changed() -> [RefreshScheduler.Place] {
        edition += 1
        return mended()
    }
}
