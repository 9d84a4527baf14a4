internal import Synchronization
internal import Systemd

/// The places for descriptors that systemd keeps for the unit. It closes what comes on top without a word
/// (sd_pid_notify_with_fds(3)), so they are counted here.
///
/// Its messages are not waited for: systemd takes them in their order, and all that a process has sent before it sees its end.
final class StorePlaces: Sendable {
    private struct State: Sendable {
        var free: Int
        /// Names that systemd could not be told to let go of, to be tried again.
        var leftOver: [String] = []
    }

    private let notifier: ServiceNotifier
    private let state: Mutex<State>

    /// Of `limit` places so many are taken by what systemd has handed over.
    init(notifier: ServiceNotifier, limit: Int, taken: Int) {
        self.notifier = notifier
        state = Mutex(State(free: max(0, limit - taken)))
    }

    var free: Int { state.withLock { $0.free } }

    /// Gives up the one place under this name; false if systemd could not be told, which is then tried again.
    @discardableResult
    func remove(_ name: String) -> Bool {
        state.withLock { remove(name, &$0) }
    }

    /// Stores a descriptor where there is a place beside those to be spared; false where there is none.
    func store(_ descriptor: CInt, name: String, sparing spared: Int = 0) throws(NotifyError) -> Bool {
        try state.withLock { state throws(NotifyError) in
            guard state.free > spared else { return false }
            try notifier.store(descriptor, name: name)
            state.free -= 1
            return true
        }
    }

    /// Stores one in place of another: at no instant is neither there, if there is a place more. Otherwise only the instant
    /// between two messages lies between. Where it throws, the old one is still there, if systemd takes messages at all.
    func replace(
        _ old: (descriptor: CInt, name: String), with new: (descriptor: CInt, name: String)
    ) throws(NotifyError) {
        try state.withLock { state throws(NotifyError) in
            let leftOver = state.leftOver
            state.leftOver = []
            for name in leftOver { remove(name, &state) }
            if state.free > 0 {
                try notifier.store(new.descriptor, name: new.name)
                state.free -= 1
                remove(old.name, &state)
                return
            }
            try notifier.removeStored(name: old.name)
            do throws(NotifyError) {
                try notifier.store(new.descriptor, name: new.name)
            } catch {
                try notifier.store(old.descriptor, name: old.name)
                throw error
            }
        }
    }

    @discardableResult
    private func remove(_ name: String, _ state: inout State) -> Bool {
        do throws(NotifyError) {
            try notifier.removeStored(name: name)
            state.free += 1
            return true
        } catch {
            state.leftOver.append(name)
            return false
        }
    }
}
