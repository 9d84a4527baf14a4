internal import Synchronization

/// Wakes one sleeping task: rings are remembered, and several count as one.
final class Doorbell: Sendable {
    private struct State {
        var isRung = false
        var sleeper: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    /// Wakes the task that waits, or the next one that will.
    func ring() {
        let sleeper = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard let sleeper = state.sleeper else {
                state.isRung = true
                return nil
            }
            state.sleeper = nil
            return sleeper
        }
        sleeper?.resume()
    }

    /// Returns at the next ring, at once if one came since the last return, or when the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state -> Bool in
                    guard !state.isRung, !Task.isCancelled else {
                        state.isRung = false
                        return false
                    }
                    state.sleeper = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            let sleeper = state.withLock { $0.sleeper.take() }
            sleeper?.resume()
        }
    }
}
