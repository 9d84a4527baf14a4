internal import Glibc
internal import JSON
internal import SecretBytes
internal import Synchronization

/// One connection to the daemon. Callers hand over their calls from any thread, and what the socket takes is sent at
/// once; one thread of the connection's own waits for answers and for room.
final class LineConnection: Sendable {
    private enum Phase {
        case open
        /// Nothing more is sent; answers that still come are delivered, and when they end, this is why the rest gets
        /// none.
        case finishing(PurserError)
        case closed
    }

    /// What callers and the connection's thread share.
    private struct State: ~Copyable {
        var phase = Phase.open
        var calls: CallTable
    }

    private let descriptor: CInt
    private let wakeUp: WakeUp
    private let limits: PurserClient.Limits
    private let state: Mutex<State>

    /// Connects and starts the thread, which ends with the connection.
    init(path: String, limits: PurserClient.Limits) throws(PurserError) {
        wakeUp = try WakeUp()
        descriptor = try UnixSocket.connect(to: path)
        self.limits = limits
        state = Mutex(State(calls: CallTable(limits: limits)))
        try startThread()
    }

    deinit { Glibc.close(descriptor) }

    /// Takes the call in; false if the connection has come to its end and another one is needed.
    func start(_ call: PendingCall) throws(PurserError) -> Bool {
        try transmit { (calls) throws(PurserError) in try calls.add(call) }
    }

    /// Takes the notification in; false if the connection has come to its end and another one is needed.
    func notify(_ request: RequestLine) throws(PurserError) -> Bool {
        try transmit { (calls) throws(PurserError) in try calls.add(notification: request) }
    }

    /// Ends the connection now; every call that waits fails with `reason`.
    func close(_ reason: PurserError = .connectionClosed) {
        let abandoned = state.withLock { state in
            let reason: PurserError = if case .finishing(let reason) = state.phase { reason } else { reason }
            state.phase = .closed
            return (reason, state.calls.removeAll())
        }
        for call in abandoned.1 { call.resolve(.failure(abandoned.0)) }
        shutdown(descriptor, CInt(SHUT_RDWR))
        wakeUp.signal()
    }

    // MARK: Sending

    private func transmit(
        _ add: (inout CallTable) throws(PurserError) -> Void
    ) throws(PurserError) -> Bool {
        let (isOpen, needsThread) = try state.withLock { (state) throws(PurserError) -> (Bool, Bool) in
            guard case .open = state.phase else { return (false, false) }
            let hadBacklog = state.calls.hasOutgoing
            try add(&state.calls)
            flush(&state.calls)
            return (true, state.calls.hasOutgoing && !hadBacklog)
        }
        if needsThread { wakeUp.signal() }
        return isOpen
    }

