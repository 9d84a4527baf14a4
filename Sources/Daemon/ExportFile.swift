internal import ConnectedAccounts
internal import CredentialBroker
internal import Glibc
internal import Logging
internal import SecretBytes
internal import SecretVault

/// What `purser export` left for `purserd --import`, used once: its refresh tokens are spent as soon as a daemon goes on
/// from it, so it is removed before one does.
struct ExportFile: Sendable {
    /// Twice what the largest vault comes to.
    private static let maximumBytes = 2 << 30

    let path: String

    /// Fills an empty vault, if there is a file. Whatever is wrong with it ends the start: going on without it could
    /// present tokens that are spent, and end the accounts that are in it.
    func fill(_ vault: inout SecretVault, secrets: ConfiguredSecrets, logger: Logger) throws(DaemonError) {
        guard let text = try read() else {
            return logger.notice("There is no export to take over", metadata: ["file": "\(path)"])
        }
        let clock = BootClock()
        let wall = WallInstant(seconds: BootClock.wallNanoseconds / 1_000_000_000)
        do throws(VaultImport.Failure) {
            let report = try text.withBytes { bytes throws(VaultImport.Failure) in
                try VaultImport.read(bytes, secrets: secrets, into: &vault, now: clock.now, wall: wall)
            }
            logger.notice(
                "Export taken over",
                metadata: [
                    "file": "\(path)", "records": "\(report.records)",
                    "age-seconds": "\(report.age.components.seconds)",
                ])
        } catch {
            throw DaemonError("\(path): \(error); move it away to start without its accounts")
        }
    }

    /// What is to become of the file, besides one that has just been taken over: systemd has kept a vault, which is newer.
    enum Rest {
        case remove
        /// It is not this vault's, so it is nobody's to throw away.
        case setAside
    }

    /// What is to become of it where `vault` was kept.
    func rest(beside vault: borrowing SecretVault) throws(DaemonError) -> Rest {
        guard let text = try read() else { return .remove }
        return text.withBytes { VaultImport.isExport($0, of: vault) } ? .remove : .setAside
    }

    /// Returns when there is no such file any more, also after a loss of power.
    func end(_ rest: Rest, logger: Logger) throws(DaemonError) {
        switch rest {
        case .remove:
            guard unsafe unlink(path) == 0 else {
                guard errno != ENOENT else { return }
                throw DaemonError(
                    "\(path): cannot be removed (\(Self.problem)); remove it, for it must not be used twice, and let "
                        + "purserd write in its directory")
            }
        case .setAside:
            // Unlike rename(2) this replaces no other file that was set aside.
            guard unsafe link(path, path + ".unused") == 0, unsafe unlink(path) == 0 else {
                throw DaemonError(
                    "\(path): is of another daemon, and cannot become \(path).unused (\(Self.problem)); move it away")
            }
            logger.warning("\(path) is of another daemon than the vault that systemd kept: it is \(path).unused now")
        }
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw DaemonError("\(directory): \(Self.problem)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw DaemonError("\(directory): \(Self.problem)") }
    }

    /// Nil if there is no file.
    private func read() throws(DaemonError) -> SecretBuffer? {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            guard errno != ENOENT else { return nil }
            throw DaemonError("\(path): \(Self.problem)")
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw DaemonError("\(path): \(Self.problem)") }
        guard status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) <= Self.maximumBytes else {
            throw DaemonError("\(path): is no file of an export; name the one that 'purser export' wrote")
        }
        var text = SecretBuffer(minimumCapacity: Int(status.st_size) + 1)
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while text.count <= Self.maximumBytes {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw DaemonError("\(path): \(Self.problem)") }
            guard count > 0 else { return text }
            text.append(chunk.span.extracting(0..<count))
        }
        throw DaemonError("\(path): longer than \(Self.maximumBytes) bytes")
    }

    private static var problem: String { unsafe String(cString: strerror(errno)) }
}
