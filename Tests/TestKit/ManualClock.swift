package import ConnectedAccounts
internal import Synchronization

/// A boot clock that stands still until a test moves it.
package final class ManualClock: Clock, Sendable {
    package typealias Instant = BootInstant

    private struct Sleeper {
        var deadline: BootInstant
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now: BootInstant
        var nextID = 0
        var sleepers: [Int: Sleeper] = [:]
        var cancelled: Set<Int> = []
    }

    private let state: Mutex<State>
    private let sleeping = AsyncStream<BootInstant>.makeStream()

    /// Some hours after the machine started.
    package static let start = BootInstant(nanoseconds: 10_000 * 1_000_000_000)

    package init(now: BootInstant = start) {
        state = Mutex(State(now: now))
    }

    package var now: BootInstant { state.withLock { $0.now } }
    package var minimumResolution: Duration { .nanoseconds(1) }

    /// Each time somebody goes to sleep: until when. For one test to wait on.
    package var sleeps: AsyncStream<BootInstant> { sleeping.stream }

    /// Moves the clock and wakes those whose time has come. It never goes back.
    package func advance(to instant: BootInstant) {
        let due = state.withLock { state in
            state.now = max(state.now, instant)
            let due = state.sleepers.filter { $0.value.deadline <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    package func advance(by duration: Duration) {
        advance(to: now.advanced(by: duration))
    }

    package func sleep(until deadline: BootInstant, tolerance: Duration?) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { add($0, id, deadline) }
        } onCancel: {
            cancel(id)
        }
    }

    private enum Arrival { case asleep, due, cancelled }

    private func add(_ continuation: CheckedContinuation<Void, any Error>, _ id: Int, _ deadline: BootInstant) {
        let arrival = state.withLock { state -> Arrival in
            if state.cancelled.remove(id) != nil { return .cancelled }
            if deadline <= state.now { return .due }
            state.sleepers[id] = Sleeper(deadline: deadline, continuation: continuation)
            return .asleep
        }
        switch arrival {
        case .asleep: sleeping.continuation.yield(deadline)
        case .due: continuation.resume()
        case .cancelled: continuation.resume(throwing: CancellationError())
        }
    }

    private func cancel(_ id: Int) {
        let continuation = state.withLock { state in
            let sleeper = state.sleepers.removeValue(forKey: id)
            if sleeper == nil { state.cancelled.insert(id) }
            return sleeper?.continuation
        }
        continuation?.resume(throwing: CancellationError())
    }
}
