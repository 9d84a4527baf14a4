internal import Glibc

/// A file of this repository, found from where this source lies.
package enum RepositoryFile {
    package struct Unreadable: Error {
        package let path: String
    }

    /// The bytes of a file named from the top of the repository.
    package static func read(_ name: String, from source: String = #filePath) throws(Unreadable) -> [UInt8] {
        let root = source.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
        let path = root + "/" + name
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Unreadable(path: path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 else { throw Unreadable(path: path) }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
        }
    }

    package static func text(_ name: String) throws(Unreadable) -> String {
        String(decoding: try read(name), as: UTF8.self)
    }
}
