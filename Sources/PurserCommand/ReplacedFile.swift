internal import Glibc

/// A file that appears under its name whole and safe on the disk, or not at all; only its owner can read it.
final class ReplacedFile {
    private let path: String
    private let directory: String
    private let draft: String
    private let descriptor: CInt
    private var isCommitted = false

    init(path: String) throws {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let directory = parts.count > 1 ? parts.dropLast().joined(separator: "/") + "/" : "./"
        self.path = path
        self.directory = directory
        draft = "\(directory).\(parts.last ?? "").\(UInt32.random(in: .min ... .max))"
        descriptor = unsafe open(draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("\(path) cannot be written") }
    }

    deinit {
        close(descriptor)
        if !isCommitted { unsafe unlink(draft) }
    }

    func write(_ text: String) throws {
        let bytes = text.utf8.span
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.extracting(written...).withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure("\(path) cannot be written", .answeredWithError) }
            written += count
        }
    }

    /// Puts the file in its place: after a loss of power it is still there.
    func commit() throws {
        guard fsync(descriptor) == 0, unsafe rename(draft, path) == 0 else {
            throw Self.failure("\(path) cannot be written", .answeredWithError)
        }
        isCommitted = true
        let parent = unsafe open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw Self.failure("\(directory) cannot be opened", .answeredWithError) }
        defer { close(parent) }
        guard fsync(parent) == 0 else { throw Self.failure("\(directory) cannot be written", .answeredWithError) }
    }

    private static func failure(_ what: String, _ status: ExitStatus = .usage) -> CommandFailure {
        CommandFailure(status, "\(what): \(unsafe String(cString: strerror(errno)))")
    }
}
