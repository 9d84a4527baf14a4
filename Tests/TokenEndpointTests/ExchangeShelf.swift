import CLinux
import Glibc
import OAuth
import SecretBytes
import Synchronization
import TokenEndpoint

/// Keeps exchanges as systemd does, but in this process: the socket a second time, and what was received on it.
final class ExchangeShelf: ExchangeKeeping {
    struct Kept: Sendable {
        var place: KeptPlace
        var socket: CInt
        var key: [UInt8]
        var moved: BytesMoved
        var received: [UInt8] = []
        /// Read from the socket when this process came to it, of what is recorded.
        var readBefore: UInt64 = 0
        var takeOvers = 0
    }

    private struct State: Sendable {
        var exchanges: [ExchangeName: Kept] = [:]
        var forgotten: [ExchangeName] = []
        var lastTurn: UInt64 = 0
        var wasLate = false
    }

    private let state = Mutex(State())
    private let changes = AsyncStream<Void>.makeStream()
    private let hasRoom: Bool
    private let onKeep: (@Sendable () -> Void)?

    init(hasRoom: Bool = true, onKeep: (@Sendable () -> Void)? = nil) {
        self.hasRoom = hasRoom
        self.onKeep = onKeep
    }

    deinit {
        for kept in state.withLock({ $0.exchanges.values }) { close(kept.socket) }
    }

    subscript(name: ExchangeName) -> Kept? { state.withLock { $0.exchanges[name] } }

    var names: Set<ExchangeName> { state.withLock { Set($0.exchanges.keys) } }

    var forgotten: [ExchangeName] { state.withLock { $0.forgotten } }

    /// Something was read from a socket before it was recorded: a process that ended in between would have lost it.
    var wasLate: Bool { state.withLock { $0.wasLate } }

    /// Waits for an exchange to be as it is described.
    func until(_ name: ExchangeName, _ condition: @Sendable (Kept) -> Bool) async {
        if self[name].map(condition) == true { return }
        for await _ in changes.stream where self[name].map(condition) == true { return }
    }

    /// Whether the connection is open on this side, and nothing was written to it since `written`.
    func isUntouched(_ name: ExchangeName, since written: UInt64) -> Bool {
        self[name].map { TCPState.of($0.socket) == .established && bytesWritten(to: $0.socket) == written } ?? false
    }

    /// What the kernel counts; nil if it does not.
    func bytesWritten(to name: ExchangeName) -> UInt64? {
        self[name].flatMap { bytesWritten(to: $0.socket) }
    }

    private func bytesWritten(to socket: CInt) -> UInt64? {
        var count: UInt64 = 0
        return unsafe clinux_tcp_bytes_written(socket, &count) == 0 ? count : nil
    }

    private static func bytesRead(from socket: CInt) -> UInt64? {
        var count: UInt64 = 0
        return unsafe clinux_tcp_bytes_read(socket, &count) == 0 ? count : nil
    }

    /// Puts there what no process here has sent. `before`: what had been read from the socket when the exchange began; nil: all
    /// but what is recorded.
    func put(_ name: ExchangeName, socket: CInt, key: [UInt8], received: [UInt8], before: UInt64? = nil) {
        let now = Self.bytesRead(from: socket) ?? 0
        let before = before ?? now &- UInt64(received.count)
        state.withLock {
            $0.exchanges[name] = Kept(
                place: KeptPlace(number: 0, turn: 0), socket: socket, key: key,
                moved: BytesMoved(written: .max, read: before), received: received,
                readBefore: now &- before)
        }
    }

    // MARK: What a transport asks for

    func keep(_ name: ExchangeName, socket: CInt, key: borrowing SecretBytes, moved: BytesMoved) -> KeptPlace? {
        guard hasRoom else { return nil }
        let key = key.withBytes { bytes in bytes.indices.map { bytes[$0] } }
        let place = state.withLock { state in
            state.lastTurn += 1
            let place = KeptPlace(number: Int(state.lastTurn), turn: state.lastTurn)
            state.exchanges[name] = Kept(
                place: place, socket: dup(socket), key: key, moved: moved,
                readBefore: (Self.bytesRead(from: socket) ?? moved.read) &- moved.read)
            return place
        }
        onKeep?()
        changes.continuation.yield()
        return place
    }

    func record(_ bytes: Span<UInt8>, from offset: Int, at place: KeptPlace) {
        let bytes = bytes.indices.map { bytes[$0] }
        state.withLock { state in
            guard let (name, kept) = state.exchanges.first(where: { $0.value.place == place }) else { return }
            let end = min(offset + bytes.count, kept.received.count)
            let isSame = offset <= end && kept.received[offset..<end].elementsEqual(bytes.prefix(end - offset))
            precondition(isSame, "what is recorded twice is the same")
            state.exchanges[name]?.received += bytes.dropFirst(end - offset)
            let read = Self.bytesRead(from: kept.socket).map { $0 &- kept.moved.read } ?? 0
            if read > max(UInt64(offset), kept.readBefore) { state.wasLate = true }
        }
        changes.continuation.yield()
    }

    func takeOver(_ name: ExchangeName) -> KeptExchange? {
        let kept = state.withLock { state in
            state.exchanges[name]?.takeOvers += 1
            return state.exchanges[name]
        }
        guard let kept else { return nil }
        changes.continuation.yield()
        return KeptExchange(
            place: kept.place, socket: dup(kept.socket), key: SecretBytes(copying: kept.key.span),
            moved: kept.moved, received: SecretBytes(copying: kept.received.span))
    }

    func forget(_ name: ExchangeName) {
        let socket = state.withLock { state in
            state.forgotten.append(name)
            unsafe state.exchanges[name]?.received.withUnsafeMutableBytes { unsafe wipe($0) }
            return state.exchanges.removeValue(forKey: name)?.socket
        }
        if let socket { close(socket) }
        changes.continuation.yield()
    }
}

/// What the kernel says of a connection (TCP_INFO, tcp(7)).
enum TCPState {
    case established, other

    static func of(_ socket: CInt) -> TCPState {
        var state: UInt8 = 0
        var length = socklen_t(1)
        guard unsafe getsockopt(socket, CInt(IPPROTO_TCP), TCP_INFO, &state, &length) == 0 else { return .other }
        return TCPState(state)
    }

    init(_ state: UInt8) {
        self = state == 1 ? .established : .other
    }
}
