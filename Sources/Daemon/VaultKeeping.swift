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
    /// `FileDescriptorStoreMax=` of the shipped units.
    package static let shippedLimit = 64
    /// … of those of the first version, which say nothing of it: what comes on top of it would be lost.
    package static let unsaidLimit = 8
    /// The vault in use, and the one that it moves to.
    private static let placesForVault = 2
    /// For answers on their way (``ExchangeStore``), where there are many.
    private var placesForAnswers: Int { limit < 32 ? 0 : 9 }

    let notifier: ServiceNotifier
    let logger: Logger
    /// How many descriptors systemd keeps for this unit: what it says, or a drop-in for it (`FDSTORE`), or else what the shipped
    /// unit asks for.
    private let limit: Int
    private let isLimitSaid: Bool
    /// Vaults that an earlier process left, this one cannot read, and systemd keeps.
    package var setAside: Int { entriesSetAside.count }
    private var entriesSetAside: [ListenDescriptors.Entry] = []
    /// What was not kept as it should be, each with what to do about it.
    package private(set) var warnings: [String] = []
    /// Whether systemd has this process's vault, which is taken for granted of one that does not say how many it keeps.
    package private(set) var isKept = false
    /// The places that systemd has for this unit, once the vault is open.
    private(set) var places: StorePlaces?

    /// `notifier` speaks to the service manager, if there is one; `storeLimit` is how many descriptors it keeps, if it says so,
    /// and `shippedLimit` how many the unit was shipped with.
    package init(notifier: ServiceNotifier, storeLimit: Int?, shippedLimit: Int? = nil, logger: Logger) {
        self.limit = storeLimit ?? shippedLimit ?? Self.unsaidLimit
        self.isLimitSaid = storeLimit != nil
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
        let takenByAnswers = received.entries.count { ExchangeStore.owns($0) }
        let taken = received.entries.count { !ExchangeStore.owns($0) && !Self.isSocket($0.descriptor) }
        let places = StorePlaces(notifier: notifier, limit: limit, taken: taken + takenByAnswers)
        self.places = places
        var candidates: [(entry: ListenDescriptors.Entry, sequence: UInt64)] = []
        var highest: UInt64 = 0
        for entry in received.entries where entry.name.hasPrefix(Self.prefix) {
            highest = max(highest, Self.number(entry))
            do throws(VaultError) {
                let header = try SecretVault.header(of: entry.descriptor)
                candidates.append((entry, header.creationSequence))
                highest = max(highest, header.creationSequence)
            } catch .blank {
                forget(entry, places)
            } catch {
                try set(aside: entry, because: error)
            }
        }
        // The highest is the one in use.
        candidates.sort { $0.sequence > $1.sequence }
        var adopted: (sequence: UInt64, name: String)?
        var vault: SecretVault?
        for (entry, sequence) in candidates {
            if let adopted {
                pass(over: entry, sequence, adopted: adopted.sequence, places)
                continue
            }
            do throws(VaultError) {
                vault = try SecretVault(adopting: entry.descriptor)
                adopted = (sequence, entry.name)
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
        makeRoom(places, besides: adopted?.name, forAnswers: max(0, placesForAnswers - takenByAnswers))
        if adopted == nil { store(opened, places) } else { isKept = true }
        followMoves(of: &opened, places)
        return opened
    }

    /// Beside the vault in use: its predecessor, where a crash came in the middle of a move, is all in it.
    private mutating func pass(
        over entry: ListenDescriptors.Entry, _ sequence: UInt64, adopted: UInt64, _ places: StorePlaces
    ) {
        if sequence == adopted {
            // The same memory twice is not another vault.
            close(entry.descriptor)
        } else if sequence + 1 == adopted {
            try? SecretVault.wipeSegment(entry.descriptor)
            forget(entry, places)
        } else {
            entriesSetAside.append(entry)
            close(entry.descriptor)
        }
    }

    /// What is set aside takes no place that the vault in use needs: without one, systemd would close the memory that it moves
    /// to. The oldest go first.
    private mutating func makeRoom(_ places: StorePlaces, besides adopted: String?, forAnswers answers: Int) {
        guard limit > 0 else { return }
        let neededForVault = adopted == nil ? Self.placesForVault : Self.placesForVault - 1
        let needed = neededForVault + answers
        for entry in entriesSetAside.sorted(by: { Self.number($0) < Self.number($1) }) {
            guard places.free < needed else { return }
            // systemd lets go by name.
            guard entry.name != adopted, entriesSetAside.count(where: { $0.name == entry.name }) == 1 else { continue }
            guard places.remove(entry.name) else { break }
            entriesSetAside.removeAll { $0.name == entry.name }
            warn(
                """
                The vault \(entry.name) of an earlier process, which was set aside, is let go: systemd keeps at most \(limit) \
                descriptors of this unit, and \(Self.placesForVault + placesForAnswers) of them are for what is in use; \(advice) to \
                keep the others
                """)
        }
        guard places.free < neededForVault else { return }
        warn(
            """
            systemd keeps at most \(limit) descriptors of this unit, too few for the vault and the memory that it moves to: a \
            crash in that instant loses every account; \(advice)
            """)
    }

    private var advice: String {
        isLimitSaid
            ? "raise FileDescriptorStoreMax="
            : "raise FileDescriptorStoreMax=, and as this systemd does not say so itself, give the number in Environment=FDSTORE="
    }

    private mutating func warn(_ warning: String) {
        warnings.append(warning)
        logger.error("\(warning)")
    }

    private mutating func store(_ vault: borrowing SecretVault, _ places: StorePlaces) {
        do throws(NotifyError) {
            isKept = try places.store(vault.fileDescriptor, name: Self.name(vault.statistics.creationSequence))
            try notifier.waitUntilProcessed(timeout: Self.storeTimeout)
        } catch {
            logger.warning(
                "systemd may not keep the vault, and then a restart loses what was connected since: \(error)")
        }
    }

    private func followMoves(of vault: inout SecretVault, _ places: StorePlaces) {
        guard isKept else { return }
        let logger = logger
        vault.onSegmentChange = { change in
            do throws(NotifyError) {
                // What is kept too long is blank, and let go at the next move or start.
                try places.replace(
                    (change.old.fileDescriptor, Self.name(change.old.creationSequence)),
                    with: (change.new.fileDescriptor, Self.name(change.new.creationSequence)))
            } catch {
                logger.error("systemd was not given the larger vault, which is not used: \(error)")
                return false
            }
            return true
        }
    }

    private mutating func set(aside entry: ListenDescriptors.Entry, because error: VaultError) throws(VaultError) {
        if case .systemCall = error { throw error }
        entriesSetAside.append(entry)
        logger.error("The vault \(entry.name) of an earlier process cannot be read and is left with systemd: \(error)")
        close(entry.descriptor)
    }

    private func forget(_ entry: ListenDescriptors.Entry, _ places: StorePlaces) {
        places.remove(entry.name)
        close(entry.descriptor)
    }

    /// Of whatever else is received, sockets come from a socket unit; all else was stored.
    private static func isSocket(_ descriptor: CInt) -> Bool {
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }

    private static func number(_ entry: ListenDescriptors.Entry) -> UInt64 {
        UInt64(UInt32(entry.name.dropFirst(prefix.count)) ?? 0)
    }

    private static func name(_ creationSequence: UInt64) -> String { "\(prefix)\(creationSequence)" }
}
