/// Memory in which a segment's records stand: secret memory in service, ordinary memory under test.
///
/// The format counts on the order of the stores: after a crash between any two of them, and at any byte within a
/// ``write(_:at:)`` or a ``wipe(_:)``, the records can be restored. Ranges outside the memory are a fault of the caller
/// and trap.
package protocol RecordMemory: ~Copyable, Sendable {
    /// The size in bytes, a multiple of eight.
    var count: Int { get }

    /// Lends the bytes in `range` for the length of `body`.
    func withBytes<Result: ~Copyable, Failure>(
        _ range: Range<Int>, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result

    /// Copies `bytes` to `offset`, in any order.
    mutating func write(_ bytes: Span<UInt8>, at offset: Int)

    /// Stores eight bytes, little-endian, all or none, at a multiple of eight: after every store before it in the
    /// program and before every store behind it.
    mutating func store(_ word: UInt64, at offset: Int)

    /// Overwrites `range` with zeros, in any order, in a way that the optimiser must keep.
    mutating func wipe(_ range: Range<Int>)
}
