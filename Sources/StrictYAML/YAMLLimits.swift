/// Bounds on one YAML text. What exceeds one is a problem of its own, found before memory is spent on it.
package enum YAMLLimits {
    /// Longest text, in bytes.
    package static let bytes = 1 << 20
    /// Deepest nesting of mappings and sequences.
    package static let depth = 16
    /// Most values, keys not counted.
    package static let nodes = 200_000
    /// Longest key, in bytes.
    package static let keyLength = 128
}
