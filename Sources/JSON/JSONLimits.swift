/// Bounds on one JSON text. What exceeds one of them is a ``JSONError``, found before memory is spent on it.
package struct JSONLimits: Sendable {
    /// Longest text, in bytes. At most 2 GiB, for offsets have 32 bits.
    package let maxBytes: Int

    /// Deepest nesting of objects and arrays; 1 allows `[]` but not `[[]]`.
    package let maxDepth: Int

    /// Most values, keys included; a string written with escapes counts twice. Each costs 16 bytes. At most 2²⁴ − 1, for
    /// numbers of children have 24 bits.
    package let maxNodes: Int

    /// 16 MiB, 64 levels and 262 144 values unless told otherwise.
    package init(maxBytes: Int = 16 << 20, maxDepth: Int = 64, maxNodes: Int = 262_144) {
        self.maxBytes = min(max(maxBytes, 0), Int(Int32.max))
        self.maxDepth = max(maxDepth, 0)
        self.maxNodes = min(max(maxNodes, 1), 0xFF_FFFF)
    }

    /// The defaults.
    package static let standard = JSONLimits()
}
