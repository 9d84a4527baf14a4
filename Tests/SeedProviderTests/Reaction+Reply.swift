import OAuth
import ProviderSimulator
import TestKit

extension Reaction {
    /// What the daemon sees of a simulated provider's reply, as its transport would tell it. `hang`: what an answer that
    /// does not come to its end is.
    init(_ reply: AuthorizationServer.Reply, hang: Reaction = .lost) {
        switch reply.delivery {
        case .unresolved: self = .fail(TransportFailure(.nameResolution, mayHaveBeenReceived: false))
        case .failedHandshake: self = .fail(TransportFailure(.tls, mayHaveBeenReceived: false))
        case .silence, .headOnly, .held: self = hang
        case .reset, .closed, .cutOff: self = .fail(TransportFailure(.connectionClosed, mayHaveBeenReceived: true))
        case .whole where reply.answer.length > 1 << 20:
            self = .fail(TransportFailure(.bodyTooLarge, mayHaveBeenReceived: true))
        case .whole, .delayed, .bytewise:
            self = .answer(
                status: reply.answer.status, reply.answer.text, retryAfter: reply.answer.header("Retry-After"),
                contentType: reply.answer.header("Content-Type") ?? "")
        }
    }
}
