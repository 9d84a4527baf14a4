internal import Synchronization

/// Hands values from a thread to a task that waits for them. For one waiter at a time.
package final class Mailbox<Value: Sendable>: Sendable {
    private struct State {
        var values: [Value] = []
        var isClosed = false
        var waiter: CheckedContinuation<Value?, Never>?
    }

    private let state = Mutex(State())

    package init() {}

    /// Delivers a value.
    package func put(_ value: Value) {
        let waiter = state.withLock { state -> CheckedContinuation<Value?, Never>? in
            guard let waiter = state.waiter else {
                state.values.append(value)
                return nil
            }
            state.waiter = nil
            return waiter
        }
        waiter?.resume(returning: value)
    }

    /// No more values will come.
    package func close() {
        let waiter = state.withLock { state in
            state.isClosed = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume(returning: nil)
    }

    /// The next value, waited for; nil once it is closed and empty, and in a task that is cancelled.
    package func take() async -> Value? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { wait($0) }
        } onCancel: {
            let waiter = state.withLock { state in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume(returning: nil)
        }
    }

    private func wait(_ continuation: CheckedContinuation<Value?, Never>) {
        let value: Value?? = state.withLock { state in
            if !state.values.isEmpty { return .some(state.values.removeFirst()) }
            if state.isClosed || Task.isCancelled { return .some(nil) }
            state.waiter = continuation
            return nil
        }
        if let value { continuation.resume(returning: value) }
    }
}
