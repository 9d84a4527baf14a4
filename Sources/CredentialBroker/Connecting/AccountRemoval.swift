internal import ConnectedAccounts
internal import DaemonConfiguration
internal import JSON
internal import JSONRPC
internal import OAuth
internal import ProviderCatalog
internal import SecretBytes

/// One account of several that a grant reaches, on its way out; the others and their tokens stay.
struct AccountRemoval: Sendable {
    let accountIdentifier: String
    let url: String
    let method: ProviderRequest.Method
    let accessToken: SecretBox
    let reply: RPCReply
}

extension BrokerState {
    /// The account that a reference means by its own identifier, as one of several of its connection.
    func soleAccount(_ reference: String, of slot: Int) -> Int? {
        guard let connection = directory[slot], connection.accounts.count > 1, connection.id != reference,
            connection.alias != reference
        else { return nil }
        return connection.accounts.firstIndex { $0.identifier == reference }
    }

    /// Takes one account out, here at once; at the provider too, where that has a way and is asked to.
    mutating func removeAccount(
        _ index: Int, of slot: Int, revokes: Bool, _ call: borrowing RPCCall, now: BootInstant,
        into result: inout JSONWriter
    ) throws(RPCError) -> RPCAnswer {
        guard let connection = directory[slot], let authConfig = authConfigs[connection.authConfigID] else {
            throw .forbidden
        }
        let account = connection.accounts[index]
        let outcome: String? = revokes ? "not_supported" : nil
        var answer = RPCAnswer.written
        if revokes, let (url, method) = authConfig.removal(of: account) {
            // A paused account may be let go; what it takes is a token that lives.
            let isAlive = connection.standing.life?.hasEnded(at: now) == false
            let token = isAlive ? withSecret(.accessToken, of: slot, { SecretBox(SecretBytes(copying: $0)) }) : nil
            guard let token else { throw .noTokenToRevoke(connectionID: connection.id) }
            let removal = AccountRemoval(
                accountIdentifier: account.identifier, url: url, method: method, accessToken: token,
                reply: try call.later())
            try begin(.removeAccount(removal))
            answer = .later
        }
        let shown = wall(now)
        directory.update(slot) { connection in
            connection.accounts.remove(at: index)
            // It may be connected anew, as another connection.
            if connection.subjects.count > 1 { connection.subjects.remove(account.identifier) }
            connection.updatedAt = shown
        }
        if case .written = answer { Self.writeRemoval(account.identifier, outcome, into: &result) }
        return answer
    }

    static func writeRemoval(_ accountIdentifier: String, _ outcome: String?, into result: inout JSONWriter) {
        result.object { result in
            result.member("success", true)
            result.memberArray("tokens") { _ in }
            result.memberObject("account") { result in
                result.member("accountIdentifier", accountIdentifier)
                result.member("outcome", outcome)
            }
        }
    }
}

extension Broker {
    /// Ends the account at the provider, and answers what came of it.
    func remove(_ removal: AccountRemoval) async {
        let request = ProviderRequest.apiCall(
            removal.method, removal.url, headers: [], token: removal.accessToken.bytes)
        let outcome = RevocationOutcome.read(
            await transport.send(request, timeout: .seconds(20)), method: removal.method, receivedAt: wallSeconds)
        conclude { _, _ in
            var writer = JSONWriter()
            BrokerState.writeRemoval(removal.accountIdentifier, outcome.slug, into: &writer)
            return [FinishedCall(removal.reply, answer: writer.finish())]
        }
    }
}

extension RPCError {
    fileprivate static func noTokenToRevoke(connectionID: String) -> RPCError {
        RPCError(
            code: -32007, name: "UPSTREAM_UNAVAILABLE",
            message: "the account cannot be ended at the provider without a living token; try again after "
                + "retryAfterSeconds, or pass `revoke`: false to forget it here alone",
            data: [
                "retryAfterSeconds": 30, "statusReason": .string(StatusReason.upstreamUnavailable.slug),
                "connectionId": .string(connectionID),
            ])
    }
}

extension AuthConfig {
    /// How one account of several is ended at the provider; nil where there is no way.
    fileprivate func removal(of account: Account) -> (url: String, method: ProviderRequest.Method)? {
        guard let removal = provider.accountRevocation,
            let url = try? removal.url.filledAddress(with: account.templateValues(self))
        else { return nil }
        return (url, removal.method)
    }
}

extension ProviderRequest {
    /// A call of the provider's API with a bearer token; `headers` win over the ones that every call carries.
    static func apiCall(
        _ method: Method, _ url: String, headers: [NamedValue], token: borrowing SecretBytes
    ) -> ProviderRequest {
        var headers = headers
        for (name, value) in [("Accept", "application/json"), ("User-Agent", "purser")]
        where !headers.contains(where: { $0.name.lowercased() == name.lowercased() }) {
            headers.append(NamedValue(name, value))
        }
        var authorization = SecretBuffer()
        authorization.append("Bearer ")
        token.withBytes { authorization.append($0) }
        return ProviderRequest(method: method, url: url, headers: headers, authorization: authorization.bytes())
    }
}
