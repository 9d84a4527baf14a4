internal import Glibc

/// A server on a Unix socket in a directory of its own, for tests that play the daemon line by line.
package final class LineServer: Sendable {
    /// Where it listens.
    package let path: String
    private let directory: String
    private let descriptor: CInt
    private let peers = Mailbox<Peer>()

    /// Listens.
    package init() throws(SystemCallError) {
        directory = try Self.makeDirectory()
        path = "\(directory)/purser.sock"
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let bound = unsafe withUnsafePointer(to: address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0, listen(descriptor, 16) == 0 else { throw SystemCallError("bind", errno) }
        try acceptPeers()
    }

    /// A server that answers each line as `answer` says, without its end; nil answers nothing.
    package convenience init(answer: @escaping @Sendable (String) -> String?) throws(SystemCallError) {
        try self.init()
        let peers = peers
        Task.detached {
            while let peer = await peers.take() {
                Task.detached {
                    while let line = await peer.line() {
                        if let text = answer(line) { peer.send("\(text)\n") }
                    }
                }
            }
        }
    }

    deinit {
        stop()
        close(descriptor)
    }

    /// The next connection.
    package func peer() async throws(SystemCallError) -> Peer {
        guard let peer = await peers.take() else { throw SystemCallError("accept", EINVAL) }
        return peer
    }

    /// Takes no more connections, and leaves no file behind.
    package func stop() {
        shutdown(descriptor, CInt(SHUT_RDWR))
        unsafe unlink(path)
        unsafe rmdir(directory)
    }

    private func acceptPeers() throws(SystemCallError) {
        // A descriptor of its own, so that the thread never waits on a number that was given to another file meanwhile.
        let (listening, peers) = (dup(descriptor), peers)
        guard listening >= 0 else { throw SystemCallError("dup", errno) }
        try startThread {
            while true {
                let accepted = accept(listening, nil, nil)
                guard accepted >= 0, let peer = try? Peer(accepted) else { break }
                peers.put(peer)
            }
            peers.close()
            close(listening)
        }
    }

    private static func makeDirectory() throws(SystemCallError) -> String {
        var template = Array("/tmp/purser-test-XXXXXX".utf8CString)
        let path: String? = unsafe template.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress, let path = unsafe mkdtemp(start) else { return nil }
            return unsafe String(cString: path)
        }
        guard let path else { throw SystemCallError("mkdtemp", errno) }
        return path
    }
}

/// A system call failed while a test was set up.
package struct SystemCallError: Error {
    /// Its name.
    package let call: String
    /// Its errno.
    package let code: CInt

    init(_ call: String, _ code: CInt) {
        self.call = call
        self.code = code
    }
}
