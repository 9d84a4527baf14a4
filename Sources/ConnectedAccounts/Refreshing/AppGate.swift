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
