/// Finds the name that was probably meant.
package enum NearMiss {
    /// The candidate with the fewest edits, if these are few for its length; the first of equals.
    package static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
        guard name.utf8.count <= 64 else { return nil }
        let typed = Array(name.lowercased().utf8)
        var best: (name: String, edits: Int)?
        for candidate in candidates where abs(candidate.utf8.count - typed.count) <= 3 {
            let edits = editCount(typed, Array(candidate.lowercased().utf8))
            if edits <= max(1, min(3, candidate.utf8.count / 3)), edits < best?.edits ?? .max {
                best = (candidate, edits)
            }
        }
        return best?.name
    }

    /// `; did you mean X?`, or nothing.
    package static func suggestion(for name: String, among candidates: some Sequence<String>) -> String {
        nearest(to: name, among: candidates).map { "; did you mean \($0)?" } ?? ""
    }

    /// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
    private static func editCount(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let isSame = left[row] == right[column]
                var edits = min(previous[column + 1] + 1, current[column] + 1, previous[column] + (isSame ? 0 : 1))
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    edits = min(edits, beforePrevious[column - 1] + 1)
                }
                current.append(edits)
            }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[right.count]
    }
}
