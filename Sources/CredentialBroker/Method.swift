internal import JSONRPC

/// The methods of the wire contract.
enum Method: String, CaseIterable {
    case getAccounts
    case refreshAccount
    case getConnectionCredentials
    case listIntegrations

    case getGithubAccounts
    case getGoogleCredentials
    case getXeroAccounts
    case getNotionAccounts
    case getAtlassianAccounts
    case getMYOBAccounts
    case getSalesforceAccounts
    case getMicrosoftAccounts

    case refreshXeroAccountToken
    case refreshAtlassianAccountToken
    case refreshMYOBToken
    case refreshSalesforceAccountToken
    case refreshMicrosoftAccountToken

    case connectedAccountsList = "connectedAccounts.list"
    case connectedAccountsGet = "connectedAccounts.get"
    case connectedAccountsEnable = "connectedAccounts.enable"
    case connectedAccountsDisable = "connectedAccounts.disable"
    case connectedAccountsLink = "connectedAccounts.link"
    case connectedAccountsInitiate = "connectedAccounts.initiate"
    case connectedAccountsCompleteLink = "connectedAccounts.completeLink"
    case connectedAccountsWaitForConnection = "connectedAccounts.waitForConnection"
    case connectedAccountsRefresh = "connectedAccounts.refresh"
    case connectedAccountsDelete = "connectedAccounts.delete"
    case connectedAccountsUpdate = "connectedAccounts.update"

    case sessionCreate = "session.create"
    case sessionGet = "session.get"
    case sessionClose = "session.close"

    case eventsSubscribe = "events.subscribe"
    case eventsUnsubscribe = "events.unsubscribe"

    case daemonStatus = "daemon.status"
    case daemonExplain = "daemon.explain"
    case daemonExport = "daemon.export"
    case rpcDiscover = "rpc.discover"

    private static let byName = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

    init?(name: String) {
        guard let method = Self.byName[name] else { return nil }
        self = method
    }
}
