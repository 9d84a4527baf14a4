package import Glibc

/// Who else may have access to a file that holds a secret.
package enum SecretFileRule {
    /// Nobody but its owner.
    case ownerOnly
    /// Nobody but its owner and whom systemd's access list names.
    case credential

    /// Why a file with this mode, as stat(2) gives it, and this owner is refused by a daemon of user `daemon`; nil if
    /// it is not.
    package func objection(mode: mode_t, owner: uid_t, daemon: uid_t) -> SecretFileError.Reason? {
        guard mode & S_IFMT == S_IFREG else { return .notARegularFile }
        guard owner == 0 || owner == daemon else { return .foreignOwner(owner, daemon: daemon) }
        let forbidden: mode_t = self == .ownerOnly ? 0o077 : 0o007
        return mode & forbidden == 0 ? nil : .openToOthers(mode: mode & 0o7777)
    }
}
