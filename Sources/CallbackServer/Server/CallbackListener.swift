package import NIOCore

/// Where browsers come back to after consent: a loopback port that is open only while its owner keeps it open.
///
/// The port may be opened first, on any thread; a closing that is under way then leaves it open.
///
/// A callback is answered with a redirect: to the caller's own address, or to a page here at a one-time address, so that
/// the code leaves the browser's address bar and history. The listener knows nothing of links: the owner opens it for the
/// first one, closes it after the last, and decides what came of each callback.
///
/// It stands directly on NIO's HTTP codec. A web framework hands over the target of a request as a `String`, which
/// cannot be wiped, while here the query never becomes one; and its server is made to run once, as a service.
package final class CallbackListener: Sendable {
    package typealias OnCallback = @Sendable (consuming CallbackRequest) async -> CallbackOutcome

    private let eventLoop: any EventLoop
    private let door: NIOLoopBoundBox<CallbackDoor>
    private let port: CallbackPort
    private let clock: CallbackClock
    private let limits: CallbackLimits

    /// Prepares a closed listener. `onCallback` is called once for each callback, several at a time if they come so, and
    /// for nothing else; what it learns after ``CallbackLimits/answerTime`` no longer reaches the browser.
    package init(
        port: CallbackPort, eventLoop: any EventLoop, limits: CallbackLimits = CallbackLimits(),
        clock: CallbackClock = .continuous(), onCallback: @escaping OnCallback
    ) {
        self.port = port
        self.eventLoop = eventLoop
        self.clock = clock
        self.limits = limits
        door = NIOLoopBoundBox.makeBoxSendingValue(
            CallbackDoor(port, eventLoop, limits, now: clock.now, onCallback), eventLoop: eventLoop)
    }

    /// Opens the port, if that was not done before, and accepts browsers; returns the address with the port that was bound.
    ///
    /// If it is open already it stays so, and a ``close(whenIdle:)`` that is under way no longer closes it. Openings and
    /// closings take effect one after the other, in the order in which they were asked for.
    @discardableResult
    package func open() async throws(CallbackListenerError) -> CallbackAddress {
        let opened: Result<CallbackAddress, CallbackListenerError>
        do {
            opened = try await eventLoop.flatSubmit { [door] in door.value.open() }.get()
        } catch {
            // The event loop is gone.
            throw .cannotListen(port.address, errno: 0)
        }
        return try opened.get()
    }

    /// Closes the port, which stays taken, and forgets all pages at once; connections are cut. Callbacks that are being decided go on, unseen.
    package func close() async {
        await close(onlyAfterOpening: nil)
    }

    /// Closes when nobody has come back or read a page for that long and no callback is being decided, so that the
    /// browser gets to read its page and may load it again; at the latest after ``CallbackLimits/pageTime``.
    ///
    /// Returns when it is closed, or at its next look if it was opened once more meanwhile. Where nobody came at all, it
    /// closes at once; so it does when the task is cancelled.
    package func close(whenIdle grace: Duration) async {
        let opening = port.openings
        let latest = clock.now() + limits.pageTime
        while let next = await idleTime(opening, grace), clock.now() < min(next, latest) {
            do {
                try await clock.sleep(min(next, latest))
            } catch {
                break
            }
        }
        await close(onlyAfterOpening: opening)
    }

    /// Whether browsers are accepted.
    package var isOpen: Bool {
        get async { (try? await eventLoop.submit { [door] in door.value.isOpen }.get()) ?? false }
    }

    /// How many connections there are.
    package var connections: Int {
        get async { (try? await eventLoop.submit { [door] in door.value.connections }.get()) ?? 0 }
    }

    /// When it will have been idle for `grace`; nil if it is no longer open as it was.
    private func idleTime(_ opening: Int, _ grace: Duration) async -> Duration? {
        try? await eventLoop.submit { [door] in door.value.idleTime(opening, grace) }.get()
    }

    private func close(onlyAfterOpening opening: Int?) async {
        // Fails only when the event loop is gone, and the port with it.
        try? await eventLoop.flatSubmit { [door] in door.value.close(onlyAfterOpening: opening) }.get()
    }
}
