import CLinux
import Glibc

/// Shared memory of a fixed size behind a descriptor that another process can keep: the strongest kind there is.
///
/// Letting go of it (`deinit`) closes and unmaps and wipes nothing: whoever holds a second descriptor goes on with the
/// contents.
struct SecretMemory: ~Copyable, RecordMemory {
    let protection: MemoryProtection
    private let descriptor: OwnedDescriptor
    private var mapping: Mapping

    /// Fresh memory, all zero. `byteCount` is a multiple of the page size.
    ///
    /// Where memfd_secret(2) is missing, or RLIMIT_MEMLOCK forbids that much of it, this is `memfd_create` and
    /// `mlock2`; where the limit forbids that too, the memory still works and ``protection`` says that it is not
    /// locked.
    static func create(byteCount: Int, policy: SegmentPolicy) throws(VaultError) -> SecretMemory {
        guard policy.kind == .secretMemfd else {
            return try SecretMemory(memfdOf: byteCount, locks: policy.locksMemory, shortcoming: "as configured")
        }
        do {
            return try SecretMemory(secretMemfdOf: byteCount)
        } catch {
            return try SecretMemory(memfdOf: byteCount, locks: policy.locksMemory, shortcoming: "\(error)")
        }
    }

    /// Maps memory that an earlier process made. The descriptor stays with the caller; this keeps a duplicate.
    init(adopting descriptor: CInt) throws(VaultError) {
        let own = try OwnedDescriptor(duplicating: descriptor)
        let isSecret = clinux_is_secret_memory(own.number)
        guard isSecret >= 0 else { throw .systemCall("fstatfs", errno: errno) }
        // Memory that could shrink under the mapping would end the process with SIGBUS.
        guard isSecret == 1 || clinux_has_sealed_size(own.number) == 1 else { throw .notVaultMemory }
        try self.init(
            own, kind: isSecret == 1 ? .secretMemfd : .lockedMemfd, locks: isSecret == 0, shortcoming: nil)
    }

    private init(secretMemfdOf byteCount: Int) throws(VaultError) {
        let descriptor = try OwnedDescriptor(clinux_memfd_secret(), from: "memfd_secret")
        try descriptor.setSize(byteCount)
        try self.init(descriptor, kind: .secretMemfd, locks: false, shortcoming: nil)
    }

    private init(memfdOf byteCount: Int, locks: Bool, shortcoming: String) throws(VaultError) {
        let descriptor = try OwnedDescriptor(unsafe clinux_memfd_create("purser-vault"), from: "memfd_create")
        try descriptor.setSize(byteCount)
        guard clinux_seal_size(descriptor.number) == 0 else { throw .systemCall("fcntl(F_ADD_SEALS)", errno: errno) }
        try self.init(descriptor, kind: .lockedMemfd, locks: locks, shortcoming: shortcoming)
    }

    private init(
        _ descriptor: consuming OwnedDescriptor, kind: SecretMemoryKind, locks: Bool, shortcoming: String?
    ) throws(VaultError) {
        let mapping = try Mapping(of: descriptor, count: try descriptor.size())
        let lock = locks ? unsafe mapping.apply { unsafe clinux_mlock_on_fault($0, $1) } : -1
        let lockFailure = locks && lock != 0 ? "mlock2: \(systemMessage(errno))" : nil
        let isKeptFromCoreFiles = unsafe mapping.apply { unsafe madvise($0, $1, MADV_DONTDUMP) } == 0
        let isKeptFromChildren = unsafe mapping.apply { unsafe madvise($0, $1, MADV_DONTFORK) } == 0
        self.protection = MemoryProtection(
            kind: kind, isLocked: kind == .secretMemfd || lock == 0, isKeptFromCoreFiles: isKeptFromCoreFiles,
            isKeptFromChildren: isKeptFromChildren,
            shortcoming: lockFailure.map { [shortcoming, $0].compactMap { $0 }.joined(separator: "; ") } ?? shortcoming)
        self.descriptor = descriptor
        self.mapping = mapping
    }

    /// The descriptor, to be handed to whoever keeps a second one; it stays ours.
    var fileDescriptor: CInt { descriptor.number }

    var count: Int { mapping.count }

    @inline(__always)
    func withBytes<Result: ~Copyable, Failure>(
        _ range: Range<Int>, _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try mapping.withBytes(range, body)
    }

    mutating func write(_ bytes: Span<UInt8>, at offset: Int) { mapping.write(bytes, at: offset) }

    mutating func store(_ word: UInt64, at offset: Int) { mapping.store(word, at: offset) }

    mutating func wipe(_ range: Range<Int>) { mapping.wipe(range) }
}

extension SecretMemoryKind {
    /// Whether memfd_secret(2) works for this process, found by making and mapping as much as the smallest segment
    /// takes.
    package static func isSecretMemfdAvailable() -> Bool {
        let policy = SegmentPolicy()
        do {
            let memory = try SecretMemory.create(byteCount: policy.minimumBytes, policy: policy)
            return memory.protection.kind == .secretMemfd
        } catch {
            return false
        }
    }
}

extension OwnedDescriptor {
    /// ftruncate(2). Memory of memfd_secret takes a size once only.
    borrowing func setSize(_ byteCount: Int) throws(VaultError) {
        guard ftruncate(number, byteCount) == 0 else { throw .systemCall("ftruncate", errno: errno) }
    }

    /// The size of memory fit for a segment (fstat(2); lseek(2) does not work on memfd_secret).
    borrowing func size() throws(VaultError) -> Int {
        var status = stat()
        guard unsafe fstat(number, &status) == 0 else { throw .systemCall("fstat", errno: errno) }
        let size = Int(status.st_size)
        guard size > 0, size <= SegmentPolicy.maximumSegmentBytes, size % Int(getpagesize()) == 0 else {
            throw .notVaultMemory
        }
        return size
    }
}
