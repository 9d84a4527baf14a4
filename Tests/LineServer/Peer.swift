internal import Glibc

/// One connection as the server sees it.
package final class Peer: Sendable {
    private let descriptor: CInt
    private let lines = Mailbox<String>()

    init(_ descriptor: CInt) throws(SystemCallError) {
        self.descriptor = descriptor
        // A descriptor of its own, so that the thread never reads from a number that was given to another file
        // meanwhile.
        let (reading, lines) = (dup(descriptor), lines)
        guard reading >= 0 else { throw SystemCallError("dup", errno) }
        try startThread {
            readLines(from: reading) { lines.put($0) }
            lines.close()
            close(reading)
        }
    }

    deinit {
        hangUp()
        close(descriptor)
    }

    /// The next line that came, waited for; nil at the end of the connection.
    package func line() async -> String? { await lines.take() }

    /// Sends exactly this text; waits until the other side has room. What nobody takes any more is dropped.
    package func send(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            bytes = bytes.dropFirst(count)
        }
    }

    /// Takes in nothing more; the other side cannot send any longer.
    package func stopReading() { shutdown(descriptor, CInt(SHUT_RD)) }

    /// Ends the connection; the other side still gets what was sent.
    package func hangUp() { shutdown(descriptor, CInt(SHUT_RDWR)) }
}

/// Hands out each line until the end of the connection.
private func readLines(from descriptor: CInt, _ body: (String) -> Void) {
    var buffered: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while true {
        let count = unsafe chunk.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return }
        buffered += chunk[..<count]
        while let end = buffered.firstIndex(of: UInt8(ascii: "\n")) {
            body(String(decoding: buffered[..<end], as: UTF8.self))
            buffered.removeSubrange(...end)
        }
    }
}

/// Runs `body` on a thread of its own, so that a blocking call blocks no task.
func startThread(_ body: @escaping @Sendable () -> Void) throws(SystemCallError) {
    final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    var thread = pthread_t()
    let argument = unsafe Unmanaged.passRetained(Body(body))
    let code = unsafe pthread_create(
        &thread, nil,
        { argument in
            guard let argument = unsafe argument else { return nil }
            unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
            return nil
        }, argument.toOpaque())
    guard code == 0 else {
        unsafe argument.release()
        throw SystemCallError("pthread_create", code)
    }
    pthread_detach(thread)
}
