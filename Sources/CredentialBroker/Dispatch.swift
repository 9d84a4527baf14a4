internal import ConnectedAccounts
internal import JSON
internal import JSONRPC

/// From a method's name to the code that answers it.
extension BrokerState {
    mutating func answer(
        _ method: Method, _ call: borrowing RPCCall, from caller: Caller, now: BootInstant,
        into result: inout JSONWriter, finished: inout [FinishedCall]
    ) throws(RPCError) -> RPCAnswer {
        do throws(RPCError) {
            return try dispatch(method, call, from: caller, now: now, into: &result, finished: &finished)
        } catch {
            let params = call.params
            noteDenial(error, from: caller, method: method, reference: { method.reference(in: params) }, now: now)
            throw error
        }
    }

    private mutating func dispatch(
        _ method: Method, _ call: borrowing RPCCall, from caller: Caller, now: BootInstant,
        into result: inout JSONWriter, finished: inout [FinishedCall]
    ) throws(RPCError) -> RPCAnswer {
        let isOpenToAll = method == .rpcDiscover || method == .daemonExplain
        guard isOpenToAll || caller.agentIndex(in: configuration.agents, epoch: epoch) != nil else { throw .forbidden }
        guard !(isHandedOver && method.changesAccounts) else { throw .handedOver }
        switch method {
        case .getConnectionCredentials: return try getConnectionCredentials(call, from: caller, now: now, into: &result)
        case .getAccounts: return try getAccounts(method, nil, call, from: caller, now: now, into: &result)
        case .getGithubAccounts: return try getAccounts(method, "github", call, from: caller, now: now, into: &result)
        case .getGoogleCredentials:
            return try getAccounts(method, "google", call, from: caller, now: now, into: &result)
        case .getXeroAccounts: return try getAccounts(method, "xero", call, from: caller, now: now, into: &result)
        case .getNotionAccounts: return try getAccounts(method, "notion", call, from: caller, now: now, into: &result)
        case .getAtlassianAccounts:
            return try getAccounts(method, "atlassian", call, from: caller, now: now, into: &result)
        case .getMYOBAccounts: return try getAccounts(method, "myob", call, from: caller, now: now, into: &result)
        case .getSalesforceAccounts:
            return try getAccounts(method, "salesforce", call, from: caller, now: now, into: &result)
        case .getMicrosoftAccounts:
            return try getAccounts(method, "microsoft", call, from: caller, now: now, into: &result)
        case .refreshAccount: return try refreshAccount(call, from: caller, now: now, into: &result)
        case .refreshXeroAccountToken:
            return try refreshToken(method, "xero", by: "organizationId", call, from: caller, now: now, into: &result)
        case .refreshAtlassianAccountToken:
            return try refreshToken(method, "atlassian", by: "email", call, from: caller, now: now, into: &result)
        case .refreshMYOBToken:
            return try refreshToken(method, "myob", by: "businessId", call, from: caller, now: now, into: &result)
        case .refreshSalesforceAccountToken:
            return try refreshToken(
                method, "salesforce", by: "organizationId", call, from: caller, now: now, into: &result)
        case .refreshMicrosoftAccountToken:
            return try refreshToken(method, "microsoft", by: "email", call, from: caller, now: now, into: &result)
        case .listIntegrations: try listIntegrations(call, from: caller, now: now, into: &result)
        case .connectedAccountsList: try connectedAccountsList(call, from: caller, now: now, into: &result)
        case .connectedAccountsGet: try connectedAccountsGet(call, from: caller, now: now, into: &result)
        case .connectedAccountsEnable:
            finished = try setDisabled(false, call, from: caller, now: now, into: &result)
        case .connectedAccountsDisable:
            finished = try setDisabled(true, call, from: caller, now: now, into: &result)
        case .connectedAccountsLink: return try connectedAccountsLink(call, from: caller, now: now, into: &result)
        case .connectedAccountsInitiate:
            return try connectedAccountsInitiate(call, from: caller, now: now, into: &result)
        case .connectedAccountsCompleteLink:
            return try connectedAccountsCompleteLink(call, from: caller, now: now, finished: &finished)
        case .connectedAccountsWaitForConnection:
            return try connectedAccountsWait(call, from: caller, now: now, into: &result)
        case .connectedAccountsRefresh: return try connectedAccountsRefresh(call, from: caller, now: now, into: &result)
        case .connectedAccountsDelete:
            return try connectedAccountsDelete(call, from: caller, now: now, into: &result, finished: &finished)
        case .connectedAccountsUpdate: try connectedAccountsUpdate(call, from: caller, now: now, into: &result)
        case .sessionCreate: try sessionCreate(call, from: caller, now: now, into: &result)
        case .sessionGet: try sessionGet(call, from: caller, now: now, into: &result)
        case .sessionClose: try sessionClose(call, from: caller, now: now, into: &result)
        case .eventsSubscribe: try eventsSubscribe(call, from: caller, now: now, into: &result)
        case .eventsUnsubscribe: try eventsUnsubscribe(call, from: caller, now: now, into: &result)
        case .daemonStatus: try daemonStatus(call, from: caller, now: now, into: &result)
        case .daemonExplain: try daemonExplain(call, from: caller, now: now, into: &result)
        case .daemonExport:
            return try daemonExport(call, from: caller, now: now, into: &result, finished: &finished)
        case .rpcDiscover: try discover(call, into: &result)
        }
        return .written
    }

