internal import Glibc

/// A file that only its owner reads, until it is removed.
struct TemporaryFile: Sendable {
    let path: String

    struct Unwritable: Error, CustomStringConvertible {
        var description: String { "cannot write the authority's certificate to a file in /tmp" }
    }

    init(holding text: String) throws(Unwritable) {
        var template = Array("/tmp/provider-simulator-XXXXXX.pem".utf8CString)
        let descriptor = unsafe template.withUnsafeMutableBufferPointer { buffer -> CInt in
            guard let base = buffer.baseAddress else { return -1 }
            return unsafe mkstemps(base, 4)
        }
        guard descriptor >= 0 else { throw Unwritable() }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        let bytes = Array(text.utf8)
        let written = unsafe bytes.withUnsafeBytes { unsafe write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
        guard written == bytes.count else {
            remove()
            throw Unwritable()
        }
    }

    func remove() { _ = unsafe unlink(path) }
}
