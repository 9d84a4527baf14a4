internal import JSON
internal import Synchronization

/// One call and the place where its answer arrives. The first outcome counts, be it the answer, the caller's leaving,
/// or the end of the time or the connection; later ones are dropped.
final class PendingCall: Sendable {
    typealias Outcome = Result<JSON.JSONValue, any Error>

    private enum State {
        case open
        case awaited(CheckedContinuation<JSON.JSONValue, any Error>)
        case resolved(Outcome)
        /// The outcome has been handed over.
        case over
    }

    let request: RequestLine
    private let state = Mutex(State.open)

    init(_ request: RequestLine) { self.request = request }

    /// Whether nobody needs an answer any more.
    var isResolved: Bool {
        state.withLock { state in
            switch state {
            case .open, .awaited: false
            case .resolved, .over: true
            }
        }
    }

    /// Delivers the outcome, unless there is one already.
    func resolve(_ outcome: Outcome) {
        let waiting: CheckedContinuation<JSON.JSONValue, any Error>? = state.withLock { state in
            switch state {
            case .open:
                state = .resolved(outcome)
                return nil
            case .awaited(let continuation):
                state = .over
                return continuation
            case .resolved, .over:
                return nil
            }
        }
        waiting?.resume(with: outcome)
    }

    /// Waits for the outcome; to be called once. A caller whose task is cancelled leaves with `CancellationError` at
    /// once.
    func value() async throws -> JSON.JSONValue {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { wait($0) }
        } onCancel: {
            resolve(.failure(CancellationError()))
        }
    }

    private func wait(_ continuation: CheckedContinuation<JSON.JSONValue, any Error>) {
        let outcome: Outcome? = state.withLock { state in
            guard case .resolved(let outcome) = state else {
                state = .awaited(continuation)
                return nil
            }
            state = .over
            return outcome
        }
        if let outcome { continuation.resume(with: outcome) }
    }
}
