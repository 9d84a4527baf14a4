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
