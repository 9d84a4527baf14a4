package import ConnectedAccounts
internal import DaemonConfiguration
internal import JSON
internal import JSONRPC
internal import OAuth
internal import ProviderCatalog
package import SecretBytes

/// What the person at the browser is told.
package enum LinkResult: Sendable, Equatable {
    case connected(ConnectedLink)
    case failed(FailedLink)
    /// Nobody waits for this answer.
    case unknown
}

/// An account that has just been connected.
package struct ConnectedLink: Sendable, Equatable {
    package var connectionID: String
    package var userID: String
    /// The provider's name for people.
    package var provider: String
    /// The names of the accounts, for people.
    package var accounts: [String]
    package var callbackURL: String?
}

/// A link that came to nothing.
package struct FailedLink: Sendable, Equatable {
    package var connectionID: String
    package var userID: String
    package var provider: String
    /// As `statusReason` shows it.
    package var reason: StatusReason
    /// A sentence for the person that says what to do.
    package var explanation: String
    package var callbackURL: String?
}

extension Broker {
    /// Takes in the query with which a browser came back, and returns when the account is connected, or cannot be.
    ///
    /// What was begun is finished even if the caller is cancelled.
    package func receiveCallback(query: borrowing SecretBytes) async -> LinkResult {
        let kept = withState { state, _ in state.keptCallbackFields }
        let claim = query.withBytes { bytes -> Claim in
            guard let response = try? AuthorizationResponse.read(query: bytes, keeping: kept) else { return .unknown }
            return self.claim(response)
        }
        return await toTheEnd { await self.finish(claim) }
    }

    func claim(_ response: borrowing AuthorizationResponse) -> Claim {
        let (claim, finished) = withState { state, now in state.claim(response, now: now) }
        for call in finished { call.deliver() }
        return claim
    }

    private func finish(_ claim: Claim) async -> LinkResult {
        switch claim {
        case .unknown: return .unknown
        case .over(let link, let reason, let explanation): return failed(link, reason, explanation)
        case .exchange(let claimed): return await exchange(claimed)
        }
    }

    /// `connectedAccounts.completeLink`: the browser was on another machine.
    func complete(_ claimed: ClaimedLink, _ reply: RPCReply) async {
        _ = await exchange(claimed)
        conclude { state, now in [state.linkAnswer(claimed.link.connectionID, reply, now: now)] }
    }

    // MARK: The exchange

    /// Exchanges the code for tokens, checks whose they are, and commits them. The code is sent once.
    func exchange(_ claimed: ClaimedLink) async -> LinkResult {
        let link = claimed.link
        guard let authConfig = await discovered(link.authConfigID), let description = authConfig.tokenEndpoint else {
            return end(link, .upstreamUnavailable, "The provider cannot be reached. Start again in a while.")
        }
        let prepared = withState { state, now in
            PreparedRequest(state.codeRequest(claimed, authConfig, description), at: now)
        }
        guard let request = prepared.take() else {
            return end(
                link, .credentialsMissing, "The daemon's registration at the provider is incomplete; tell its operator."
            )
        }
        let outcome = TokenAnswerReader.read(
            await transport.send(request, timeout: .seconds(60)), description: description, receivedAt: wallSeconds)
        switch consume outcome {
        case .failed(let failure):
            let failure = ConnectFailure(failure)
            return end(link, StatusReason(failure.reason), failure.description)
        case .granted(let answer):
            return await connect(link, answer, claimed.nonce, claimed.fields, authConfig, sentAt: prepared.at)
        }
    }

    /// Reads whose tokens these are, and commits them to the link's connection.
    func connect(
        _ link: PendingLink, _ answer: consuming TokenAnswer, _ nonce: SecretBox?, _ fields: [NamedValue],
        _ authConfig: AuthConfig, sentAt: BootInstant
    ) async -> LinkResult {
        let grant = GrantedTokens(answer)
        let subject: String?
        switch await checkIDToken(grant, nonce, authConfig) {
        case .success(let known): subject = known
        case .failure(let problem): return end(link, .linkRejected, problem.explanation)
        }
        let finding = await readIdentity(of: grant, fields, subject: subject, authConfig)
        let conclusion = withState { state, now in
            var conclusion = state.connect(link, grant, finding, sentAt: sentAt, now: now)
            if let refusal = conclusion.refusal { state.endLink(link.connectionID, .failed(refusal), now: now) }
            conclusion.finished += state.finishLink(link.connectionID, now: now)
            return conclusion
        }
        for call in conclusion.finished { call.deliver() }
        doorbell.ring()
        if let id = conclusion.connectionID { return connected(link, as: id) }
        let refusal = conclusion.refusal ?? .linkReplaced
        if refusal == .anotherAccount { await revoke(grant, authConfig) }
        return failed(link, refusal, refusal.explanation)
    }

