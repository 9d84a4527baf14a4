import LineServer
import Testing

@testable import PurserClient

/// A client and the other end of its connection, which the test plays.
struct Conversation {
    let server: LineServer
    let client: PurserClient
    let peer: Peer

    init(limits: PurserClient.Limits = .init(), clock: any Clock<Duration> = ContinuousClock()) async throws {
        server = try LineServer()
        client = try PurserClient(path: server.path, limits: limits, clock: clock)
        peer = try await server.peer()
    }

    /// The id of the next request.
    func nextID() async throws -> Int {
        try #require(try await nextRequest()["id"]?.int)
    }

    /// The next request.
    func nextRequest() async throws -> JSONValue {
        try JSONValue(parsing: try #require(await peer.line()))
    }

    /// Answers a request with a result.
    func answer(_ id: Int, _ result: JSONValue = true) {
        peer.send(Self.line(id, result))
    }

    static func line(_ id: Int, _ result: JSONValue) -> String {
        #"{"jsonrpc":"2.0","result":\#(result),"id":\#(id)}"# + "\n"
    }
}

/// A server that gives the same result to every call.
func serverAnswering(_ result: String) throws -> LineServer {
    try LineServer { line in
        guard let id = try? JSONValue(parsing: line)["id"]?.int else { return nil }
        return #"{"jsonrpc":"2.0","id":\#(id),"result":\#(result)}"#
    }
}

/// What `body` throws, to compare.
func error(of body: () async throws -> Void) async -> PurserError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? PurserError
    }
}

/// Random numbers that are the same in each run (SplitMix64).
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
