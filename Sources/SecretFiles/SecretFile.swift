internal import Glibc
package import SecretBytes

/// Reads secrets from files, and refuses those that somebody else could read or replace.
package enum SecretFile {
    /// A secret is at most this long; it bounds what one file can make the daemon hold.
    package static let maximumBytes = 64 * 1024

    /// The contents of the file at `path`, without the one line end that editors and `echo` put behind them.
    ///
    /// The file must be a regular one, owned by the daemon's user or root, without any permission for group and
    /// others. The checks are made on the open descriptor, and a symbolic link in the last place is not followed, so
    /// what was checked is what is read. Blocks on the file system.
    package static func read(path: String) throws(SecretFileError) -> SecretBytes {
        guard path.hasPrefix("/"), !path.utf8.contains(0) else { throw SecretFileError(path, .notAbsolute) }
        return try contents(path: path, rule: .ownerOnly)
    }

    /// The contents of `NAME` in systemd's credentials directory, without one line end (systemd.exec(5),
    /// `LoadCredential=`).
    ///
    /// The directory belongs to systemd, which gives the daemon's user access by an access list; the permissions for
    /// the group then only show the list's mask, and are not looked at. Those for others must be none.
    ///
    /// `directory` is `$CREDENTIALS_DIRECTORY`; nil if it is not set, which is an error that says what to do.
    package static func readCredential(name: String, directory: String?) throws(SecretFileError) -> SecretBytes {
        guard isCredentialName(name) else { throw SecretFileError(name, .badCredentialName) }
        guard let directory else { throw SecretFileError(name, .noCredentialsDirectory) }
        guard directory.hasPrefix("/"), !directory.utf8.contains(0) else {
            throw SecretFileError(directory, .notAbsolute)
        }
        do {
            return try contents(path: "\(directory)/\(name)", rule: .credential)
        } catch {
            throw error.reason == .missing ? SecretFileError(name, .noSuchCredential) : error
        }
    }

    /// The names systemd takes: one file name of printable ASCII without ':'.
    private static func isCredentialName(_ name: String) -> Bool {
        let isPlain = name.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"/:".utf8.contains($0) }
        return isPlain && (1...255).contains(name.utf8.count) && !name.contains("..") && name != "."
    }

    private static func contents(path: String, rule: SecretFileRule) throws(SecretFileError) -> SecretBytes {
        // O_NONBLOCK: opening a FIFO would wait for its writer, before there is anything to check.
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { throw SecretFileError(path, .init(openingFailedWith: errno)) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else { throw SecretFileError(path, .unreadable(errno: errno)) }
        if let reason = rule.objection(mode: status.st_mode, owner: status.st_uid, daemon: geteuid()) {
            throw SecretFileError(path, reason)
        }
        return try bytes(of: descriptor, path: path)
    }

    private static func bytes(of descriptor: CInt, path: String) throws(SecretFileError) -> SecretBytes {
        // One byte more than allowed, so that a file which is too long shows, whatever fstat said about its size.
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: maximumBytes + 1, alignment: 1)
        defer {
            unsafe wipe(buffer)
            unsafe buffer.deallocate()
        }
        var count = 0
        while count < buffer.count {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
            let received = unsafe Glibc.read(descriptor, rest.baseAddress, rest.count)
            if received == 0 { break }
            if received > 0 {
                count += received
            } else if errno != EINTR {
                throw SecretFileError(path, .unreadable(errno: errno))
            }
        }
        guard count <= maximumBytes else { throw SecretFileError(path, .tooLong) }
        let text = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count]).bindMemory(to: UInt8.self).span
        let length = text.countWithoutLineEnd
        guard length > 0 else { throw SecretFileError(path, .empty) }
        return SecretBytes(copying: text.extracting(first: length))
    }
}

extension Span<UInt8> {
    /// How many bytes there are before a line feed, or a carriage return and a line feed, at the very end.
    fileprivate var countWithoutLineEnd: Int {
        guard count > 0, self[count - 1] == UInt8(ascii: "\n") else { return count }
        return count > 1 && self[count - 2] == UInt8(ascii: "\r") ? count - 2 : count - 1
    }
}
