internal import NIOCore
internal import OAuth
internal import SecretBytes
internal import Synchronization

/// What the connections of one opening share: the pages, and how a callback gets its outcome. On its event loop only.
final class CallbackSite {
    enum Reply {
        case response(CallbackResponse)
        /// The outcome is to be asked for.
        case callback
    }

    typealias OnCallback = @Sendable (consuming CallbackRequest) async -> CallbackOutcome

    let limits: CallbackLimits
    let connections: ConnectionTable
    /// Callbacks whose outcome is not there yet.
    private(set) var pendingCallbacks = 0
    /// When a callback or a reading of its page was last served.
    private(set) var lastVisit: Duration
    private let eventLoop: any EventLoop
    private let address: CallbackAddress
    private let now: @Sendable () -> Duration
    private let onCallback: OnCallback
    private var pages: PageStore

    init(
        eventLoop: any EventLoop, address: CallbackAddress, limits: CallbackLimits,
        now: @escaping @Sendable () -> Duration, onCallback: @escaping OnCallback
    ) {
        self.eventLoop = eventLoop
        self.address = address
        self.limits = limits
        self.now = now
        self.onCallback = onCallback
        connections = ConnectionTable(limit: limits.connections)
        pages = PageStore(limits: limits)
        lastVisit = now()
    }

    func respond(to head: CallbackRequestHead) -> Reply {
        switch CallbackRoute(head, at: address) {
        case .callback:
            return .callback
        case .page(let id):
            let now = now()
            guard let page = pages.page(id, now: now) else {
                return .response(CallbackResponse(CallbackPage(.refused(.notFound))))
            }
            lastVisit = now
            return .response(CallbackResponse(page))
        case .unknownState:
            return .response(CallbackResponse(CallbackPage(.unknownState)))
        case .refused(let refusal):
            return .response(CallbackResponse(CallbackPage(.refused(refusal))))
        }
    }

    /// Has the owner decide. That goes on if the browser leaves meanwhile.
    func outcome(of request: consuming CallbackRequest) -> EventLoopFuture<CallbackResponse> {
        pendingCallbacks += 1
        // A closure that escapes cannot consume what it captured.
        let parcel = Parcel(request)
        let outcome = eventLoop.makeFutureWithTask { [onCallback] in
            guard let request = parcel.take() else { return CallbackOutcome.unknownState }
            return await onCallback(request)
        }
        return outcome.assumeIsolated().map { [self] outcome in
            pendingCallbacks -= 1
            return response(to: outcome)
        }.nonisolated()
    }

    private func response(to outcome: CallbackOutcome) -> CallbackResponse {
        switch outcome {
        case .connected(let connection, let redirect):
            lastVisit = now()
            return CallbackResponse(seeOther: redirect?.url ?? address(of: CallbackPage(.connected(connection))))
        case .failed(let failure, let redirect):
            lastVisit = now()
            return CallbackResponse(seeOther: redirect?.url ?? address(of: CallbackPage(.failed(failure))))
        case .unknownState:
            return CallbackResponse(seeOther: CallbackRoute.unknownStatePath)
        }
    }

    private func address(of page: CallbackPage) -> String {
        let id = PageStore.randomID()
        pages.add(page, id: id, now: now())
        return CallbackRoute.path(ofPage: id)
    }
}

/// Carries a request into a task, to be taken out once.
private final class Parcel: Sendable {
    private let request: Mutex<CallbackRequest?>

    init(_ request: consuming CallbackRequest) {
        self.request = Mutex(request)
    }

    func take() -> CallbackRequest? {
        request.withLock { $0.take() }
    }
}