    /// Ends tokens that nobody gets. Not where that would end those of other connections.
    private func revoke(_ grant: GrantedTokens, _ authConfig: AuthConfig) async {
        guard let endpoint = authConfig.revocationEndpoint,
            authConfig.endpoints.revocation?.rules.endsOtherConnections != true
        else { return }
        let takesRefreshToken = authConfig.endpoints.revocation?.rules.token != .access
        let clientSecret = withState { state, _ in state.clientSecret(of: authConfig).box }
        for (kind, token) in [
            (RevocationRequest.TokenKind.refresh, takesRefreshToken ? grant.refreshToken : nil),
            (.access, SecretBox(grant.accessToken.copy())),
        ] {
            guard let token,
                let request = try? RevocationRequest.make(
                    to: endpoint, token: token.bytes, kind: kind, clientID: authConfig.definition.clientID ?? "",
                    clientSecret: clientSecret?.bytes.copy())
            else { continue }
            _ = await transport.send(request, timeout: .seconds(20))
        }
    }

    // MARK: Ends

    func end(_ link: PendingLink, _ reason: StatusReason, _ explanation: String) -> LinkResult {
        conclude { state, now in
            state.endLink(link.connectionID, .failed(reason), now: now)
            return state.finishLink(link.connectionID, now: now)
        }
        return failed(link, reason, explanation)
    }

    private func failed(_ link: PendingLink, _ reason: StatusReason, _ explanation: String) -> LinkResult {
        let provider = withState { state, _ in state.authConfigs[link.authConfigID]?.provider.displayName }
        return .failed(
            FailedLink(
                connectionID: link.connectionID, userID: link.userID, provider: provider ?? "", reason: reason,
                explanation: explanation, callbackURL: link.callbackURL))
    }

    private func connected(_ link: PendingLink, as connectionID: String) -> LinkResult {
        withState { state, _ in
            let connection = state.directory.slot(id: connectionID).flatMap { state.directory[$0] }
            return .connected(
                ConnectedLink(
                    connectionID: connectionID, userID: link.userID,
                    provider: state.authConfigs[link.authConfigID]?.provider.displayName ?? "",
                    accounts: connection?.accounts.map(\.displayName) ?? [], callbackURL: link.callbackURL))
        }
    }
}

extension BrokerState {
    borrowing func codeRequest(
        _ claimed: ClaimedLink, _ authConfig: AuthConfig, _ description: TokenEndpointDescription
    ) -> ProviderRequest? {
        guard let clientID = authConfig.definition.clientID else { return nil }
        let clientSecret = clientSecret(of: authConfig)
        guard let verifier = claimed.verifier else {
            return try? AuthorizationCodeRequest.make(
                to: description, clientID: clientID, clientSecret: clientSecret, code: claimed.code.bytes,
                redirectURI: claimed.redirectURI, verifier: nil, scopes: authConfig.scopes)
        }
        return try? AuthorizationCodeRequest.make(
            to: description, clientID: clientID, clientSecret: clientSecret, code: claimed.code.bytes,
            redirectURI: claimed.redirectURI, verifier: verifier.bytes.copy(), scopes: authConfig.scopes)
    }
}

extension StatusReason {
    /// What a person is told, where the reason is one of ours.
    var explanation: String {
        switch self {
        case .anotherAccount:
            "This is another account than the one that was connected before. Sign out at the provider, "
                + "choose the right account and start again; or connect this one beside it."
        case .alreadyConnected:
            "This account is connected already. To connect another one, sign in to it at the provider and start again."
        case .identityUnknown:
            "The provider does not say whose account this is, so it cannot be told from another. "
                + "Allow the daemon to read your profile, and start again."
        case .linkReplaced: "A newer link took the place of this one. Use that."
        case .linkRejected: "The provider's answer is not what was asked for. Start again."
        default: "Start again; if it happens once more, tell the daemon's operator."
        }
    }
}

/// A request as it was made inside the lock, to be sent outside of it.
struct PreparedRequest: Sendable {
    private let request: Handover<ProviderRequest>
    let at: BootInstant

    init(_ request: consuming ProviderRequest?, at instant: BootInstant) {
        self.request = Handover(request)
        at = instant
    }

    func take() -> ProviderRequest? { request.take() }
}
