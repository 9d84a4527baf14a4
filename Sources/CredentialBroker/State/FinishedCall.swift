internal import ConnectedAccounts
internal import JSON
internal import JSONRPC
internal import SecretBytes
internal import Synchronization

/// A call that waited, with its answer; delivered outside the lock.
final class FinishedCall: Sendable {
    private let reply: RPCReply
    private let answer: SecretBox?
    private let error: RPCError?

    init(_ reply: RPCReply, answer: borrowing SecretBuffer) {
        self.reply = reply
        self.answer = SecretBox(answer.bytes())
        self.error = nil
    }

    init(_ reply: RPCReply, error: RPCError) {
        self.reply = reply
        self.answer = nil
        self.error = error
    }

    func deliver() {
        reply.complete { writer throws(RPCError) in
            if let error { throw error }
            answer?.bytes.withBytes { writer.raw($0) }
        }
    }
}

/// The instant of one attempt at a call, and how long its caller is willing to wait.
struct Moment {
    let now: BootInstant
    let deadline: BootInstant

    /// The caller waits no longer: answer now, one way or the other.
    var isLast: Bool { deadline <= now }
}

/// How one attempt at a call ended.
enum Progress {
    case done
    /// Nothing is written; to be tried again when one of these connections has changed, or at the deadline.
    case wait([Int])
}

/// A call that may have to wait for a refresh: a value that is tried again from the start each time something changed.
enum WaitingCall: Sendable {
    case accounts(AccountsCall)
    case credentials(CredentialsCall)
    case refresh(RefreshCall)
    case connection(ConnectionWait)
    case managedRefresh(ManagedRefresh)
    case firstToken(FirstToken)

    var method: Method {
        switch self {
        case .accounts(let call): call.method
        case .credentials: .getConnectionCredentials
        case .refresh(let call): call.method
        case .connection: .connectedAccountsWaitForConnection
        case .managedRefresh: .connectedAccountsRefresh
        case .firstToken: .connectedAccountsInitiate
        }
    }
}

extension BrokerState {
    /// Answers at once, or takes the call in to wait.
    mutating func begin(
        _ call: WaitingCall, from caller: Caller, timeout: Duration, rpc: borrowing RPCCall, now: BootInstant,
        into result: inout JSONWriter
    ) throws(RPCError) -> RPCAnswer {
        let moment = Moment(now: now, deadline: now.advanced(by: timeout))
        guard case .wait(let slots) = try attempt(call, from: caller, moment, into: &result) else { return .written }
        guard !isStopping || slots.contains(where: { scheduler.isInFlight($0) }) else { throw .shuttingDown }
        let waiter = WaitingCalls.Waiter(call: call, caller: caller, deadline: moment.deadline, reply: try rpc.later())
        guard waiting.insert(waiter, slots: slots, now: now) else {
            throw .rateLimited(retryAfter: .seconds(1), "too many calls wait for refreshes; try again in a second")
        }
        needsRefresher = true
        return .later
    }

    private mutating func attempt(
        _ call: WaitingCall, from caller: Caller, _ moment: Moment, into result: inout JSONWriter
    ) throws(RPCError) -> Progress {
        switch call {
        case .accounts(let call): try attempt(call, from: caller, moment, into: &result)
        case .credentials(let call): try attempt(call, from: caller, moment, into: &result)
        case .refresh(let call): try attempt(call, from: caller, moment, into: &result)
        case .connection(let wait): try attempt(wait, from: caller, moment, into: &result)
        case .managedRefresh(let refresh): try attempt(refresh, from: caller, moment, into: &result)
        case .firstToken(let first): try attempt(first, moment, into: &result)
        }
    }

    /// Tries calls again; those that still must wait go back in line.
    mutating func retry(_ waiters: [WaitingCalls.Waiter], now: BootInstant) -> [FinishedCall] {
        waiters.compactMap { waiter in
            guard !waiter.reply.isAbandoned else { return nil }
            let moment = Moment(now: now, deadline: waiter.deadline)
            var writer = JSONWriter()
            do throws(RPCError) {
                switch try attempt(waiter.call, from: waiter.caller, moment, into: &writer) {
                case .done: return FinishedCall(waiter.reply, answer: writer.finish())
                case .wait(let slots):
                    if !isStopping || slots.contains(where: { scheduler.isInFlight($0) }), waiter.deadline > now,
                        waiting.insert(waiter, slots: slots, now: now)
                    {
                        return nil
                    }
                    throw .shuttingDown
                }
            } catch {
                noteDenial(
                    error, from: waiter.caller, method: waiter.call.method, reference: { waiter.call.reference },
                    now: now)
                return FinishedCall(waiter.reply, error: error)
            }
        }
    }

    /// The calls whose time is up.
    mutating func expireWaiting(now: BootInstant) -> [FinishedCall] {
        retry(waiting.takeExpired(now: now), now: now)
    }
}
