internal import Glibc

/// Why a secret was not read. It names the file or credential, never what is in it.
package struct SecretFileError: Error, Equatable, Sendable {
    /// What is wrong.
    package enum Reason: Equatable, Sendable {
        /// The path does not begin with "/".
        case notAbsolute
        /// There is no such file.
        case missing
        /// The path leads to a symbolic link.
        case symbolicLink
        /// A directory, a device, a FIFO or a socket.
        case notARegularFile
        /// The file belongs to a user who is neither root nor the daemon's.
        case foreignOwner(UInt32, daemon: UInt32)
        /// Group or others have some permission.
        case openToOthers(mode: UInt32)
        /// More than ``SecretFile/maximumBytes``.
        case tooLong
        /// Nothing in it.
        case empty
        /// A system call failed.
        case unreadable(errno: CInt)
        /// Not a name that `LoadCredential=` takes.
        case badCredentialName
        /// `CREDENTIALS_DIRECTORY` is not set.
        case noCredentialsDirectory
        /// The directory has no credential of this name.
        case noSuchCredential

        /// The reason that open(2) gave with O_NOFOLLOW.
        init(openingFailedWith code: CInt) {
            switch code {
            case ENOENT, ENOTDIR: self = .missing
            case ELOOP: self = .symbolicLink
            case ENXIO: self = .notARegularFile
            default: self = .unreadable(errno: code)
            }
        }
    }

    /// The path of the file, or the name of the credential.
    package let subject: String
    package let reason: Reason

    init(_ subject: String, _ reason: Reason) {
        self.subject = subject
        self.reason = reason
    }
}

extension SecretFileError: CustomStringConvertible {
    package var description: String {
        let subject = Self.printable(subject)
        switch reason {
        case .notAbsolute: return "\(subject) is not an absolute path: write it out from \"/\""
        case .missing: return "\(subject) does not exist: create it, with mode 600"
        case .symbolicLink: return "\(subject) is a symbolic link: name the file it leads to"
        case .notARegularFile: return "\(subject) is not a regular file: put the secret into one"
        case .foreignOwner(let owner, let daemon):
            return "\(subject) belongs to user \(owner), who can change it: chown \(daemon) \(subject)"
        case .openToOthers(let mode):
            return
                "\(subject) has mode \(String(mode, radix: 8)), so others can get at the secret: chmod 600 \(subject)"
        case .tooLong:
            return "\(subject) has more than \(SecretFile.maximumBytes) bytes: check that it is the right file"
        case .empty: return "\(subject) is empty: put the secret into it"
        case .unreadable(let code):
            return "\(subject) cannot be read: \(Self.hint(for: code, subject: subject))"
        case .badCredentialName:
            return "\"\(subject)\" cannot name a credential: use letters, digits, '.', '-' and '_', but not \"..\""
        case .noCredentialsDirectory:
            return
                "credential \(subject): no $CREDENTIALS_DIRECTORY: add LoadCredential=\(subject):PATH to the unit"
        case .noSuchCredential:
            return "credential \(subject) is not loaded: add LoadCredential=\(subject):PATH to the unit"
        }
    }

    private static func hint(for code: CInt, subject: String) -> String {
        let words = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { buffer in
            guard let text = buffer.baseAddress, unsafe strerror_r(code, text, buffer.count) == 0 else {
                return "error \(code)"
            }
            return unsafe String(cString: text)
        }
        return code == EACCES ? "\(words): chown \(geteuid()) \(subject)" : words
    }

    /// What a configuration file calls a path may hold anything; a log line may not.
    private static func printable(_ text: String) -> String {
        let scalars = text.unicodeScalars.prefix(1024).map { $0.value < 0x20 || $0.value == 0x7F ? "?" : Character($0) }
        return String(scalars)
    }
}
