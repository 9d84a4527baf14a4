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
    /// Successes in a row that make up for one lost answer.
    static let amends = 8
    /// How long each waits at most for the one before, while eight successes are waited for.
    static let longestTurn: Duration = .seconds(30)
    /// The longest time in which nothing is presented to an endpoint that loses answers although it seems to work.
    static let longestCaution: Duration = .seconds(3600)
    /// With so many it is reached; more are not counted, nor to be made up for.
    static let mostLostAnswers = 13

    /// Connections and refreshes under way that have to do with it.
    var users = 0
    private(set) var inFlight = 0
    /// Under way beside these since before the restart: they say nothing of what a probe would meet.
    private(set) var takenOver = 0
    private(set) var consecutiveFailures = 0
    /// Nil while healthy.
    private(set) var retryAt: BootInstant?
    /// Until when the provider asked to be left alone.
    private var askedUntil: BootInstant?
    /// Of the process before, nothing better is known.
    private var isSuspect = false
    private var lostAnswers = 0
    private var successes = 0
    private var probe = EndpointProbe()
    private var lastSentAt: BootInstant?
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
        let isFull = inFlight + takenOver >= Self.concurrency
        guard isProbed else { return isFull ? nil : now }
        guard inFlight > 0 else { return max(retryAt ?? now, now) }
        // It works, and is only watched: one request that hangs does not hold up the others as long as itself.
        guard retryAt == nil, !isSuspect, !isFull, let lastSentAt else { return nil }
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
            probe.unsent()
            return false
        }
        lastSentAt = now
        return probe.sent()
    }

    /// One that an earlier process sent is still under way.
    mutating func tookOver() { takenOver += 1 }

    /// It has come to its end, which is reported like that of any other.
    mutating func landsTakenOver() {
        takenOver -= 1
        inFlight += 1
    }

    /// As it was left by the process before: it may fail, so the next one asks first.
    mutating func wasFailing() { isSuspect = true }

    /// Nothing was sent after all, so nothing was learnt.
    mutating func unsent() {
        inFlight -= 1
        probe.unsent()
    }

    /// An answer that is none of a failing endpoint: tokens, but also a rejected grant. What the provider asked for
    /// still holds.
    mutating func answered(now: BootInstant) {
        inFlight -= 1
        probe.answered()
        (isSuspect, consecutiveFailures) = (false, 0)
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
        probe.askedInVain(seen)
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
        probe.failed()
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
