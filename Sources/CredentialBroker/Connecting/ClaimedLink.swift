internal import ConnectedAccounts
internal import JSONRPC
internal import OAuth
internal import ProviderCatalog
internal import SecretBytes

/// A link whose answer has come, with all that its exchange needs: nobody else can exchange it any more.
struct ClaimedLink: Sendable {
    let link: PendingLink
    let code: SecretBox
    /// Nil where no challenge was sent.
    let verifier: SecretBox?
    let nonce: SecretBox?
    let redirectURI: String
    /// Parameters of the redirect that the provider says only there.
    let fields: [NamedValue]
}

/// What became of an answer that a browser brought.
enum Claim: Sendable {
    /// Its code is to be exchanged.
    case exchange(ClaimedLink)
    /// The link is over: the user, or the provider, refused.
    case over(PendingLink, reason: StatusReason, explanation: String)
    /// Nobody waits for it: a stale or a made-up one.
    case unknown
}

extension BrokerState {
    /// What any provider says in the redirect and nowhere else.
    var keptCallbackFields: [String] {
        Set(authConfigs.values.flatMap(\.provider.callbackFields)).sorted()
    }

    /// Finds the link that the answer is for, once; a second answer with the same `state` finds nothing.
    mutating func claim(
        _ response: borrowing AuthorizationResponse, now: BootInstant
    ) -> (claim: Claim, finished: [FinishedCall]) {
        // The next process has the link as it was, and the browser can be sent there again.
        guard !isHandedOver, let link = links.claim(stateHash: hash(ofState: response.state), now: now),
            let authConfig = authConfigs[link.authConfigID]
        else { return (.unknown, []) }
        do {
            try response.checkIssuer(link.issuer, isPromised: link.issuerIsPromised)
        } catch {
            return fail(link, .linkRejected, "\(error)", now: now)
        }
        if let error = response.error {
            let failure = ConnectFailure(error, rules: authConfig.endpoints.tokenEndpoint?.failureRules ?? [])
            return fail(link, StatusReason(failure.reason), "\(failure)", now: now)
        }
        guard let code = response.code.box else { return fail(link, .linkRejected, "", now: now) }
        let usesPKCE = authConfig.provider.authorization.usesPKCE
        let claimed = ClaimedLink(
            link: link, code: code, verifier: usesPKCE ? linkSecret(.verifier, of: link.connectionID) : nil,
            nonce: linkSecret(.nonce, of: link.connectionID), redirectURI: redirectURI(of: authConfig),
            fields: response.fields)
        // From here on they are in the exchange's hands alone.
        wipeLink(link.connectionID)
        return (.exchange(claimed), [])
    }

    private mutating func fail(
        _ link: PendingLink, _ reason: StatusReason, _ explanation: String, now: BootInstant
    ) -> (claim: Claim, finished: [FinishedCall]) {
        endLink(link.connectionID, .failed(reason), now: now)
        return (.over(link, reason: reason, explanation: explanation), finishLink(link.connectionID, now: now))
    }
}

extension Optional where Wrapped == SecretBytes, Wrapped: ~Copyable {
    /// A copy where only copyable values go.
    var box: SecretBox? {
        switch self {
        case .some(let bytes): SecretBox(bytes.copy())
        case .none: nil
        }
    }
}
