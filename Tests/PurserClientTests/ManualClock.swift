import LineServer
import Synchronization

/// A clock that stands still until a test moves it.
final class ManualClock: Clock, Sendable {
    typealias Duration = Swift.Duration

    struct Instant: InstantProtocol {
        var offset = Swift.Duration.zero

        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (one: Instant, other: Instant) -> Bool { one.offset < other.offset }
    }

    private struct State {
        var now = Instant()
        var nextID = 0
        var sleepers: [Int: (deadline: Instant, continuation: CheckedContinuation<Void, any Error>)] = [:]
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())
    private let sleeping = Mailbox<Duration>()

    var now: Instant { state.withLock { $0.now } }
    let minimumResolution = Swift.Duration.zero

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
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

    /// Waits until somebody has gone to sleep, and tells for how long.
    func nextSleep() async -> Duration? { await sleeping.take() }

    func advance(by duration: Duration) {
        let due = state.withLock { state in
            state.now = state.now.advanced(by: duration)
            let due = state.sleepers.filter { $0.value.deadline <= state.now }
            for id in due.keys { state.sleepers[id] = nil }
            return due.values.map(\.continuation)
        }
        for continuation in due { continuation.resume() }
    }

    private func add(_ continuation: CheckedContinuation<Void, any Error>, _ id: Int, _ deadline: Instant) {
        let duration: Duration? = state.withLock { state in
            guard state.cancelled.remove(id) == nil else { return nil }
            state.sleepers[id] = (deadline, continuation)
            return state.now.duration(to: deadline)
        }
        if let duration { sleeping.put(duration) } else { continuation.resume(throwing: CancellationError()) }
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