    private func discover(_ call: borrowing RPCCall, into result: inout JSONWriter) throws(RPCError) {
        _ = try call.parameters([])
        result.raw(settings.contract.span)
    }

    // MARK: Calls that may wait

    private mutating func getConnectionCredentials(
        _ call: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) -> RPCAnswer {
        let parameters = try call.parameters([
            "connectionId", "sessionId", "toolkit", "minValiditySeconds", "timeoutMs",
        ])
        let choice = AccountChoice(
            reference: try parameters.optionalString("connectionId"), toolkit: try parameters.optionalString("toolkit"))
        let sessionID = try parameters.optionalString("sessionId")
        guard choice.reference != nil || (sessionID != nil && choice.toolkit != nil) else {
            throw .invalidParams("pass `connectionId`, or `sessionId` and `toolkit`")
        }
        let validity = try parameters.optionalInt("minValiditySeconds", in: 0...86_400) ?? 0
        let credentials = CredentialsCall(choice: choice, sessionID: sessionID, minimumValidity: .seconds(validity))
        let timeout = try parameters.timeout(default: 5000)
        return try begin(.credentials(credentials), from: caller, timeout: timeout, rpc: call, now: now, into: &result)
    }

    private mutating func getAccounts(
        _ method: Method, _ provider: String?, _ call: borrowing RPCCall, from caller: Caller, now: BootInstant,
        into result: inout JSONWriter
    ) throws(RPCError) -> RPCAnswer {
        let common: [StaticString] = ["toolkit", "userId", "sessionId", "timeoutMs"]
        let parameters = try call.parameters(provider == nil ? ["provider"] + common : common)
        let wanted = provider == nil ? try parameters.optionalString("provider") : provider
        let accounts = AccountsCall(
            method: method,
            choice: AccountChoice(provider: wanted, toolkit: try parameters.optionalString("toolkit")),
            userID: try parameters.optionalString("userId"), sessionID: try parameters.optionalString("sessionId"))
        let timeout = try parameters.timeout(default: 5000)
        return try begin(.accounts(accounts), from: caller, timeout: timeout, rpc: call, now: now, into: &result)
    }

    private mutating func refreshAccount(
        _ call: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) -> RPCAnswer {
        let parameters = try call.parameters(["connectionId", "provider", "account", "ifGeneration", "timeoutMs"])
        let connectionID = try parameters.optionalString("connectionId")
        let provider = try parameters.optionalString("provider")
        let account = try parameters.optionalString("account")
        guard connectionID == nil ? (provider != nil && account != nil) : account == nil else {
            throw .invalidParams("pass `connectionId`, or `provider` and `account`")
        }
        let choice = AccountChoice(reference: connectionID ?? account, provider: provider)
        let refresh = RefreshCall(method: .refreshAccount, choice: choice, answer: .account)
        let generation = try parameters.optionalInt("ifGeneration", in: 0...Int.max).map { UInt64($0) }
        let timeout = try parameters.timeout(default: 30_000)
        return try beginRefresh(
            refresh, ifGeneration: generation, from: caller, timeout: timeout, rpc: call, now: now, into: &result)
    }

    private mutating func refreshToken(
        _ method: Method, _ provider: String, by selector: StaticString, _ call: borrowing RPCCall, from caller: Caller,
        now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) -> RPCAnswer {
        let parameters = try call.parameters([selector])
        let reference =
            method == .refreshMYOBToken
            ? try parameters.optionalString(selector) : try parameters.requiredString(selector)
        let refresh = RefreshCall(
            method: method, choice: AccountChoice(reference: reference, provider: provider), answer: .token)
        return try beginRefresh(
            refresh, ifGeneration: nil, from: caller, timeout: .seconds(30), rpc: call, now: now, into: &result)
    }
}

extension RPCParameters {
    /// `timeoutMs`: how long the caller is willing to wait.
    fileprivate func timeout(default milliseconds: Int) throws(RPCError) -> Duration {
        .milliseconds(try optionalInt("timeoutMs", in: 0...60_000) ?? milliseconds)
    }
}
