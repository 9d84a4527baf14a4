/// Whether at most two insertions, deletions or replacements of bytes lead from one name to the other, and both are longer
/// than that: the distance of a slip of the finger. Names over 64 bytes are near to none.
func isNear(_ one: String, _ other: String) -> Bool {
    let one = Array(one.utf8.prefix(65))
    let other = Array(other.utf8.prefix(65))
    guard one.count <= 64, other.count <= 64, min(one.count, other.count) > 2 else { return false }
    return distance(one, other) <= 2
}

/// Levenshtein's distance, one row of the table at a time.
private func distance(_ one: [UInt8], _ other: [UInt8]) -> Int {
    var row = Array(0...other.count)
    for (index, byte) in one.enumerated() {
        var diagonal = row[0]
        row[0] = index + 1
        for column in other.indices {
            let replaced = diagonal + (byte == other[column] ? 0 : 1)
            diagonal = row[column + 1]
            row[column + 1] = min(replaced, row[column] + 1, diagonal + 1)
        }
    }
    return row[other.count]
}
