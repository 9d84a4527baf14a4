import HeapModule

/// Tells what happens to connections, by comparing what was last told of each with what it is now.
///
/// A value without clock or I/O. Only the connections that changed, and those whose time has come, are looked at. Changes of
/// one connection between two looks are told as their sum: what was undone in between is not told.
package struct ConnectionEvents: Sendable {
    private struct Wake: Comparable {
        var at: BootInstant
        var slot: Int

        static func < (left: Wake, right: Wake) -> Bool { (left.at, left.slot) < (right.at, right.slot) }
    }

    /// Connections looked at in one go; what is more waits for the next.
    package static let mostAtOnce = 1024

    private var known: [Int: KnownConnection] = [:]
    private var wakes = Heap<Wake>()
    /// Slots to look at; others that change meanwhile stay noted in the directory.
    private var changed: [Int] = []
    /// Deletions that were found and not told yet.
    private var deletions: [ConnectionEvent] = []

    package init() {}

    /// Starts with the connections there are, of which nothing is told.
    package init(with directory: ConnectionDirectory, now: BootInstant, timing: (Connection) -> RefreshTiming) {
        for slot in directory.used {
            guard let connection = directory[slot] else { continue }
            var entry = KnownConnection(connection)
            _ = entry.compare(with: connection, timing: timing(connection), now: now)
            take(entry, slot)
        }
    }

    /// When ``next(of:now:timing:)`` will have something to look at, if nothing changes before; `now` if there is something
    /// already.
    package func nextWake(now: BootInstant) -> BootInstant? {
        changed.isEmpty && deletions.isEmpty ? wakes.min?.at : now
    }

    /// What happened since the last time to the connections whose change the directory has noted, and to those whose time
    /// has come. At most so much in one go that a lock may be held for it; ``nextWake(now:)`` says if there is more.
    package mutating func next(
        of directory: inout ConnectionDirectory, now: BootInstant, timing: (Connection) -> RefreshTiming
    ) -> [ConnectionEvent] {
        if changed.isEmpty {
            changed = directory.takeNotedChanges()
            findDeletions(in: directory)
        }
        // First, for a connection may have come back in another place.
        guard deletions.isEmpty else {
            defer { deletions.removeFirst(min(deletions.count, Self.mostAtOnce)) }
            return Array(deletions.prefix(Self.mostAtOnce))
        }
        var events: [ConnectionEvent] = []
        for slot in takeSlots(now: now) {
            guard let connection = directory[slot] else { continue }
            var entry = known[slot] ?? KnownConnection(connection)
            let kinds = entry.compare(with: connection, timing: timing(connection), now: now)
            take(entry, slot)
            events += kinds.map { ConnectionEvent($0, of: connection, at: now) }
        }
        return events
    }

    private mutating func findDeletions(in directory: ConnectionDirectory) {
        for slot in changed {
            guard let entry = known[slot], directory[slot].map(entry.isSame) != true else { continue }
            known[slot] = nil
            if entry.isAnnounced { deletions.append(ConnectionEvent(deletionOf: entry)) }
        }
    }

    private mutating func take(_ entry: KnownConnection, _ slot: Int) {
        let before = known[slot]?.wakeAt
        known[slot] = entry
        guard let wakeAt = entry.wakeAt, wakeAt != before else { return }
        // Those that were moved would pile up under short-lived tokens.
        if wakes.count > 2 * known.count + 64 { forgetMovedWakes() }
        wakes.insert(Wake(at: wakeAt, slot: slot))
    }

    private mutating func forgetMovedWakes() {
        wakes = Heap(known.compactMap { slot, entry in entry.wakeAt.map { Wake(at: $0, slot: slot) } })
    }

    /// Wakes held, those that were moved included.
    var wakesHeld: Int { wakes.count }

    private func isCurrent(_ wake: Wake) -> Bool { known[wake.slot]?.wakeAt == wake.at }

    private mutating func takeSlots(now: BootInstant) -> [Int] {
        var slots = Set(changed.prefix(Self.mostAtOnce))
        changed.removeFirst(min(changed.count, Self.mostAtOnce))
        while slots.count < Self.mostAtOnce, let wake = wakes.min {
            let isCurrent = isCurrent(wake)
            guard wake.at <= now || !isCurrent else { break }
            wakes.removeMin()
            guard isCurrent else { continue }
            known[wake.slot]?.wakeAt = nil
            slots.insert(wake.slot)
        }
        return slots.sorted()
    }
}
