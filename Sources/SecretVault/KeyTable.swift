/// Finds slots by the hash of their key: open addressing, linear probing, eight bytes an entry.
///
/// It knows hashes only. Two keys may share one, so a search asks its caller about each candidate.
struct KeyTable {
    private struct Entry {
        static let vacant = Entry(hash: 0, slot: .max)
        let hash: UInt32
        let slot: UInt32
        var isVacant: Bool { slot == .max }
    }

    private var entries = [Entry](repeating: .vacant, count: 16)
    private(set) var count = 0

    /// The slot under `hash` that `matches`.
    func slot(_ hash: UInt32, where matches: (UInt32) -> Bool) -> UInt32? {
        var place = home(hash)
        while !entries[place].isVacant {
            if entries[place].hash == hash, matches(entries[place].slot) { return entries[place].slot }
            place = next(place)
        }
        return nil
    }

    /// The hash a slot stands under, found without it.
    func hash(ofSlot slot: UInt32) -> UInt32? {
        entries.first { $0.slot == slot }?.hash
    }

    /// Adds a slot that is not there yet.
    mutating func insert(_ hash: UInt32, slot: UInt32) {
        if (count + 1) * 4 > entries.count * 3 { grow() }
        place(Entry(hash: hash, slot: slot))
        count += 1
    }

    /// Takes a slot out; false if it does not stand under that hash.
    mutating func remove(_ hash: UInt32, slot: UInt32) -> Bool {
        var gap = home(hash)
        while entries[gap].slot != slot {
            if entries[gap].isVacant { return false }
            gap = next(gap)
        }
        count -= 1
        // What probing carried past the gap moves back, so that no search ends early.
        var follower = next(gap)
        while !entries[follower].isVacant {
            let distance = (follower - home(entries[follower].hash)) & (entries.count - 1)
            if distance >= (follower - gap) & (entries.count - 1) {
                entries[gap] = entries[follower]
                gap = follower
            }
            follower = next(follower)
        }
        entries[gap] = .vacant
        return true
    }

    private func home(_ hash: UInt32) -> Int { Int(hash) & (entries.count - 1) }

    private func next(_ place: Int) -> Int { (place + 1) & (entries.count - 1) }

    private mutating func place(_ entry: Entry) {
        var place = home(entry.hash)
        while !entries[place].isVacant { place = next(place) }
        entries[place] = entry
    }

    private mutating func grow() {
        let old = entries
        entries = Array(repeating: .vacant, count: old.count * 2)
        for entry in old where !entry.isVacant { place(entry) }
    }
}
