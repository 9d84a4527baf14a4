internal import Glibc
package import ProviderCatalog

/// The directory with the users' own files of providers, such as `/etc/purser/providers.d`.
package struct ProvidersDirectory: Sendable {
    private let path: String
    /// Whether there must be one.
    private let isNamed: Bool

    /// `named` is what the configuration says; nil: `providers.d` beside the file `configuration`, if it exists.
    package init(named: String?, besides configuration: String) {
        let slash = configuration.lastIndex(of: "/")
        let folder = slash.map { String(configuration[...$0]) } ?? ""
        path = named ?? "\(folder)providers.d"
        isNamed = named != nil
    }

    /// Reads the files whose names end in `.yaml`, hidden ones excepted, in the order of their names. What keeps one of
    /// them from being read is its content. Blocks on the file system.
    package func files() throws(DaemonError) -> [ProviderFile] {
        guard let descriptor = try open() else { return [] }
        defer { close(descriptor) }
        return try names(in: descriptor).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { name in
            ProviderFile(
                path: "\(path)/\(name.printable)", slug: String(name.dropLast(Self.suffix.count)),
                content: Self.content(of: name, in: descriptor))
        }
    }

    private static let suffix = ".yaml"

    private func open() throws(DaemonError) -> CInt? {
        let descriptor = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT, !isNamed { return nil }
        guard descriptor >= 0 else {
            throw DaemonError("\(path): \(Self.reason); make the directory readable, or mend providersDirectory")
        }
        return descriptor
    }

    private func names(in descriptor: CInt) throws(DaemonError) -> [String] {
        // The stream owns and closes its descriptor.
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0, let stream = unsafe fdopendir(copy) else {
            let reason = Self.reason
            if copy >= 0 { close(copy) }
            throw DaemonError("\(path): \(reason)")
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let bytes = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { unsafe Array($0.prefix { $0 != 0 }) }
            let name = String(decoding: bytes, as: UTF8.self)
            guard name.hasSuffix(Self.suffix), !name.hasPrefix(".") else { continue }
            names.append(name)
            guard names.count <= ProviderFile.maximumCount else {
                throw DaemonError("\(path): more than \(ProviderFile.maximumCount) files; remove what is not needed")
            }
        }
        return names
    }

    private static func content(of name: String, in directory: CInt) -> Result<[UInt8], ProviderFile.Unreadable> {
        // O_NONBLOCK: opening a FIFO would wait for its writer.
        let descriptor = unsafe openat(directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else { return .failure(.init(reason: "cannot be read: \(reason)")) }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            return .failure(.init(reason: "cannot be read: \(reason)"))
        }
        guard status.st_mode & S_IFMT == S_IFREG else { return .failure(.init(reason: "is no regular file")) }
        guard status.st_mode & S_IWOTH == 0 else {
            return .failure(.init(reason: "everybody may write it, and it says where credentials go; chmod o-w"))
        }
        return bytes(of: descriptor)
    }

    private static func bytes(of descriptor: CInt) -> Result<[UInt8], ProviderFile.Unreadable> {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        // One chunk more than allowed at most, by which the catalogue sees that it is too long.
        while bytes.count <= ProviderFile.maximumLength {
            let count = unsafe read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .failure(.init(reason: "cannot be read: \(reason)")) }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return .success(bytes)
    }

    private static var reason: String { unsafe String(cString: strerror(errno)) }
}

extension String {
    /// For messages: a file's name may hold anything but a slash.
    fileprivate var printable: String {
        String(unicodeScalars.map { (0x20...0x7E).contains($0.value) ? Character($0) : "?" })
    }
}
