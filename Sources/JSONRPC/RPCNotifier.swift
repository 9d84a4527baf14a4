package import JSON
internal import SecretBytes
internal import Synchronization

/// The right to send notifications (JSON-RPC 2.0 section 4.1) to the peer of one connection, from any thread, until
/// ``end()``, the end of its own life, or that of the connection.
///
/// While one lives, a peer that has shut down its writing side is still served; when the last one ends, such a connection
/// closes. Lines that the peer has not taken are bounded, all notifiers of a connection together (``RPCLimits/maxNotices``,
/// ``RPCLimits/maxNoticeBytes``): whoever sends more is told so and decides what to drop.
package final class RPCNotifier: Sendable {
    private let replies: RPCReplies
    private let notices: RPCNotices
    private let life = RPCNotifierLife()
    private let whenRoom = Mutex<(@Sendable () -> Void)?>(nil)

    init(_ replies: RPCReplies, _ notices: RPCNotices) {
        self.replies = replies
        self.notices = notices
        notices.open()
    }

    deinit { end() }

    /// Whether nobody is there to be told: the peer is gone.
    package var isAbandoned: Bool { replies.isAbandoned }

    /// Whether ``end()`` was called.
    package var hasEnded: Bool { life.hasEnded }

    /// Sets what is to be called, once after each ``notify(_:_:)`` that gave false for lack of room, when at least half of
    /// the room is free again. It is called on the connection's thread and must not wait. To be set before the first
    /// notification.
    package func callWhenRoom(_ body: @escaping @Sendable () -> Void) {
        whenRoom.withLock { $0 = body }
    }

    /// Sends a notification of this method with the parameters that `write` writes, one JSON value.
    ///
    /// False, and nothing is sent, if there is no room, or if nobody is there: the peer is gone, or this has ended. Then
    /// `write` is not called. Notifications of one thread arrive in order; nothing arrives once ``end()`` has returned and
    /// the connection's thread has gone on.
    package func notify(_ method: StaticString, _ write: (inout JSONWriter) -> Void) -> Bool {
        guard !hasEnded, !isAbandoned, notices.reserve(self) else { return false }
        send(line(method, write), life)
        return true
    }

    /// Ends it: notifications that are still on their way are dropped. Ending it again does nothing.
    package func end() {
        guard life.end() else { return }
        notices.close(self)
        // Wakes the connection, which may only have been open for this.
        if !isAbandoned { replies.send(RPCOutgoing.nothing) }
    }

    /// Ends it with one last notification, for which there is always room.
    package func end(with method: StaticString, _ write: (inout JSONWriter) -> Void) {
        guard !isAbandoned, life.end() else { return end() }
        notices.reserveLast()
        notices.close(self)
        send(line(method, write), nil)
    }

    func tellRoom() {
        let body = whenRoom.withLock { $0 }
        body?()
    }

    private func send(_ line: consuming SecretBuffer, _ life: RPCNotifierLife?) {
        notices.count(line.count)
        replies.send(RPCOutgoing(notice: line, notices, life))
    }

    private func line(_ method: StaticString, _ write: (inout JSONWriter) -> Void) -> SecretBuffer {
        var writer = JSONWriter()
        writer.beginObject(with: #""jsonrpc":"2.0""#)
        writer.member("method", method)
        writer.key("params")
        write(&writer)
        writer.endObject()
        writer.endLine()
        return writer.finish()
    }
}

/// Whether a notifier has ended; apart from it, for lines on their way to know.
final class RPCNotifierLife: Sendable {
    private let ended = Atomic(false)

    var hasEnded: Bool { ended.load(ordering: .acquiring) }

    /// Whether this is the first end.
    func end() -> Bool { !ended.exchange(true, ordering: .acquiringAndReleasing) }
}

/// What the notifiers of one connection have on the way. Knows nothing of what would deliver it, lest a line that nobody
/// takes keep that alive.
final class RPCNotices: Sendable {
    private struct Waiting {
        weak var notifier: RPCNotifier?
    }

    private struct State {
        var lines = 0
        var bytes = 0
        var notifiers = 0
        /// Last words on the way: the connection stays open for them too.
        var lastLines = 0
        /// Those that were told that there is no room.
        var waiting: [ObjectIdentifier: Waiting] = [:]
    }

    private let maxLines: Int
    private let maxBytes: Int
    private let state = Mutex(State())

    init(_ limits: RPCLimits) {
        maxLines = limits.maxNotices
        maxBytes = limits.maxNoticeBytes
    }

    /// Whether a notifier lives, or its last word is on the way.
    var isOpen: Bool { state.withLock { $0.notifiers > 0 || $0.lastLines > 0 } }

    func open() { state.withLock { $0.notifiers += 1 } }

    func close(_ notifier: RPCNotifier) {
        let id = ObjectIdentifier(notifier)
        state.withLock { state in
            state.notifiers -= 1
            state.waiting[id] = nil
        }
    }

    /// Takes room for a line; without any, the notifier is told when there is.
    func reserve(_ notifier: RPCNotifier) -> Bool {
        let id = ObjectIdentifier(notifier)
        return state.withLock { state in
            guard state.lines < maxLines, state.bytes < maxBytes else {
                state.waiting[id] = Waiting(notifier: notifier)
                return false
            }
            state.lines += 1
            return true
        }
    }

    /// Takes room for a line whether there is any or not.
    func reserveLast() {
        state.withLock { state in
            state.lines += 1
            state.lastLines += 1
        }
    }

    /// Counts the bytes of a line that has its room.
    func count(_ bytes: Int) { state.withLock { $0.bytes += bytes } }

    /// A line is no longer on the way.
    func release(_ bytes: Int, isLast: Bool) {
        let waiting = state.withLock { state -> [ObjectIdentifier: Waiting] in
            state.lines -= 1
            if isLast { state.lastLines -= 1 }
            state.bytes -= bytes
            guard state.lines <= maxLines / 2, state.bytes <= maxBytes / 2 else { return [:] }
            defer { state.waiting = [:] }
            return state.waiting
        }
        for entry in waiting.values { entry.notifier?.tellRoom() }
    }
}
