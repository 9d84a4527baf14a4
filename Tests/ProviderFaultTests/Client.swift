import NIOPosix
import OAuth
import ProviderSimulator
import SecretBytes
import TokenEndpoint

/// What the daemon makes of a token request.
enum Seen: Equatable, Sendable {
    case granted
    case failed(FailureClass, reason: String, maybeApplied: Bool)

    init(_ outcome: consuming TokenOutcome) {
        switch consume outcome {
        case .granted: self = .granted
        case .failed(let failure):
            self = .failed(failure.failureClass, reason: failure.reason, maybeApplied: failure.mayHaveBeenApplied)
        }
    }

    init(_ meaning: FaultKind.Meaning) {
        switch meaning {
        case .granted: self = .granted
        case .failed(let failureClass, let reason, let maybeApplied):
            self = .failed(failureClass, reason: reason, maybeApplied: maybeApplied)
        }
    }

    var reason: String {
        if case .failed(_, let reason, _) = self { reason } else { "granted" }
    }
}

extension Simulation {
    /// Presents the refresh token as often as asked, as the daemon would: its requests, its transport, its reader. A hang
    /// is waited for no longer than a second.
    func refresh(_ times: Int, trusting isTrusting: Bool = true) async throws -> [Seen] {
        var configuration = HTTPTransportConfiguration()
        configuration.trustRootsFile = isTrusting ? authorityFile : nil
        let transport = HTTPTransport(group: MultiThreadedEventLoopGroup.singleton, configuration: configuration)
        var seen: [Seen] = []
        let endpoint = TokenEndpointDescription(url: tokenURL)
        for _ in 0..<times {
            let request = try RefreshRequest.make(
                to: endpoint, clientID: clientID, clientSecret: SecretBytes(utf8: clientSecret),
                refreshToken: SecretBytes(utf8: refreshToken ?? ""))
            let outcome = await transport.send(request, timeout: .seconds(1))
            seen.append(Seen(TokenAnswerReader.read(outcome, description: endpoint, receivedAt: 1_780_272_000)))
        }
        await transport.shutdown()
        return seen
    }
}

/// Runs `body` with a simulated provider, and stops it.
func withSimulation<Result>(
    _ options: SimulatorOptions, show: @escaping @Sendable (String) -> Void = { _ in },
    _ body: (Simulation) async throws -> Result
) async throws -> Result {
    let simulation = try await Simulation.start(options, show: show)
    do {
        let result = try await body(simulation)
        await simulation.stop()
        return result
    } catch {
        await simulation.stop()
        throw error
    }
}

extension SimulatorOptions {
    init(_ faults: [Fault], times: Int? = nil) {
        self.init()
        self.faults = faults
        self.times = times
    }
}
