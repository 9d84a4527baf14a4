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

    /// By slot.
    private var known: [KnownConnection?] = []
    private var wakes = Heap<Wake>()
    /// Slots to look at; others that change meanwhile stay noted in the directory.
    private var changed: [Int] = []
    /// Deletions that were found and not told yet.
    private var deletions: [ConnectionEvent] = []

    package init() {}

    /// Starts with the connections there are, of which nothing is told but what is still to come.
    ///
    /// Their next instants are worked out in parts by ``next(of:now:timing:)``, for there may be many.
    package init(with directory: ConnectionDirectory, now: BootInstant) {
        changed = directory.used
        known = Array(repeating: nil, count: (changed.last ?? -1) + 1)
        for slot in changed {
            guard let connection = directory[slot] else { continue }
            known[slot] = KnownConnection(connection, knownAt: now)
        }
    }

    /// When ``next(of:now:timing:)`` will have something to look at, if nothing changes before; `now` if there is something
    /// already.
    package func nextWake(of directory: ConnectionDirectory, now: BootInstant) -> BootInstant? {
        changed.isEmpty && deletions.isEmpty && !directory.hasNotedChanges ? wakes.min?.at : now
    }

    /// What happened since the last time to the connections whose change the directory has noted, and to those whose time
    /// has come. At most so much in one go that a lock may be held for it; ``nextWake(of:now:)`` says if there is more.
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
            var entry = self[slot] ?? KnownConnection(connection)
            // Another one has taken its place, which is noted too.
            guard entry.isSame(connection) else { continue }
            let kinds = entry.compare(with: connection, timing: timing(connection), now: now)
            take(entry, slot)
            events += kinds.map { ConnectionEvent($0, of: connection, at: now) }
        }
        return events
    }

    private mutating func findDeletions(in directory: ConnectionDirectory) {
        for slot in changed {
            guard let entry = self[slot], directory[slot].map(entry.isSame) != true else { continue }
            known[slot] = nil
            if entry.isAnnounced { deletions.append(ConnectionEvent(deletionOf: entry)) }
        }
    }

    private subscript(slot: Int) -> KnownConnection? { known.indices.contains(slot) ? known[slot] : nil }

    private mutating func take(_ entry: KnownConnection, _ slot: Int) {
        let before = self[slot]?.wakeAt
        while known.count <= slot { known.append(nil) }
        known[slot] = entry
        guard let wakeAt = entry.wakeAt, wakeAt != before else { return }
        // Those that were moved would pile up under short-lived tokens.
        if wakes.count > 2 * known.count + 64 { forgetMovedWakes() }
        wakes.insert(Wake(at: wakeAt, slot: slot))
    }

    private mutating func forgetMovedWakes() {
        wakes = Heap(known.indices.compactMap { slot in known[slot]?.wakeAt.map { Wake(at: $0, slot: slot) } })
    }

    /// Wakes held, those that were moved included.
    var wakesHeld: Int { wakes.count }

    private func isCurrent(_ wake: Wake) -> Bool { self[wake.slot]?.wakeAt == wake.at }

    private mutating func takeSlots(now: BootInstant) -> [Int] {
        var slots = Array(changed.prefix(Self.mostAtOnce))
        changed.removeFirst(slots.count)
        // Wakes that were moved are only found here: they count, lest they keep us.
        var looked = slots.count
        while looked < Self.mostAtOnce, let wake = wakes.min, wake.at <= now {
            wakes.removeMin()
            looked += 1
            guard isCurrent(wake) else { continue }
            known[wake.slot]?.wakeAt = nil
            slots.append(wake.slot)
        }
        return slots
    }
}
