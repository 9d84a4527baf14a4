internal import ConnectedAccounts
internal import JSON

/// What a denied call had asked for, as far as the audit may know it.
extension Method {
    /// The operation that a grant must hold for it; nil where no grant is needed.
    var operation: Operation? {
        switch self {
        case .getConnectionCredentials, .getAccounts, .getGithubAccounts, .getGoogleCredentials, .getXeroAccounts,
            .getNotionAccounts, .getAtlassianAccounts, .getMYOBAccounts, .getSalesforceAccounts,
            .getMicrosoftAccounts:
            .credentialsRead
        case .refreshAccount, .refreshXeroAccountToken, .refreshAtlassianAccountToken, .refreshMYOBToken,
            .refreshSalesforceAccountToken, .refreshMicrosoftAccountToken:
            .accountsRefresh
        case .listIntegrations, .connectedAccountsList, .connectedAccountsGet: .accountsRead
        case .connectedAccountsEnable, .connectedAccountsDisable, .connectedAccountsDelete, .connectedAccountsUpdate:
            .accountsManage
        case .connectedAccountsLink, .connectedAccountsInitiate, .connectedAccountsCompleteLink,
            .connectedAccountsWaitForConnection:
            .accountsConnect
        case .connectedAccountsRefresh: .accountsRefresh
        case .eventsSubscribe, .eventsUnsubscribe: .eventsRead
        case .sessionCreate, .sessionGet, .sessionClose: .sessionsCreate
        case .daemonStatus: .daemonRead
        case .daemonExport: .daemonExport
        case .daemonExplain, .rpcDiscover: nil
        }
    }

    /// Whether its first parameter says which connection is meant. The parameters of all others stay out of the audit:
    /// there are some that hold secrets.
    private var beginsWithReference: Bool {
        switch self {
        case .getConnectionCredentials, .refreshAccount, .refreshXeroAccountToken, .refreshAtlassianAccountToken,
            .refreshMYOBToken, .refreshSalesforceAccountToken, .refreshMicrosoftAccountToken, .connectedAccountsGet,
            .connectedAccountsEnable, .connectedAccountsDisable, .connectedAccountsDelete, .connectedAccountsUpdate,
            .connectedAccountsRefresh, .connectedAccountsWaitForConnection:
            true
        default: false
        }
    }

    /// How parameters are called that hold a connection's id, alias or selector.
    private static var referenceNames: [StaticString] {
        ["connectionId", "id", "connectedAccountId", "account", "organizationId", "email", "businessId"]
    }

    /// Which connection the parameters ask for; nil where they name none.
    func reference(in params: JSONValue?) -> AskedReference? {
        guard beginsWithReference, let params else { return nil }
        if params.kind == .array { return params.element(at: 0)?.string.map { AskedReference($0) } }
        guard params.kind == .object else { return nil }
        for name in Self.referenceNames {
            if let text = params[name]?.string { return AskedReference(text) }
        }
        return nil
    }
}

extension WaitingCall {
    var reference: AskedReference? {
        switch self {
        case .credentials(let call): call.choice.reference.map { AskedReference($0) }
        case .refresh(let call): call.choice.reference.map { AskedReference($0) }
        case .connection(let wait): AskedReference(wait.reference)
        case .managedRefresh(let refresh): AskedReference(refresh.connectionID)
        case .firstToken(let first): AskedReference(first.connectionID)
        default: nil
        }
    }
}

/// A connection's id, alias or selector in a caller's own words, made fit for a log: short, on one line, printable.
struct AskedReference {
    /// Characters of the caller's text that are kept.
    static let limit = 64

    let text: String

    init(_ asked: String) {
        var text = ""
        for scalar in asked.unicodeScalars.prefix(Self.limit) {
            let isPrintable = (0x20..<0x7F).contains(scalar.value) && scalar != "\\"
            if isPrintable { text.unicodeScalars.append(scalar) } else { text += scalar.escaped(asASCII: true) }
        }
        if asked.unicodeScalars.dropFirst(Self.limit).first != nil { text += "..." }
        self.text = text
    }
}
