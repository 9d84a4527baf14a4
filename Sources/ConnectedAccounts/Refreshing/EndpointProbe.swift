/// Whether what goes to a failing endpoint asks without a token, or presents one: it asks, until there is reason to think
/// that the endpoint fails on whatever lacks a token.
struct EndpointProbe {
    private enum Kind { case none, asking, presenting }

    /// Questions in vain after which a token is presented without asking. An unclear answer counts twice. Doubles each time
    /// that another failure follows.
    static let firstPatience = 24
    static let longestPatience = 192
    /// … once the endpoint was seen to answer tokens only.
    static let patienceWithTheMute = 4

    private var kind = Kind.none
    private var questionsInVain = 0
    private var patience = Self.firstPatience

    /// Returns whether it is to ask.
    mutating func sent() -> Bool {
        kind = questionsInVain < patience ? .asking : .presenting
        return kind == .asking
    }

    mutating func unsent() { kind = .none }

    mutating func askedInVain(_ seen: RefreshScheduler.QuestionSeen) {
        switch seen {
        case .notReached: break
        case .noAnswer: questionsInVain += 1
        case .unclear: questionsInVain += 2
        }
    }

    mutating func answered() {
        switch kind {
        case .none: break
        case .asking: patience = Self.firstPatience
        case .presenting: patience = Self.patienceWithTheMute
        }
        (kind, questionsInVain) = (.none, 0)
    }

    mutating func failed() {
        if kind == .presenting {
            questionsInVain = 0
            patience = min(max(2 * patience, Self.firstPatience), Self.longestPatience)
        }
        kind = .none
    }
}
