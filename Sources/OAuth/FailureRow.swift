/// One row of the failure table: what is seen, and what it means.
package struct FailureRow: Sendable, Equatable {
    /// What a row applies to. A part that is nil applies to any.
    package enum Cause: Sendable, Equatable {
        /// No complete answer, for this reason.
        case transport(TransportFailure.Kind)
        /// An answer with this error code, without regard to case.
        case code(String, status: Int? = nil, says: String? = nil)
        /// An answer with or without a code whose explanation contains this.
        case says(String)
        /// Any answer with a status in this range and one of these bodies.
        case status(ClosedRange<Int>, [RefusedAnswer.Body])
    }

    /// What is seen.
    package var cause: Cause
    /// What follows from it.
    package var failureClass: FailureClass
    /// See ``TokenFailure/reason``.
    package var reason: String
    /// See ``TokenFailure/isRevocation``.
    package var isRevocation = false
    /// See ``TokenFailure/mayHaveBeenApplied``; for `transport` the failure itself knows, and this is not looked at.
    package var mayHaveBeenApplied = false
    /// Where the row comes from: an RFC's section, or the provider that behaves so.
    package var source: String

    func matches(_ observation: borrowing FailureObservation) -> Bool {
        switch observation {
        case .transport(let failure): cause == .transport(failure.kind)
        case .answer(let answer): matches(answer)
        }
    }

    private func matches(_ answer: borrowing RefusedAnswer) -> Bool {
        switch cause {
        case .transport:
            false
        case .code(let code, let status, let part):
            answer.code.map(ASCII.lowercased) == ASCII.lowercased(code)
                && (status == nil || status == answer.status) && (part.map { answer.says($0) } ?? true)
        case .says(let part):
            answer.body == .error && answer.says(part)
        case .status(let range, let bodies):
            range.contains(answer.status) && bodies.contains(answer.body)
        }
    }
}

extension FailureRule {
    /// Whether this deviation covers `answer`. A rule never covers what no OAuth server wrote (HTML, broken JSON); an
    /// answer without a body only if it asks for nothing but the status.
    func matches(_ answer: borrowing RefusedAnswer) -> Bool {
        let asksForBody = error != nil || descriptionContains != nil
        guard answer.isStructured || answer.isEmpty && !asksForBody else { return false }
        if let error, answer.code.map(ASCII.lowercased) != ASCII.lowercased(error) { return false }
        if let status, answer.status != status { return false }
        if let descriptionContains { return answer.says(descriptionContains) }
        return true
    }
}
