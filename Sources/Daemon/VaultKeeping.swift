internal import Glibc
package import Logging
package import SecretVault
package import Systemd

/// The vault across restarts: systemd keeps a second reference to its memory (`FDSTORE=1`, sd_pid_notify_with_fds(3)), and
/// hands it to the next process of the unit.
package struct VaultKeeping: Sendable {
    /// How long systemd is waited for once, at the start.
    private static let storeTimeout: Duration = .seconds(5)
    private static let prefix = "vault-"

    let notifier: ServiceNotifier
    let logger: Logger
    /// False where systemd has said that it keeps nothing for this unit (`FDSTORE`, from version 254 on).
    private let mayStore: Bool
    /// Vaults that an earlier process left and this one cannot read.
    package private(set) var setAside = 0
    /// Whether systemd has this process's vault.
    package private(set) var isKept = false

    /// `notifier` speaks to the service manager, if there is one; `storeLimit` is how many descriptors it keeps, if it says so.
    package init(notifier: ServiceNotifier, storeLimit: Int?, logger: Logger) {
        self.mayStore = storeLimit != 0
        self.notifier = notifier
        self.logger = logger
    }

    /// The vault that an earlier process left with systemd, or a new one; systemd has it when this returns, if there is one.
    ///
    /// One that cannot be read stays with systemd as it is, under its own name, for a version that can. A call of the
    /// system that fails says nothing of a vault: it is thrown, and the next start tries again.
    ///
    /// A new one is filled by `fill` first of all: a crash in the middle of it leaves nothing that looks like a vault.
    package mutating func open(
        _ received: ListenDescriptors, filling fill: (inout SecretVault) throws -> Void = { _ in }
    ) throws -> SecretVault {
        var candidates: [(entry: ListenDescriptors.Entry, sequence: UInt64)] = []
        var highest: UInt64 = 0
        for entry in received.entries where entry.name.hasPrefix(Self.prefix) {
            highest = max(highest, UInt64(UInt32(entry.name.dropFirst(Self.prefix.count)) ?? 0))
            do throws(VaultError) {
                let header = try SecretVault.header(of: entry.descriptor)
                candidates.append((entry, header.creationSequence))
                highest = max(highest, header.creationSequence)
            } catch .blank {
                forget(entry)
            } catch {
                try set(aside: entry, because: error)
            }
        }
        // The highest is the one in use.
        candidates.sort { $0.sequence > $1.sequence }
        var adopted: UInt64?
        var vault: SecretVault?
        for (entry, sequence) in candidates {
            if let adopted {
                pass(over: entry, sequence, adopted: adopted)
                continue
            }
            do throws(VaultError) {
                vault = try SecretVault(adopting: entry.descriptor)
                adopted = sequence
                close(entry.descriptor)
            } catch {
                try set(aside: entry, because: error)
            }
        }
        var opened: SecretVault
        switch vault.take() {
        case .some(let found): opened = found
        // No successor of what is set aside: only that may be wiped when this one is found.
        case .none:
            opened = try SecretVault(creating: SegmentPolicy(), creationSequence: highest + 2)
            do {
                try fill(&opened)
            } catch {
                opened.wipe()
                throw error
            }
        }
        guard notifier.isActive else { return opened }
        if adopted == nil { store(opened) } else { isKept = true }
        followMoves(of: &opened)
        return opened
    }

    /// Beside the vault in use: its predecessor, where a crash came in the middle of a move, is all in it.
    private mutating func pass(over entry: ListenDescriptors.Entry, _ sequence: UInt64, adopted: UInt64) {
        if sequence == adopted {
            // The same memory twice is not another vault.
            close(entry.descriptor)
        } else if sequence + 1 == adopted {
            try? SecretVault.wipeSegment(entry.descriptor)
            forget(entry)
        } else {
            setAside += 1
            close(entry.descriptor)
        }
    }

    private mutating func store(_ vault: borrowing SecretVault) {
        do throws(NotifyError) {
            try notifier.store(vault.fileDescriptor, name: Self.name(vault.statistics.creationSequence))
            isKept = mayStore
            try notifier.waitUntilProcessed(timeout: Self.storeTimeout)
        } catch {
            logger.warning(
                "systemd may not keep the vault, and then a restart loses what was connected since: \(error)")
        }
    }

    private func followMoves(of vault: inout SecretVault) {
        let (notifier, logger) = (notifier, logger)
        vault.onSegmentChange = { change in
            // Not waited for: systemd takes messages in their order, and all that a process has sent before it sees its end.
            do throws(NotifyError) {
                try notifier.store(change.new.fileDescriptor, name: Self.name(change.new.creationSequence))
            } catch {
                logger.error("systemd was not given the larger vault, which is not used: \(error)")
                return false
            }
            // What it keeps too long is blank, and let go at the next start.
            try? notifier.removeStored(name: Self.name(change.old.creationSequence))
            return true
        }
    }

    private mutating func set(aside entry: ListenDescriptors.Entry, because error: VaultError) throws(VaultError) {
        if case .systemCall = error { throw error }
        setAside += 1
        logger.error("The vault \(entry.name) of an earlier process cannot be read and is left with systemd: \(error)")
        close(entry.descriptor)
    }

    private func forget(_ entry: ListenDescriptors.Entry) {
        try? notifier.removeStored(name: entry.name)
        close(entry.descriptor)
    }

    private static func name(_ creationSequence: UInt64) -> String { "\(prefix)\(creationSequence)" }
}
