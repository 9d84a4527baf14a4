internal import ConnectedAccounts
internal import HeapModule
internal import JSONRPC

/// Calls that wait for a refresh, each with its own deadline. Bounded.
struct WaitingCalls: Sendable {
    /// Calls that may wait at once, all connections together.
    static let limit = 16_384
    /// … of one uid, so that no user can take them all.
    static let limitPerUser = limit / 4
    /// How often the calls of peers that are gone are looked for: a look at all of them is not for each call to ask for.
    private static var sweepInterval: Duration { .seconds(1) }

    struct Waiter: Sendable {
        let call: WaitingCall
        let caller: Caller
        let deadline: BootInstant
        let reply: RPCReply
    }

    private struct Deadline: Comparable, Sendable {
        var at: BootInstant
        var id: UInt64

        static func < (left: Deadline, right: Deadline) -> Bool { (left.at, left.id) < (right.at, right.id) }
    }

    private var waiters: [UInt64: Waiter] = [:]
    private var countByUser: [UInt32: Int] = [:]
    private var sweepAllowedAt = BootInstant(nanoseconds: .min)
    private var bySlot: [Int: Set<UInt64>] = [:]
    private var slots: [UInt64: [Int]] = [:]
    private var deadlines = Heap<Deadline>()
    private var nextID: UInt64 = 0

    var count: Int { waiters.count }

    /// False if too many wait already, of all or of this user; those whose peer is gone make room first.
    mutating func insert(_ waiter: Waiter, slots: [Int], now: BootInstant) -> Bool {
        let uid = waiter.caller.peer.uid
        if !hasRoom(for: uid) { removeAbandoned(now: now) }
        guard hasRoom(for: uid) else { return false }
        countByUser[uid, default: 0] += 1
        nextID += 1
        waiters[nextID] = waiter
        self.slots[nextID] = slots
        for slot in slots { bySlot[slot, default: []].insert(nextID) }
        deadlines.insert(Deadline(at: waiter.deadline, id: nextID))
        return true
    }

    private func hasRoom(for uid: UInt32) -> Bool {
        waiters.count < Self.limit && countByUser[uid, default: 0] < Self.limitPerUser
    }

    private mutating func removeAbandoned(now: BootInstant) {
        guard sweepAllowedAt <= now else { return }
        sweepAllowedAt = now.advanced(by: Self.sweepInterval)
        for id in waiters.filter({ $1.reply.isAbandoned }).keys { _ = remove(id) }
    }

    /// Takes out those who wait for the slot.
    mutating func take(slot: Int) -> [Waiter] {
        (bySlot[slot] ?? []).sorted().compactMap { remove($0) }
    }

    /// Takes out those whose time is up.
    mutating func takeExpired(now: BootInstant) -> [Waiter] {
        var expired: [Waiter] = []
        while let first = deadlines.min, first.at <= now {
            deadlines.removeMin()
            if let waiter = remove(first.id) { expired.append(waiter) }
        }
        return expired
    }

    /// Takes out those who wait for none of the slots for which `isKept` is true.
    mutating func takeAll(butFor isKept: (Int) -> Bool = { _ in false }) -> [Waiter] {
        waiters.keys.sorted().filter { id in !(slots[id] ?? []).contains(where: isKept) }.compactMap { remove($0) }
    }

    /// When the next one's time is up; those that were answered before count as well, which costs a look and no more.
    var nextDeadline: BootInstant? { deadlines.min?.at }

    private mutating func remove(_ id: UInt64) -> Waiter? {
        guard let waiter = waiters.removeValue(forKey: id) else { return nil }
        let uid = waiter.caller.peer.uid
        countByUser[uid, default: 1] -= 1
        if countByUser[uid] == 0 { countByUser[uid] = nil }
        for slot in slots.removeValue(forKey: id) ?? [] {
            bySlot[slot]?.remove(id)
            if bySlot[slot]?.isEmpty == true { bySlot[slot] = nil }
        }
        // Deadlines of the answered would pile up under a long timeout.
        if deadlines.count > 2 * waiters.count + 64 { forgetAnsweredDeadlines() }
        return waiter
    }

    private mutating func forgetAnsweredDeadlines() {
        deadlines = Heap(waiters.map { Deadline(at: $1.deadline, id: $0) })
    }
}
