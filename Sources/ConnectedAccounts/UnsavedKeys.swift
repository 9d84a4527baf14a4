/// Which entries of a register have changed, come or gone since they were last saved.
package struct UnsavedKeys: Sendable {
    private var keys: Set<String> = []

    package init() {}

    package var isEmpty: Bool { keys.isEmpty }

    /// Notes one, or one that could not be saved.
    package mutating func note(_ key: String) { keys.insert(key) }

    /// All of them, in order; from then on nothing is unsaved. An entry that is not there any more has gone.
    package mutating func takeAll() -> [String] {
        guard !keys.isEmpty else { return [] }
        defer { keys = [] }
        return keys.sorted()
    }
}
