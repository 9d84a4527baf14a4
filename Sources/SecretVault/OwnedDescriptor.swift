import Glibc

/// A file descriptor that is closed when its owner dies.
struct OwnedDescriptor: ~Copyable {
    let number: CInt

    /// Takes the result of a system call that returns a descriptor, or -1 and errno.
    init(_ number: CInt, from call: StaticString) throws(VaultError) {
        guard number >= 0 else { throw .systemCall("\(call)", errno: errno) }
        self.number = number
    }

    /// A second descriptor of the same file, close-on-exec (fcntl(2), F_DUPFD_CLOEXEC); the first stays with its owner.
    init(duplicating descriptor: CInt) throws(VaultError) {
        try self.init(fcntl(descriptor, F_DUPFD_CLOEXEC, 3), from: "fcntl(F_DUPFD_CLOEXEC)")
    }

    deinit { close(number) }
}
