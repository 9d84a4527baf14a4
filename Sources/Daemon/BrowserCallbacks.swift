internal import CallbackServer
internal import ConnectedAccounts
internal import CredentialBroker
internal import DaemonConfiguration
internal import Logging
internal import NIOCore
internal import OAuth

/// Accepts browsers as long as a link waits for one, and tells the person what came of it.
struct BrowserCallbacks<Transport: ProviderTransport>: Sendable {
    /// How long the page can be read again after the last link was completed.
    private static var grace: Duration { .seconds(30) }

    private let broker: Broker<BootClock, Transport>
    private let listener: CallbackListener
    private let logger: Logger

    init(_ port: CallbackPort, eventLoop: any EventLoop, broker: Broker<BootClock, Transport>, logger: Logger) {
        self.broker = broker
        self.logger = logger
        listener = CallbackListener(port: port, eventLoop: eventLoop) { request in
            CallbackOutcome(await broker.receiveCallback(query: request.query))
        }
    }

    /// Runs until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for await isExpected in broker.browserExpectations {
                guard isExpected else {
                    group.addTask { await listener.close(whenIdle: Self.grace) }
                    continue
                }
                do throws(CallbackListenerError) {
                    try await listener.open()
                } catch {
                    logger.error(
                        "Browsers cannot come back; paste the address that they end at into `purser complete-link`: \(error)"
                    )
                }
            }
        }
        await listener.close()
    }
}

extension CallbackPort {
    /// Opens the port for a link that is being begun; gives what to do about it where that is not possible.
    func problem(_ logger: Logger) -> String? {
        do throws(CallbackListenerError) {
            try open()
            return nil
        } catch {
            logger.error("The port for browsers cannot be opened: \(error)")
            return error.description
        }
    }
}

extension CallbackAddress {
    /// Throws where the address is none of this machine's own.
    init(_ address: ListenAddress) throws(CallbackListenerError) {
        try self.init(host: address.host, port: address.port)
    }
}

extension CallbackOutcome {
    fileprivate init(_ result: LinkResult) {
        switch result {
        case .connected(let link):
            let page = CallbackPage.Connection(
                provider: link.provider, account: link.accounts.first, userID: link.userID,
                details: link.accounts.dropFirst().prefix(8).map { .init(name: "Also", value: $0) })
            self = .connected(page, redirect: link.callbackURL.location(.success, link.connectionID))
        case .failed(let link):
            let page = CallbackPage.Failure(
                provider: link.provider, userID: link.userID, reason: CallbackPage.Reason(link.reason))
            self = .failed(page, redirect: link.callbackURL.location(.failed, link.connectionID))
        case .unknown: self = .unknownState
        }
    }
}

extension Optional<String> {
    /// The caller's own address, told how the link ended.
    fileprivate func location(_ status: RedirectTarget.Status, _ connectionID: String) -> RedirectTarget.Location? {
        flatMap { try? RedirectTarget($0) }?.location(status: status, connectedAccountID: connectionID)
    }
}
