import Glibc

/// A folder of one test's own, removed with what the test left in it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/purser-test-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { throw SetupError(what: "mkdtemp", errno: errno) }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        for name in ["key", "target", "link", "fifo"] { unsafe unlink("\(path)/\(name)") }
        unsafe rmdir("\(path)/directory")
        unsafe rmdir(path)
    }

    @discardableResult
    func write(_ text: String, to name: String, mode: mode_t) throws -> String {
        let file = "\(path)/\(name)"
        let descriptor = unsafe open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600 as mode_t)
        guard descriptor >= 0 else { throw SetupError(what: file, errno: errno) }
        defer { close(descriptor) }
        var text = text
        let written = text.withUTF8 { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard written == text.utf8.count, fchmod(descriptor, mode) == 0 else {
            throw SetupError(what: file, errno: errno)
        }
        return file
    }
}

/// A test's surroundings could not be made.
struct SetupError: Error {
    let what: String
    let errno: CInt
}