    /// Sends what the socket takes without waiting.
    private func flush(_ calls: inout CallTable) {
        calls.send { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = unsafe bytes.extracting(sent...).withUnsafeBytes {
                    unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
                }
                if count >= 0 {
                    sent += count
                } else if errno == EAGAIN {
                    break
                } else if errno != EINTR {
                    // The daemon takes nothing more. What it had to say before is read first, then comes the end.
                    shutdown(descriptor, CInt(SHUT_RDWR))
                    return bytes.count
                }
            }
            return sent
        }
    }

    // MARK: The thread

    private func startThread() throws(PurserError) {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        defer { unsafe pthread_attr_destroy(&attributes) }
        unsafe pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        var thread = pthread_t()
        let connection = unsafe Unmanaged.passRetained(self)
        let result = unsafe pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let connection = unsafe Unmanaged<LineConnection>.fromOpaque(argument).takeRetainedValue()
                connection.receive()
                return nil
            }, connection.toOpaque())
        guard result == 0 else {
            unsafe connection.release()
            throw .systemCallFailed("pthread_create", errno: result)
        }
    }

    /// Reads until the connection ends.
    private func receive() {
        // The host's signal handlers run on the host's threads.
        var signals = sigset_t()
        unsafe sigfillset(&signals)
        unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
        let chunk = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 10, alignment: 1)
        defer { unsafe chunk.deallocate() }
        var reader = LineReader(limit: limits.answerBytes)
        let document = JSONDocument()
        do throws(PurserError) {
            while let events = try waitForEvents() {
                if events & POLLOUT != 0 { state.withLock { flush(&$0.calls) } }
                guard events & ~POLLOUT != 0 else { continue }
                guard try unsafe read(into: chunk, &reader, document) else { break }
            }
            close()
        } catch {
            close(error)
        }
    }

    /// What the socket is ready for, after a wait; nil once the connection is closed.
    private func waitForEvents() throws(PurserError) -> CInt? {
        let (isClosed, hasOutgoing) = state.withLock { state in
            if case .closed = state.phase { (true, false) } else { (false, state.calls.hasOutgoing) }
        }
        if isClosed { return nil }
        var waits = [
            pollfd(fd: descriptor, events: Int16(POLLIN | (hasOutgoing ? POLLOUT : 0)), revents: 0),
            pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0),
        ]
        let result = unsafe waits.withUnsafeMutableBufferPointer { unsafe poll($0.baseAddress, nfds_t($0.count), -1) }
        guard result >= 0 || errno == EINTR else { throw .systemCallFailed("poll", errno: errno) }
        if waits[1].revents != 0 { wakeUp.clear() }
        return CInt(waits[0].revents)
    }

    /// Reads once; false at the end.
    private func read(
        into chunk: UnsafeMutableRawBufferPointer, _ reader: inout LineReader, _ document: JSONDocument
    ) throws(PurserError) -> Bool {
        let count = unsafe recv(descriptor, chunk.baseAddress, chunk.count, 0)
        guard count >= 0 else {
            switch errno {
            case EAGAIN, EINTR: return true
            case ECONNRESET: return false
            case let code: throw .systemCallFailed("recv", errno: code)
            }
        }
        guard count > 0 else { return false }
        let bytes = unsafe UnsafeMutableRawBufferPointer(rebasing: chunk[..<count])
        defer { unsafe wipe(bytes) }
        try reader.read(unsafe bytes.bindMemory(to: UInt8.self).span) { (line) throws(PurserError) in
            try deliver(line, document)
        }
        return true
    }

    private func deliver(_ line: Span<UInt8>, _ document: JSONDocument) throws(PurserError) {
        if line.isEmpty { return }
        do throws(JSONError) {
            let limits = JSONLimits(
                maxBytes: limits.answerBytes, maxDepth: maxJSONDepth, maxNodes: limits.answerBytes / 4)
            try document.parse(line, limits: limits)
        } catch {
            throw .protocolViolation("a line that is not JSON: \(error)")
        }
        defer { document.clear() }
        switch try Incoming(document.root) {
        case .notification: break
        case .failure(let error): finish(.rpc(error))
        case .answer(let id, let outcome): try answer(id, outcome)
        }
    }

    private func answer(_ id: Int, _ outcome: Result<JSON.JSONValue, RPCError>) throws(PurserError) {
        // What this makes room for is sent in the next round of the loop.
        let call = state.withLock { $0.calls.takeCall(id: id) }
        guard let call else { throw .protocolViolation("an answer to call \(id), which is not waiting for one") }
        call.resolve(outcome.mapError { PurserError.rpc($0) })
    }

    /// Sends nothing more, and keeps `reason` for the calls that get no answer until the daemon closes.
    private func finish(_ reason: PurserError) {
        let unsent = state.withLock { state in
            if case .open = state.phase { state.phase = .finishing(reason) }
            return state.calls.removeUnsent()
        }
        for call in unsent { call.resolve(.failure(reason)) }
        shutdown(descriptor, CInt(SHUT_WR))
    }
}
