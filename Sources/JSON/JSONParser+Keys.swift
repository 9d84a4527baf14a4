extension JSONParser {
    /// Up to this many members, comparing each with each beats sorting.
    private static let fewMembers = 16

    /// Refuses an object, complete but for its end, that has a key twice: two readers could each take another of the values.
    func checkKeys(of object: Int, _ index: borrowing JSONIndex) throws(JSONError) {
        let members = index.nodes[object].childCount
        if members < 2 { return }
        let duplicate =
            members <= Self.fewMembers
            ? duplicateByComparing(in: object, index) : duplicateBySorting(in: object, members, index)
        guard let duplicate else { return }
        throw JSONError(kind: .duplicateKey, offset: Int(index.nodes[duplicate].start))
    }

    private func duplicateByComparing(in object: Int, _ index: borrowing JSONIndex) -> Int? {
        let end = index.nodeCount
        var key = object + 1
        while key < end {
            let following = keyAfter(key, index)
            var other = following
            while other < end {
                if index.sameString(key, other) { return other }
                other = keyAfter(other, index)
            }
            key = following
        }
        return nil
    }

    private func duplicateBySorting(in object: Int, _ members: Int, _ index: borrowing JSONIndex) -> Int? {
        var keys: [UInt32] = []
        keys.reserveCapacity(members)
        var key = object + 1
        while key < index.nodeCount {
            keys.append(UInt32(key))
            key = keyAfter(key, index)
        }
        keys.sort { one, other in
            if index.precedes(Int(one), Int(other)) { return true }
            return one < other && !index.precedes(Int(other), Int(one))
        }
        let second = keys.indices.dropFirst().filter { index.sameString(Int(keys[$0 - 1]), Int(keys[$0])) }
        return second.map { Int(keys[$0]) }.min()
    }

    @inline(__always)
    private func keyAfter(_ key: Int, _ index: borrowing JSONIndex) -> Int {
        Int(index.nodes[Int(index.nodes[key].next)].next)
    }
}
