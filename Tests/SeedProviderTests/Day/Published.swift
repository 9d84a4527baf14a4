import JSON
import OAuth
import ProviderSimulator

/// What the published tables say of a provider's reply: `FAULTS.md` by the fault that was met, `FAILURES.md` by its rows.
enum Published: Equatable {
    case granted
    case failed(FailureClass, reason: String, isRevocation: Bool, maybeApplied: Bool)

    /// Nil where no row speaks of it: that is a violation by itself.
    init?(_ reply: AuthorizationServer.Reply) {
        var fault: Fault?
        var refusal: String?
        for event in reply.events {
            if case .fault(let met, _) = event { fault = met }
            if case .refused(_, _, let code) = event { refusal = code }
        }
        switch fault {
        case .gatewayPage(let status): self.init(Self.status(status, .notJSON))
        case .error(let code, let status): self.init(Self.code(code) ?? Self.status(status, .error))
        case .githubError(let code): self.init(Self.code(code) ?? Self.status(200, .error))
        case .some(let fault) where fault != .tokenSpent:
            guard let kind = FaultKind.all.first(where: { $0.name == fault.kind }) else { return nil }
            guard case .failed(let failureClass, let reason, let maybeApplied) = kind.meaning else { fallthrough }
            self = .failed(failureClass, reason: reason, isRevocation: false, maybeApplied: maybeApplied)
        default:
            if let refusal { self.init(Self.code(refusal)) } else { self = .granted }
        }
    }

    private init?(_ row: FailureRow?) {
        guard let row else { return nil }
        self = .failed(
            row.failureClass, reason: row.reason, isRevocation: row.isRevocation, maybeApplied: row.mayHaveBeenApplied)
    }

    /// What the daemon's own reader makes of it, to be compared.
    init(_ outcome: consuming TokenOutcome) {
        switch consume outcome {
        case .granted: self = .granted
        case .failed(let failure):
            self = .failed(
                failure.failureClass, reason: failure.reason, isRevocation: failure.isRevocation,
                maybeApplied: failure.mayHaveBeenApplied)
        }
    }

    var isInTable: Bool {
        guard case .failed(let failureClass, let reason, _, _) = self else { return true }
        return FailureTable.rows.contains { $0.failureClass == failureClass && $0.reason == reason }
    }

    private static func code(_ code: String) -> FailureRow? {
        FailureTable.rows.first { $0.cause == .code(code) }
    }

    private static func status(_ status: Int, _ body: RefusedAnswer.Body) -> FailureRow? {
        FailureTable.rows.first {
            guard case .status(let range, let bodies) = $0.cause else { return false }
            return range.contains(status) && bodies.contains(body)
        }
    }
}
