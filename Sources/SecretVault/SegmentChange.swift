/// The records have moved: what the FD store holds has to follow.
///
/// When the hook runs both segments are whole, and each alone restores every record. It is to store the new descriptor
/// and then remove the old one; when it returns true, the old segment is wiped. It returns false if the new descriptor
/// could not be stored: the vault then stays where it is. It runs inside the write that needed the room, so it must not
/// wait.
package struct SegmentChange: Equatable, Sendable {
    /// The type of ``SecretVault/onSegmentChange``.
    package typealias Hook = @Sendable (SegmentChange) -> Bool

    /// The descriptor and creation sequence of one segment; the descriptor stays the vault's.
    package struct Side: Equatable, Sendable {
        package let fileDescriptor: CInt
        package let creationSequence: UInt64
    }

    package let old: Side
    package let new: Side

    init(from old: borrowing Segment<SecretMemory>, to new: borrowing Segment<SecretMemory>) {
        self.old = Side(old)
        self.new = Side(new)
    }
}

extension SegmentChange.Side {
    init(_ segment: borrowing Segment<SecretMemory>) {
        self.init(
            fileDescriptor: segment.memory.fileDescriptor, creationSequence: segment.header.creationSequence)
    }
}
