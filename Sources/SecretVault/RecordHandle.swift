/// Stands for one kind and key in one vault, and finds its record without hashing.
///
/// It stays valid while the record is replaced and moved, until it is removed; from then on it finds nothing, also when
/// its slot serves another record. It means nothing to another vault, nor after a restart.
package struct RecordHandle: Hashable, Sendable {
    /// A place in the index; removing a record frees it for the next.
    package let slot: UInt32
    /// How many records the slot has served.
    package let generation: UInt32
}
