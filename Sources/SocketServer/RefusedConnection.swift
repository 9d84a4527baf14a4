internal import Glibc
internal import JSON
internal import JSONRPC
internal import SecretBytes

/// The errors after which a connection ends.
extension RPCError {
    static let tooManyConnections = RPCError.rateLimited(
        "Too many connections are open. Close some, then connect again.", retryAfterSeconds: 1)

    static let tooManyUnfinishedLines = RPCError.tooLarge(
        "Too many unfinished lines are waiting on this socket. Send each request whole, then connect again.")

    static let unidentifiedPeer = RPCError(
        code: -32001, name: "FORBIDDEN",
        message: "The kernel does not say which process this is. Connect with a Unix socket of your own.")

    static func lineTooLong(_ limit: Int) -> RPCError {
        .tooLarge(
            "A line may have at most \(limit) bytes. Send less in one line, and connect again.",
            data: ["limitBytes": .int(limit)])
    }

    static func lineTooSlow(_ limit: Duration) -> RPCError {
        RPCError(
            code: -32008, name: "TIMEOUT",
            message: "A line must end within \(limit.components.seconds) s of its first byte. Connect again.")
    }
}

/// Tells a peer that was just accepted why it is not served. The caller then closes the descriptor.
///
/// What the peer has sent already is read first: closing would answer unread bytes with a reset.
func refuse(_ descriptor: CInt, _ error: RPCError) {
    var line = SecretBuffer()
    RPCConnection(service: NoService(), caller: (), deliver: { _ in }).refuse(error, into: &line)
    shutdown(descriptor, CInt(SHUT_RD))
    discardInput(descriptor)
    line.withBytes { bytes in
        _ = unsafe bytes.withUnsafeBytes {
            unsafe send(descriptor, $0.baseAddress, $0.count, CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL))
        }
    }
}

private func discardInput(_ descriptor: CInt) {
    // No more can come, so this ends; the bound holds the event loop's time short should a peer have filled a huge
    // socket.
    unsafe withUnsafeTemporaryAllocation(byteCount: 16 << 10, alignment: 1) { chunk in
        for _ in 0..<64 {
            let count = unsafe recv(descriptor, chunk.baseAddress, chunk.count, CInt(MSG_DONTWAIT))
            guard count > 0 else { break }
        }
        unsafe wipe(chunk)
    }
}

/// Answers nothing: a connection with it only words the error.
private struct NoService: RPCService {
    func answer(
        _ call: borrowing RPCCall, from caller: Void, into result: inout JSONWriter
    ) throws(RPCError) -> RPCAnswer {
        throw .tooManyConnections
    }
}
