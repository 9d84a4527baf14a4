internal import Glibc
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Accepts at the port of a listener and closes it, one thing after the other. On its event loop only.
final class CallbackDoor {
    private struct Listening {
        var channel: any Channel
        var site: CallbackSite
        var address: CallbackAddress
    }

    private let port: CallbackPort
    private let eventLoop: any EventLoop
    private let limits: CallbackLimits
    private let now: @Sendable () -> Duration
    private let onCallback: CallbackSite.OnCallback
    private var listening: Listening?
    /// Done when all that was asked for so far is.
    private var last: EventLoopFuture<Void>

    init(
        _ port: CallbackPort, _ eventLoop: any EventLoop, _ limits: CallbackLimits,
        now: @escaping @Sendable () -> Duration, _ onCallback: @escaping CallbackSite.OnCallback
    ) {
        self.port = port
        self.eventLoop = eventLoop
        self.limits = limits
        self.now = now
        self.onCallback = onCallback
        last = eventLoop.makeSucceededVoidFuture()
    }

    var isOpen: Bool { listening != nil }

    var connections: Int { listening?.site.connections.count ?? 0 }

    /// When nobody will have come for `grace`; nil if it is closed, or was asked to open once more.
    func idleTime(_ opening: Int, _ grace: Duration) -> Duration? {
        guard let site = listening?.site, opening == port.openings else { return nil }
        // Not too soon, or waiting for an outcome would keep the machine busy.
        return site.pendingCallbacks > 0 ? now() + max(grace, .milliseconds(100)) : site.lastVisit + grace
    }

    func open() -> EventLoopFuture<Result<CallbackAddress, CallbackListenerError>> {
        // At once, so that whoever comes meanwhile is not refused, and no closing that is under way goes on.
        do throws(CallbackListenerError) {
            try port.open()
        } catch {
            return eventLoop.makeSucceededFuture(.failure(error))
        }
        let opened = last.assumeIsolated().flatMap {
            [self] () -> EventLoopFuture<Result<CallbackAddress, CallbackListenerError>> in
            if let listening { return eventLoop.makeSucceededFuture(.success(listening.address)) }
            return accept()
        }
        last = opened.map { _ in }.nonisolated()
        return opened.nonisolated()
    }

    /// With an opening, only if nobody has asked to open since.
    func close(onlyAfterOpening opening: Int?) -> EventLoopFuture<Void> {
        let closed = last.assumeIsolated().flatMap { [self] in
            guard port.close(onlyAfterOpening: opening), let listening else {
                return eventLoop.makeSucceededVoidFuture()
            }
            self.listening = nil
            listening.channel.close(promise: nil)
            let ends = listening.site.connections.removeAll().map { $0.abort() }
            return EventLoopFuture.andAllComplete(ends + [listening.channel.closeFuture], on: eventLoop)
        }
        last = closed.nonisolated()
        return closed.nonisolated()
    }

    private func accept() -> EventLoopFuture<Result<CallbackAddress, CallbackListenerError>> {
        // Filled before anybody can be accepted: that takes another turn of the event loop.
        let site = NIOLoopBoundBox<CallbackSite?>(nil, eventLoop: eventLoop)
        let address: CallbackAddress
        let adopted: EventLoopFuture<any Channel>
        do throws(CallbackListenerError) {
            // A closing that was asked for before may have come in between.
            address = try port.open(isNew: false)
            adopted = bootstrap(site).withBoundSocket(try port.descriptor())
        } catch {
            return eventLoop.makeSucceededFuture(.failure(error))
        }
        return adopted.assumeIsolated()
            .map { [self] channel in
                let newSite = CallbackSite(
                    eventLoop: eventLoop, address: address, limits: limits, now: now, onCallback: onCallback)
                site.value = newSite
                listening = Listening(channel: channel, site: newSite, address: address)
                return .success(address)
            }
            .flatMapErrorThrowing { error in
                .failure(CallbackListenerError(errno: (error as? IOError)?.errnoCode ?? 0, at: address))
            }
            .nonisolated()
    }

    private func bootstrap(_ site: NIOLoopBoundBox<CallbackSite?>) -> ServerBootstrap {
        ServerBootstrap(group: eventLoop)
            .serverChannelOption(.backlog, value: 128)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // An urgent byte would announce input that cannot be read, which NIO takes for a fault of its own.
            .childChannelOption(.socketOption(.init(rawValue: SO_OOBINLINE)), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try setCloseOnExec(channel)
                    guard let site = site.value else { throw NotAdmitted() }
                    try serve(channel, site)
                }
            }
    }
}

/// Closes a connection that was just accepted.
private struct NotAdmitted: Error {}

private func serve(_ channel: any Channel, _ site: CallbackSite) throws {
    let query = WithheldQuery(limits: site.limits)
    let connection = CallbackConnection(channel, site, query)
    guard site.connections.admit(connection) else { throw NotAdmitted() }
    let pipeline = channel.pipeline.syncOperations
    try pipeline.addHandlers([
        RequestHeadHandler(query),
        HTTPResponseEncoder(),
        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes)),
        connection,
    ])
}

/// NIO makes its sockets without it, so a program that is started would keep them open.
private func setCloseOnExec(_ channel: any Channel) throws {
    try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { descriptor in
        guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else { throw IOError(errnoCode: errno, reason: "fcntl") }
    }
}
