/// How secrets look in management answers.
package enum Masking: String, Sendable, CaseIterable {
    /// The first four characters and `...`; what is too short for that is `REDACTED`.
    case prefix
    /// `REDACTED`, always.
    case full
    /// Live access tokens and keys, to agents that may read credentials anyway. Refresh tokens and client secrets stay
    /// masked.
    case off

    /// How many bytes of a secret of this length are shown before `...`; nil: `REDACTED`.
    package func visiblePrefix(ofLength length: Int) -> Int? {
        self == .full || length <= 4 ? nil : 4
    }
}
