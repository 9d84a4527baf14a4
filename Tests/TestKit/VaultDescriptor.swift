internal import CLinux
internal import Glibc
internal import SecretVault
internal import Synchronization

/// Where the vault's memory is, and what it was when the process died, if that was between two of its changes.
final class VaultDescriptor: Sendable {
    private struct State {
        var descriptor: CInt = -1
        /// Changes until the process dies; nil: it lives on.
        var changesLeft: Int?
        /// The memory as it was then.
        var image: [UInt8]?
    }

    private let state = Mutex(State())

    init(of vault: inout SecretVault) { follow(&vault) }

    var value: CInt { state.withLock { $0.descriptor } }

    var isDead: Bool { state.withLock { $0.image != nil } }

    func follow(_ vault: inout SecretVault) {
        let descriptor = vault.fileDescriptor
        state.withLock { $0 = State(descriptor: descriptor) }
        vault.onSegmentChange = { [self] change in
            let descriptor = change.new.fileDescriptor
            state.withLock { $0.descriptor = descriptor }
            return true
        }
        vault.onChange = { [self] in noteChange() }
    }

    /// The process dies right after so many more changes; nil: it does not.
    func setDeath(after changes: Int?) { state.withLock { $0.changesLeft = changes } }

    private func noteChange() {
        state.withLock { state in
            guard let left = state.changesLeft else { return }
            state.changesLeft = left > 1 ? left - 1 : nil
            if left == 1 { state.image = Self.contents(of: state.descriptor) }
        }
    }

    /// The memory as it is now.
    var contents: [UInt8] { Self.contents(of: value) }

    /// What is found in place of the memory that there is.
    func replace(with image: [UInt8]) { state.withLock { $0.image = image } }

    private static func contents(of descriptor: CInt) -> [UInt8] {
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { return [] }
        var image = [UInt8](repeating: 0, count: Int(status.st_size))
        let count = unsafe pread(descriptor, &image, image.count, 0)
        return count == image.count ? image : []
    }

    /// The vault that the next process finds.
    func survivor(_ policy: SegmentPolicy) throws -> SecretVault {
        guard let image = state.withLock({ $0.image }) else { return try SecretVault(adopting: value, policy: policy) }
        let memory = unsafe clinux_memfd_create("purser-test")
        defer { close(memory) }
        guard memory >= 0, ftruncate(memory, off_t(image.count)) == 0, clinux_seal_size(memory) == 0,
            unsafe pwrite(memory, image, image.count, 0) == image.count
        else { throw WorldFault(faults: ["the memory of a process that died cannot be made again: errno \(errno)"]) }
        return try SecretVault(adopting: memory, policy: policy)
    }
}
