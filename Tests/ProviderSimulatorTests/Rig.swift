import ConnectedAccounts
import ProviderSimulator
import Testing

/// A served provider named `acme` with one client and one connected user, and what happens at it.
struct Rig: Sendable {
    let server: ProviderServer
    let tokens: IssuedTokens
    let events: AsyncStream<ProviderEvent>

    init(_ policy: ClientPolicy = ClientPolicy(), limits: ProviderServer.Limits = .init()) async throws {
        var trial = try Trial(policy)
        // Real time from here on.
        trial.now = .current()
        tokens = try #require(
            trial.server.connect(
                clientID: "app", userID: Trial.user.id, scopes: ["read"], at: trial.now, random: &trial.random))
        let (stream, continuation) = AsyncStream.makeStream(of: ProviderEvent.self)
        events = stream
        server = try await ProviderServer.start(
            providers: ["acme": trial.server], limits: limits, onEvent: { continuation.yield($0) })
    }

    func add(_ schedule: FaultPlan.Schedule) {
        server.withProvider("acme") { provider, _ in provider.faults.add(schedule) }
    }

    /// Waits until that many requests have met a fault. The server then decides no more about them.
    func faults(_ count: Int = 1) async {
        var left = count
        for await event in events {
            if case .fault = event.event { left -= 1 }
            if left == 0 { return }
        }
    }

    /// The text of a refresh with the given token, or with the first one.
    func refresh(_ token: String? = nil, more: String = "") -> String {
        let token = token ?? tokens.refreshToken ?? ""
        let form = "grant_type=refresh_token&client_id=app&client_secret=s&refresh_token=\(token)"
        return RawClient.post("/acme/token", form, more: more)
    }

    func exchange(_ text: String, until goal: RawClient.Goal = .answers(1)) async throws -> RawClient.Seen {
        try await RawClient.exchange(port: server.port, text, until: goal)
    }
}
