/// Which of the kernel's memories holds the secrets.
package enum SecretMemoryKind: String, Sendable {
    /// memfd_secret(2): out of the kernel's own map, never swapped, unreadable through /proc/PID/mem. While a process
    /// has such memory the machine does not hibernate.
    case secretMemfd
    /// memfd_create(2) with mlock2(2): what every kernel has.
    case lockedMemfd
}

/// What holds for the memory in use, and what does not: for the service's status and for `daemon.status`.
package struct MemoryProtection: Equatable, Sendable, CustomStringConvertible {
    /// The kind in use.
    package let kind: SecretMemoryKind
    /// Whether this process keeps the pages out of swap.
    package let isLocked: Bool
    /// Whether they are left out of core files.
    package let isKeptFromCoreFiles: Bool
    /// Whether a child made by fork(2) does not see them.
    package let isKeptFromChildren: Bool
    /// Why the kind is not the strongest, or why the memory is not locked; nil if nothing failed.
    package let shortcoming: String?

    /// One sentence, or two where something does not hold.
    package var description: String {
        let reason = shortcoming.map { " (\($0))" } ?? ""
        let gaps = [
            isLocked ? nil : "it is NOT locked and may be swapped to disk: raise LimitMEMLOCK=",
            isKeptFromCoreFiles ? nil : "it is NOT kept from core files",
            isKeptFromChildren ? nil : "child processes can see it",
        ].compactMap { $0 }
        let gapText = gaps.isEmpty ? "" : "; " + gaps.joined(separator: "; ")
        switch kind {
        case .secretMemfd:
            return "secrets are in memfd_secret memory: never swapped, unreadable through /proc/PID/mem" + gapText
                + reason
        case .lockedMemfd where isLocked:
            return "secrets are in locked memory: not swapped while this process runs, but readable by root through"
                + " /proc/PID/mem, and not locked while only the descriptor store holds them" + gapText + reason
        case .lockedMemfd:
            return "secrets are in ordinary memory, readable by root through /proc/PID/mem" + gapText + reason
        }
    }
}
