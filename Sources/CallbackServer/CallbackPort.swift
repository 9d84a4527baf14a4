internal import Glibc
internal import NIOCore
internal import Synchronization

/// The port that browsers come back to: this process's own for as long as the value lives, yet open only while it is asked to
/// be. Until then, and from then on, the kernel refuses whoever connects.
///
/// Opening is one system call that never waits, and may be made on any thread: the caller of a link can be told where to
/// send a browser the moment this returns. Whoever comes then is kept by the kernel until a ``CallbackListener`` accepts.
package final class CallbackPort: Sendable {
    /// As it was asked for.
    package let address: CallbackAddress
    private let state = Mutex(State())

    private struct State {
        /// Negative: not bound, for something else has the port.
        var socket: CInt = -1
        var isListening = false
        var openings = 0
        /// With the port that was bound.
        var address: CallbackAddress?
    }

    /// Browsers that have come and were not accepted yet.
    private static let backlog: CInt = 128

    /// Takes nothing yet; see ``reserve()``.
    package init(_ address: CallbackAddress) {
        self.address = address
    }

    deinit {
        state.withLock { state in
            if state.socket >= 0 { _ = Glibc.close(state.socket) }
        }
    }

    /// Makes the port this process's own, without opening it. No other program can listen on it from then on.
    ///
    /// It listens for the instant of the attempt, for nothing else tells whether another program does.
    package func reserve() throws(CallbackListenerError) {
        try state.withLock { state throws(CallbackListenerError) in try bind(&state) }
    }

    /// Has the kernel accept whoever connects, and gives the address with the port that was bound. Takes the port first,
    /// where that did not succeed before.
    @discardableResult
    package func open() throws(CallbackListenerError) -> CallbackAddress {
        try open(isNew: true)
    }

    /// The same. An opening that is not a new one does not keep a closing from taking effect that was asked for since.
    func open(isNew: Bool) throws(CallbackListenerError) -> CallbackAddress {
        try state.withLock { state throws(CallbackListenerError) -> CallbackAddress in
            try bind(&state)
            if !state.isListening { try listen(&state) }
            if isNew { state.openings += 1 }
            return state.address ?? address
        }
    }

    /// Whether the kernel accepts connections.
    package var isOpen: Bool { state.withLock { $0.isListening } }

    /// How often it was opened.
    var openings: Int { state.withLock { $0.openings } }

    /// Refuses whoever connects from now on; the port stays taken. False, and nothing is changed, if it was opened again
    /// since `opening`; nil closes in any case.
    func close(onlyAfterOpening opening: Int?) -> Bool {
        state.withLock { state in
            guard opening == nil || opening == state.openings else { return false }
            guard state.isListening else { return true }
            BoundSocket.stopListening(state.socket)
            state.isListening = false
            return true
        }
    }

    /// Another descriptor of the open socket, for a channel that closes what it was given.
    func descriptor() throws(CallbackListenerError) -> CInt {
        try state.withLock { state throws(CallbackListenerError) -> CInt in
            let copy = fcntl(state.socket, F_DUPFD_CLOEXEC, 0)
            guard copy >= 0 else { throw CallbackListenerError(errno: errno, at: address) }
            return copy
        }
    }

    // MARK: System calls

    private func bind(_ state: inout State) throws(CallbackListenerError) {
        guard state.socket < 0 else { return }
        do {
            let (socket, port) = try BoundSocket.make(address)
            state.socket = socket
            state.address = address.with(port: port)
        } catch let error as IOError {
            throw CallbackListenerError(errno: error.errnoCode, at: address)
        } catch {
            throw .cannotListen(address, errno: 0)
        }
    }

    private func listen(_ state: inout State) throws(CallbackListenerError) {
        guard BoundSocket.listen(state.socket, backlog: Self.backlog) else {
            throw CallbackListenerError(errno: errno, at: state.address ?? address)
        }
        state.isListening = true
    }
}

/// A socket that has a port, and does not listen.
private enum BoundSocket {
    static func make(_ address: CallbackAddress) throws -> (socket: CInt, port: Int) {
        let socket = try bind(address)
        do {
            // One that the kernel chose is only kept across the end of listening by a socket that named it.
            if address.port == 0 {
                defer { _ = Glibc.close(socket) }
                return try make(address.with(port: port(of: socket)))
            }
            // With SO_REUSEADDR any number of sockets are bound to one port until the first of them listens.
            try check(listen(socket, backlog: 1) ? 0 : -1)
            stopListening(socket)
            return (socket, address.port)
        } catch {
            if address.port != 0 { _ = Glibc.close(socket) }
            throw error
        }
    }

    /// False with errno where that is not possible.
    static func listen(_ socket: CInt, backlog: CInt) -> Bool {
        // Connections that ended a moment ago, and those that were accepted here before, do not hold the port.
        setReuse(true, of: socket) && Glibc.listen(socket, backlog) == 0
    }

    /// Linux: the socket is as it was before listen(2), and still bound.
    static func stopListening(_ socket: CInt) {
        _ = shutdown(socket, CInt(SHUT_RD))
        // Without it no other socket can listen there, even if it was bound to the port in the meantime.
        _ = setReuse(false, of: socket)
    }

    private static func bind(_ address: CallbackAddress) throws -> CInt {
        let place = try SocketAddress(ipAddress: address.host, port: address.port)
        let family = place.protocol == .inet6 ? AF_INET6 : AF_INET
        let socket = Glibc.socket(family, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        try check(socket)
        do {
            try check(setReuse(true, of: socket) ? 0 : -1)
            try unsafe place.withSockAddr { pointer, length in
                try check(unsafe Glibc.bind(socket, pointer, socklen_t(length)))
            }
        } catch {
            _ = Glibc.close(socket)
            throw error
        }
        return socket
    }

    private static func setReuse(_ isOn: Bool, of socket: CInt) -> Bool {
        var value: CInt = isOn ? 1 : 0
        return unsafe setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &value, socklen_t(MemoryLayout<CInt>.size)) == 0
    }

    /// In both families the port stands behind two bytes, in network order.
    private static func port(of socket: CInt) throws -> Int {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let result = unsafe withUnsafeMutablePointer(to: &storage) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(socket, $0, &length)
            }
        }
        try check(result)
        return unsafe withUnsafeBytes(of: &storage) { unsafe Int($0[2]) << 8 | Int($0[3]) }
    }

    private static func check(_ result: CInt) throws {
        guard result >= 0 else { throw IOError(errnoCode: errno, reason: "callback port") }
    }
}
