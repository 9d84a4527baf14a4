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
    /// Vaults that could not be read. They stay with systemd under this name, for a version that can.
    private static let asidePrefix = "aside-"

    let notifier: ServiceNotifier
    let logger: Logger
    /// Vaults that an earlier process left and this one cannot read.
    package private(set) var setAside = 0
    /// Whether systemd has this process's vault.
    package private(set) var isKept = false

    /// `notifier` speaks to the service manager, if there is one.
    package init(notifier: ServiceNotifier, logger: Logger) {
        self.notifier = notifier
        self.logger = logger
    }

    /// The vault that an earlier process left with systemd, or a new one; systemd has it when this returns, if there is one.
    package mutating func open(_ received: ListenDescriptors) throws(VaultError) -> SecretVault {
        var candidates: [(entry: ListenDescriptors.Entry, sequence: UInt64)] = []
        var highest: UInt64 = 0
        setAside = received.entries.count { $0.name.hasPrefix(Self.asidePrefix) }
        for entry in received.entries where entry.name.hasPrefix(Self.prefix) {
            do throws(VaultError) {
                let header = try SecretVault.header(of: entry.descriptor)
                candidates.append((entry, header.creationSequence))
                highest = max(highest, header.creationSequence)
            } catch .blank {
                forget(entry)
            } catch {
                set(aside: entry, because: error)
            }
        }
        // The highest is the one in use; a crash in the middle of a move leaves both, each whole.
        candidates.sort { $0.sequence > $1.sequence }
        var vault: SecretVault?
        var adopted: UInt64?
        for (entry, sequence) in candidates {
            guard adopted == nil else {
                // The same memory twice is not another vault.
                if sequence == adopted { close(entry.descriptor) } else { letGo(entry) }
                continue
            }
            do throws(VaultError) {
                vault = try SecretVault(adopting: entry.descriptor)
                adopted = sequence
                close(entry.descriptor)
            } catch {
                set(aside: entry, because: error)
            }
        }
        var opened: SecretVault
        switch vault.take() {
        case .some(let found): opened = found
        case .none: opened = try SecretVault(creating: SegmentPolicy(), creationSequence: highest + 1)
        }
        guard notifier.isActive else { return opened }
        if adopted == nil { store(opened) } else { isKept = true }
        followMoves(of: &opened)
        return opened
    }

    private mutating func store(_ vault: borrowing SecretVault) {
        do throws(NotifyError) {
            try notifier.store(vault.fileDescriptor, name: Self.name(vault.statistics.creationSequence))
            try notifier.waitUntilProcessed(timeout: Self.storeTimeout)
            isKept = true
        } catch {
            logger.warning("systemd does not keep the vault, so a restart loses what was connected since: \(error)")
        }
    }

    private func followMoves(of vault: inout SecretVault) {
        let (notifier, logger) = (notifier, logger)
        vault.onSegmentChange = { change in
            // Not waited for: systemd takes messages in their order, and all that a process has sent before it sees its end.
            do throws(NotifyError) {
                try notifier.store(change.new.fileDescriptor, name: Self.name(change.new.creationSequence))
                try notifier.removeStored(name: Self.name(change.old.creationSequence))
                return true
            } catch {
                logger.error("systemd was not given the larger vault, which is not used: \(error)")
                return false
            }
        }
    }

    private mutating func set(aside entry: ListenDescriptors.Entry, because error: VaultError) {
        setAside += 1
        logger.error("An earlier vault cannot be read and is set aside, as it is: \(error)")
        try? notifier.store(entry.descriptor, name: Self.asidePrefix + entry.name)
        forget(entry)
    }

    /// An older one: all that it holds is in a newer one.
    private func letGo(_ entry: ListenDescriptors.Entry) {
        try? SecretVault.wipeSegment(entry.descriptor)
        forget(entry)
    }

    private func forget(_ entry: ListenDescriptors.Entry) {
        try? notifier.removeStored(name: entry.name)
        close(entry.descriptor)
    }

    private static func name(_ creationSequence: UInt64) -> String { "\(prefix)\(creationSequence)" }
}
