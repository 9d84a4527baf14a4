internal import Synchronization

/// Carries one noncopyable value where only copyable ones go, such as out of the lock; whoever takes it has it.
final class Handover<Value: ~Copyable & Sendable>: Sendable {
    private let value: Mutex<Value?>

    init(_ value: consuming Value?) {
        self.value = Mutex(consume value)
    }

    /// The value, if there is one, the first time.
    func take() -> Value? {
        value.withLock { $0.take() }
    }
}
