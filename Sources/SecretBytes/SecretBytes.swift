import Glibc

/// A fixed run of secret bytes outside the vault, wiped when it dies.
///
/// It cannot be copied by accident (`~Copyable`), interpolated into a string, printed or encoded: the only way to the bytes is
/// ``withBytes(_:)``. Whoever needs a second one asks for it by name, with ``copy()``.
@safe
package struct SecretBytes: ~Copyable, @unchecked Sendable {
    // Sendable: the bytes never change after `init`, and one owner frees them.
    private let storage: UnsafeMutableRawBufferPointer

    /// Copies `bytes`; wiping the original is its owner's affair.
    package init(copying bytes: Span<UInt8>) {
        unsafe self.storage = .allocate(byteCount: bytes.count, alignment: 1)
        unsafe bytes.withUnsafeBytes { unsafe storage.copyMemory(from: $0) }
    }

    /// Copies the UTF-8 of `text`, for values that were public or a `String` to begin with.
    package init(utf8 text: String) {
        let utf8 = text.utf8
        unsafe self.storage = .allocate(byteCount: utf8.count, alignment: 1)
        unsafe storage.copyBytes(from: utf8)
    }

    deinit {
        unsafe wipe(storage)
        unsafe storage.deallocate()
    }

    package var count: Int { unsafe storage.count }

    package var isEmpty: Bool { count == 0 }

    /// Lends the bytes for the length of `body`; they must not be kept.
    package borrowing func withBytes<Result: ~Copyable, Failure>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(unsafe UnsafeRawBufferPointer(storage).bindMemory(to: UInt8.self).span)
    }

    /// A second owner of the same bytes.
    package borrowing func copy() -> SecretBytes {
        withBytes { SecretBytes(copying: $0) }
    }

    /// Whether both hold the same bytes, in a time that depends on their lengths only.
    package borrowing func isEqual(to other: borrowing SecretBytes) -> Bool {
        guard count == other.count else { return false }
        return withBytes { mine in
            other.withBytes { theirs in
                var difference: UInt8 = 0
                for index in mine.indices { difference |= mine[index] ^ theirs[index] }
                return difference == 0
            }
        }
    }
}

/// A growing run of bytes that may hold secrets: wiped when it grows, is emptied, and dies.
@safe
package struct SecretBuffer: ~Copyable, @unchecked Sendable {
    // Sendable: one owner at a time, as for every noncopyable value.
    private var storage: UnsafeMutableRawBufferPointer
    package private(set) var count = 0

    package init(minimumCapacity: Int = 0) {
        unsafe self.storage = .allocate(byteCount: max(minimumCapacity, 64), alignment: 1)
    }

    deinit {
        unsafe wipe(UnsafeMutableRawBufferPointer(rebasing: storage[..<count]))
        unsafe storage.deallocate()
    }

    package var isEmpty: Bool { count == 0 }

    package var capacity: Int { unsafe storage.count }

    @inline(__always)
    package mutating func append(_ byte: UInt8) {
        reserve(1)
        unsafe storage[count] = byte
        count += 1
    }

    package mutating func append(_ bytes: Span<UInt8>) {
        guard bytes.count > 0 else { return }
        reserve(bytes.count)
        unsafe bytes.withUnsafeBytes { source in
            unsafe UnsafeMutableRawBufferPointer(rebasing: storage[count...]).copyMemory(from: source)
        }
        count += bytes.count
    }

    package mutating func append(_ text: StaticString) {
        unsafe append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount).span)
    }

    package mutating func append(utf8 text: String) {
        var text = text
        text.withUTF8 { unsafe append($0.span) }
    }

    /// Wipes and forgets everything; the capacity stays, up to `keepingAtMost` bytes.
    package mutating func removeAll(keepingAtMost limit: Int = .max) {
        unsafe wipe(UnsafeMutableRawBufferPointer(rebasing: storage[..<count]))
        count = 0
        guard capacity > limit else { return }
        unsafe storage.deallocate()
        unsafe storage = .allocate(byteCount: max(limit, 64), alignment: 1)
    }

    /// Wipes and forgets the first `length` bytes and moves the rest to the front.
    package mutating func removeFirst(_ length: Int) {
        precondition(length <= count)
        let rest = count - length
        unsafe UnsafeMutableRawBufferPointer(rebasing: storage[..<rest])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[length..<count]))
        unsafe wipe(UnsafeMutableRawBufferPointer(rebasing: storage[rest..<count]))
        count = rest
    }

    /// Wipes and forgets everything from `length` on.
    package mutating func truncate(to length: Int) {
        precondition(length <= count)
        unsafe wipe(UnsafeMutableRawBufferPointer(rebasing: storage[length..<count]))
        count = length
    }

    /// Lends the bytes for the length of `body`; they must not be kept.
    package borrowing func withBytes<Result: ~Copyable, Failure>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let live = unsafe UnsafeRawBufferPointer(rebasing: storage[..<count])
        return try body(unsafe live.bindMemory(to: UInt8.self).span)
    }

    /// A fixed copy of the contents.
    package borrowing func bytes() -> SecretBytes {
        withBytes { SecretBytes(copying: $0) }
    }

    @inline(__always)
    private mutating func reserve(_ additional: Int) {
        if unsafe count + additional > storage.count { grow(to: count + additional) }
    }

    private mutating func grow(to needed: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(needed, capacity * 2), alignment: 1)
        unsafe larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[..<count]))
        unsafe wipe(UnsafeMutableRawBufferPointer(rebasing: storage[..<count]))
        unsafe storage.deallocate()
        unsafe storage = larger
    }
}

/// Overwrites memory in a way that the optimiser must keep (explicit_bzero(3)).
package func wipe(_ bytes: UnsafeMutableRawBufferPointer) {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return }
    unsafe explicit_bzero(start, bytes.count)
}
