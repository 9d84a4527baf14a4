import CallbackServer
import Synchronization

/// A clock that stands still until a test moves it.
final class ManualTime: Sendable {
    private struct State {
        var now: Duration = .seconds(1000)
        var nextID = 0
        var sleepers: [Int: (until: Duration, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())
    private let asleep = AsyncStream<Duration>.makeStream()

    var clock: CallbackClock {
        CallbackClock(now: { self.now }, sleep: { try await self.sleep(until: $0) })
    }

    var now: Duration { state.withLock { $0.now } }

    /// Each time somebody goes to sleep: until when. For one test to wait on.
    var sleeps: AsyncStream<Duration> { asleep.stream }

    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now += duration
            let due = state.sleepers.filter { $0.value.until <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    private func sleep(until: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { add($0, id, until) }
        } onCancel: {
            let sleeper = state.withLock { state in
                if state.sleepers[id] == nil { state.cancelled.insert(id) }
                return state.sleepers.removeValue(forKey: id)
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    private func add(_ continuation: CheckedContinuation<Void, any Error>, _ id: Int, _ until: Duration) {
        enum Arrival { case asleep, due, cancelled }
        let arrival = state.withLock { state -> Arrival in
            if state.cancelled.remove(id) != nil { return .cancelled }
            if until <= state.now { return .due }
            state.sleepers[id] = (until, continuation)
            return .asleep
        }
        switch arrival {
        case .asleep: asleep.continuation.yield(until)
        case .due: continuation.resume()
        case .cancelled: continuation.resume(throwing: CancellationError())
        }
    }
}
