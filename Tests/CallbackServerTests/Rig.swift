import CallbackServer
import NIOPosix
import OAuth
import SecretBytes
import Synchronization

/// An open listener whose owner decides by the query, and what it was asked.
final class Rig: Sendable {
    /// Queries that the owner knows: the page, and where else the browser goes.
    static let connected = "code=c1&state=connected"
    static let denied = "error=access_denied&state=denied"
    static let onward = "code=c2&state=onward"
    /// Decided when the test says so.
    static let held = "code=c3&state=held"

    static let connection = CallbackPage.Connection(provider: "GitHub", account: "octocat", userID: "user_123")

    let time = ManualTime()
    let callbackPort: CallbackPort
    let listener: CallbackListener
    let address: CallbackAddress
    private let owner: Owner

    init(limits: CallbackLimits = CallbackLimits()) async throws {
        let owner = Owner()
        self.owner = owner
        callbackPort = CallbackPort(try CallbackAddress(host: "127.0.0.1", port: 0))
        listener = CallbackListener(
            port: callbackPort, eventLoop: MultiThreadedEventLoopGroup.singleton.next(), limits: limits,
            clock: time.clock
        ) { request in
            await owner.decide(text(of: request.query))
        }
        address = try await listener.open()
    }

    var port: Int { address.port }

    /// The queries that the owner was shown.
    var queries: [String] { owner.state.withLock { $0.queries } }

    /// Each query as the owner is shown it. For one test to wait on.
    var arrivals: AsyncStream<String> { owner.arrivals.stream }

    func releaseHeld() {
        let held = owner.state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for continuation in held { continuation.resume() }
    }

    /// Sends one request as it is, and returns all that comes back.
    func exchange(_ text: String) async throws -> Answer {
        let connection = try await RawConnection.open(port: port)
        await connection.send(text)
        return await connection.answer()
    }

    func get(_ target: String, method: String = "GET", more: String = "") async throws -> Answer {
        try await exchange(request(target, method: method, more: more))
    }

    func request(_ target: String, method: String = "GET", more: String = "") -> String {
        "\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\(more)\r\n"
    }

    private final class Owner: Sendable {
        struct State {
            var queries: [String] = []
            var held: [CheckedContinuation<Void, Never>] = []
        }

        let state = Mutex(State())
        let arrivals = AsyncStream<String>.makeStream()

        func decide(_ query: String) async -> CallbackOutcome {
            state.withLock { $0.queries.append(query) }
            if query == Rig.held {
                await withCheckedContinuation { continuation in
                    state.withLock { $0.held.append(continuation) }
                    arrivals.continuation.yield(query)
                }
            } else {
                arrivals.continuation.yield(query)
            }
            return Self.outcome(of: query)
        }

        private static func outcome(of query: String) -> CallbackOutcome {
            switch query {
            case Rig.connected, Rig.held: .connected(Rig.connection)
            case Rig.denied: .failed(.init(provider: "GitHub", userID: "user_123", reason: .denied))
            case Rig.onward:
                .connected(
                    Rig.connection,
                    redirect: (try? RedirectTarget("https://app.example/x?a=1"))?
                        .location(status: .success, connectedAccountID: "con_1"))
            default: .unknownState
            }
        }
    }
}

/// For tests alone: what a secret holds, as text.
func text(of secret: borrowing SecretBytes) -> String {
    secret.withBytes { bytes in String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
}

/// The first element, for streams of happenings.
func next<Element: Sendable>(_ stream: AsyncStream<Element>) async -> Element? {
    await stream.first { _ in true }
}
