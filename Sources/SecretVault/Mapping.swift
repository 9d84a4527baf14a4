import Glibc
import Synchronization

/// A shared mapping of a whole descriptor, unmapped when its owner dies. Every access is checked against its bounds.
@safe
struct Mapping: ~Copyable, RecordMemory, @unchecked Sendable {
    // Sendable: one owner at a time, as for every noncopyable value.
    private let start: UnsafeMutableRawPointer
    let count: Int

    /// mmap(2). The size of the file must be `count` and must not shrink while it is mapped: an access beyond it is
    /// SIGBUS.
    init(of descriptor: borrowing OwnedDescriptor, count: Int) throws(VaultError) {
        let start = unsafe mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor.number, 0)
        guard let start = unsafe start, unsafe start != MAP_FAILED else { throw .systemCall("mmap", errno: errno) }
        unsafe self.start = start
        self.count = count
    }

    deinit { unsafe munmap(start, count) }

    @inline(__always)
    func withBytes<Result: ~Copyable, Failure>(
        _ range: Range<Int>, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(unsafe UnsafeRawBufferPointer(bytes(range)).bindMemory(to: UInt8.self).span)
    }

    mutating func write(_ bytes: Span<UInt8>, at offset: Int) {
        let target = unsafe self.bytes(offset..<offset + bytes.count)
        unsafe bytes.withUnsafeBytes { unsafe target.copyMemory(from: $0) }
    }

    mutating func store(_ word: UInt64, at offset: Int) {
        precondition(offset % 8 == 0)
        let target = unsafe bytes(offset..<offset + 8)
        unsafe target.baseAddress?.assumingMemoryBound(to: Atomic<UInt64>.self).pointee
            .store(word.littleEndian, ordering: .releasing)
        // The store above already comes after what is before it; this keeps what follows behind it.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
    }

    mutating func wipe(_ range: Range<Int>) {
        guard let target = unsafe bytes(range).baseAddress else { return }
        unsafe explicit_bzero(target, range.count)
    }

    /// Passes the mapping's address and length to a system call that takes such a pair.
    func apply(_ call: (UnsafeMutableRawPointer, Int) -> CInt) -> CInt { unsafe call(start, count) }

    @inline(__always)
    private func bytes(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return unsafe UnsafeMutableRawBufferPointer(start: start + range.lowerBound, count: range.count)
    }
}
