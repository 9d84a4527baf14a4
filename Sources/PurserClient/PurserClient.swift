internal import JSON
internal import Synchronization

/// A client of `purserd`, the daemon that keeps the connected accounts of the agents on this machine.
///
/// ```swift
/// let client = try await PurserClient.connect()
/// for account in try await client.accounts(provider: "github") {
///     account.credential?.accessToken?.withString { token in … }
/// }
/// ```
///
/// There is no login: the kernel tells the daemon who is calling, and its configuration says what that caller may have.
///
/// One client serves any number of tasks; their calls share one connection and hold up none of each other. When the
/// daemon was restarted, the next call connects again. The connection ends with ``close()``, or with the last reference
/// to the client.
public final class PurserClient: Sendable {
    private enum State {
        case open(LineConnection)
        case closed
    }

    private let path: String
    let limits: Limits
    private let clock: any Clock<Duration>
    private let state: Mutex<State>

    init(path: String, limits: Limits, clock: any Clock<Duration>) throws(PurserError) {
        self.path = path
        self.limits = limits
        self.clock = clock
        state = Mutex(.open(try LineConnection(path: path, limits: limits)))
    }

    deinit { close() }

    /// Connects to the daemon.
    ///
    /// - Throws: ``PurserError/daemonNotRunning(path:)`` or ``PurserError/permissionDenied(path:group:)``, above all.
    public static func connect(
        to socket: SocketPath = .default, limits: Limits = Limits()
    ) async throws(PurserError) -> PurserClient {
        try PurserClient(path: socket.path, limits: limits, clock: ContinuousClock())
    }

    /// Calls any method of the daemon and waits for its answer. `rpc.discover` describes them all.
    ///
    /// A live secret in the answer is a plain string; the typed calls protect it better.
    ///
    /// - Parameters:
    ///   - method: A method's name, such as `getAccounts`.
    ///   - parameters: An object, or an array in the order of the contract; `.null` for none.
    ///   - timeout: How long to wait for the answer; by default ``Limits/timeout``.
    /// - Returns: The result, as the contract describes it for the method.
    /// - Throws: ``PurserError``, or `CancellationError` at once when the task is cancelled. The daemon carries out a
    ///   call that it has received, even if nobody waits for the answer any more.
    @discardableResult
    public func call(
        _ method: String, _ parameters: JSONValue = .null, timeout: Duration? = nil
    ) async throws -> JSONValue {
        JSONValue(try await answer(to: RequestLine(method, parameters), timeout: timeout))
    }

    /// Sends a notification: a call that is carried out and never answered, whatever becomes of it.
    ///
    /// - Throws: ``PurserError`` if it cannot be sent.
    public func notify(_ method: String, _ parameters: JSONValue = .null) throws(PurserError) {
        let request = try RequestLine(method, parameters)
        try onConnection { (connection) throws(PurserError) in try connection.notify(request) }
    }

    /// Closes the connection. Calls that wait, and later ones, fail with ``PurserError/connectionClosed``.
    public func close() {
        let previous = state.withLock { state in
            defer { state = .closed }
            return state
        }
        if case .open(let connection) = previous { connection.close() }
    }

    func answer(to request: RequestLine, timeout: Duration? = nil) async throws -> JSON.JSONValue {
        try Task.checkCancellation()
        let call = PendingCall(request)
        try onConnection { (connection) throws(PurserError) in try connection.start(call) }
        let limit = timeout ?? limits.timeout
        let timer = Task { [clock] in
            try await clock.sleep(for: limit)
            call.resolve(.failure(PurserError.timedOut(method: request.method, after: limit)))
        }
        defer { timer.cancel() }
        return try await call.value()
    }

    /// Gives `use` the connection, or a new one where it has ended.
    private func onConnection(_ use: (LineConnection) throws(PurserError) -> Bool) throws(PurserError) {
        let connection = try openConnection(insteadOf: nil)
        if try use(connection) { return }
        if try use(try openConnection(insteadOf: connection)) { return }
        throw .connectionClosed
    }

    private func openConnection(insteadOf ended: LineConnection?) throws(PurserError) -> LineConnection {
        try state.withLock { (state) throws(PurserError) in
            guard case .open(let connection) = state else { throw .connectionClosed }
            // Another caller may have replaced it already.
            guard connection === ended else { return connection }
            let replacement = try LineConnection(path: path, limits: limits)
            state = .open(replacement)
            return replacement
        }
    }
}
