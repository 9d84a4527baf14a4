internal import CallbackServer
internal import ConnectedAccounts
internal import OAuth

extension CallbackPage.Reason {
    /// What a person is told of a link that came to nothing, whatever the reason.
    init(_ reason: StatusReason) {
        switch reason {
        case .accessDenied: self = .denied
        case .linkExpired, StatusReason("expired"): self = .expired
        case .linkReplaced: self = .replaced
        case .linkInterrupted: self = .interrupted
        case .linkRejected: self = .untrustedAnswer
        case StatusReason("code_spent"): self = .codeSpent
        case .identityUnknown: self = .namelessAccount
        case .anotherAccount: self = .otherAccount(expected: nil, received: nil)
        case .alreadyConnected: self = .alreadyConnected(account: nil)
        case .upstreamUnavailable: self = .providerUnavailable
        case .credentialsMissing, .notRefreshable: self = .brokenSetup(reason: reason.slug)
        case StatusReason("vault_full"): self = .noRoom
        default: self = .init(byClassOf: reason)
        }
    }

    /// The reasons of the failure table, and what nobody knows.
    private init(byClassOf reason: StatusReason) {
        switch FailureTable.failureClass(ofReason: reason.slug) {
        case .deadGrant: self = .accountRefused(error: reason.slug)
        case .brokenApp: self = .providerRefused(error: reason.slug)
        case .transient: self = .providerUnavailable
        case nil: self = .unexplained(reason: reason.slug)
        }
    }
}
