package import SecretBytes
internal import Synchronization

/// A line for the peer, made on any thread, on its way to the connection's own.
package final class RPCOutgoing: Sendable {
    private enum Kind {
        case answer(RPCAwaited)
        case notice(RPCNotices, RPCNotifierLife?)
        case nothing
    }

    private let line: Mutex<SecretBuffer?>
    private let kind: Kind

    /// Bytes of the line.
    package let count: Int

    init(_ line: consuming SecretBuffer, _ awaited: RPCAwaited) {
        count = line.count
        kind = .answer(awaited)
        self.line = Mutex(line)
    }

    /// A notification, void once the notifier of this life has ended; without a life the last word of one.
    init(notice line: consuming SecretBuffer, _ notices: RPCNotices, _ life: RPCNotifierLife?) {
        count = line.count
        kind = .notice(notices, life)
        self.line = Mutex(line)
    }

    private init() {
        count = 0
        kind = .nothing
        line = Mutex(nil)
    }

    /// No line; only has the connection look again at whether it must stay open.
    static let nothing = RPCOutgoing()

    deinit { _ = take() }

    /// Whether the connection should hold the line back, without taking it, while the peer does not read: it is no answer
    /// that the peer asked for, and what is not taken counts against ``RPCLimits/maxNotices``.
    package var isNotification: Bool {
        if case .notice = kind { true } else { false }
    }

    /// Gives the line, which ends with `\n`, the first time; from then on it is no longer among
    /// ``RPCConnection/waitingReplies``, or counts no more against the bounds on notifications. Nil also if the line is void.
    /// To be called on the connection's thread.
    package func take() -> SecretBuffer? {
        var taken: SecretBuffer?
        line.withLock { taken = $0.take() }
        guard let taken else { return nil }
        switch kind {
        case .answer(let awaited): awaited.end()
        case .notice(let notices, let life):
            notices.release(count, isLast: life == nil)
            if life?.hasEnded == true { return nil }
        case .nothing: break
        }
        return taken
    }
}
