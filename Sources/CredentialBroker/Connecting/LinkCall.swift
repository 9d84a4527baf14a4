internal import ConnectedAccounts
internal import DaemonConfiguration
internal import JSON
internal import JSONRPC
internal import OAuth
internal import ProviderCatalog
internal import SecretBytes

/// `connectedAccounts.link`: asks a user for consent.
struct LinkCall: Sendable {
    var userID: String
    var authConfigID: String
    var alias: String?
    var callbackURL: String?
    var allowsMultiple: Bool
    /// Nil: a browser, where the provider has it.
    var flow: PendingLink.Flow?
    /// The connection that is to be connected again; nil: whichever fits, or a new one.
    var connectionID: String?
}

/// Which connection a link is for.
enum LinkTarget: Equatable {
    case new
    case again(slot: Int)
}

extension BrokerState {
    /// `connectedAccounts.link`
    mutating func connectedAccountsLink(
        _ rpc: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) -> RPCAnswer {
        let parameters = try rpc.parameters([
            "userId", "authConfigId", "callbackUrl", "alias", "allowMultiple", "flow",
        ])
        let call = LinkCall(
            userID: try parameters.requiredString("userId", maxBytes: 256),
            authConfigID: try parameters.requiredString("authConfigId", maxBytes: 256),
            alias: try parameters.alias(), callbackURL: try parameters.callbackURL(),
            allowsMultiple: try parameters.optionalBool("allowMultiple") ?? false,
            flow: try parameters.linkFlow())
        return try begin(call, from: caller, rpc: rpc, now: now, into: &result)
    }

    /// Answers at once where nothing must be asked of the provider first.
    mutating func begin(
        _ call: LinkCall, from caller: Caller, rpc: borrowing RPCCall, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) -> RPCAnswer {
        guard !isStopping else { throw .shuttingDown }
        let authConfig = try authConfig(for: call, from: caller, now: now)
        _ = try target(of: call, from: caller, now: now)
        guard authConfig.isDiscovered, authConfig.flow(for: call) == .browser else {
            try begin(.link(call, caller, try rpc.later()))
            return .later
        }
        try openBrowserLink(call, from: caller, now: now, into: &result)
        return .written
    }

    // MARK: Whom it is for

    /// The auth config, if the caller may connect this user's accounts with it.
    func authConfig(for call: LinkCall, from caller: Caller, now: BootInstant) throws(RPCError) -> AuthConfig {
        let scope = try scope(of: caller, sessionID: nil, for: .accountsConnect, now: now)
        guard let authConfig = authConfigs[call.authConfigID],
            scope.allowsConnecting(call.userID, toolkit: authConfig.definition.toolkit, as: call.connectionID)
        else { throw scope.absence(for: .accountsConnect) }
        guard authConfig.definition.authScheme == .oauth2 else {
            throw .invalidParams(
                "this auth config takes keys, not consent; pass them with `connectedAccounts.initiate`",
                data: ["parameter": "authConfigId"])
        }
        return authConfig
    }

    /// The connection that the link is for. One that is dead is connected again; beside one that lives, another one is
    /// only made where the caller says so.
    mutating func target(of call: LinkCall, from caller: Caller, now: BootInstant) throws(RPCError) -> LinkTarget {
        if let id = call.connectionID {
            guard let slot = directory.slot(id: id) else { throw .forbidden }
            return .again(slot: slot)
        }
        let known = directory.orderedSlots().filter { slot in
            guard let connection = directory[slot] else { return false }
            return connection.userID == call.userID && connection.authConfigID == call.authConfigID
                && connection.standing.link == nil
        }
        let dead = known.filter { directory[$0]?.standing.needsConsent(at: now) == true }
        if let alias = call.alias, let slot = dead.first(where: { directory[$0]?.alias == alias }) {
            return .again(slot: slot)
        }
        try checkAlias(call.alias, userID: call.userID, authConfigID: call.authConfigID, except: nil)
        if call.allowsMultiple || known.isEmpty { return .new }
        if let living = known.first(where: { !dead.contains($0) }), let connection = directory[living] {
            throw .alreadyConnected(connectionID: connection.id)
        }
        // Of several that are dead, the account that its user chooses at the provider says which one it is.
        return dead.count == 1 ? .again(slot: dead[0]) : .new
    }

    /// An alias stands for one connection of its user and toolkit.
    func checkAlias(
        _ alias: String?, userID: String, authConfigID: String, except slot: Int?
    ) throws(RPCError) {
        guard let alias, let toolkit = authConfigs[authConfigID]?.definition.toolkit else { return }
        let isTaken = directory.find(alias).contains { place in
            guard place.slot != slot, let other = directory[place.slot] else { return false }
            // A link that is not finished, or came to nothing, gives way to the next one.
            let isMade = other.standing.life != nil || other.standing.link == nil
            guard isMade || other.authConfigID != authConfigID else { return false }
            return other.userID == userID && other.toolkit == toolkit && (other.alias == alias || other.id == alias)
        }
        if isTaken {
            throw .invalidParams(
                "`alias` is taken by another connection of this user and toolkit", data: ["parameter": "alias"])
        }
    }
}

extension AuthConfig {
    /// How consent is asked for.
    func flow(for call: LinkCall) -> PendingLink.Flow {
        call.flow ?? (authorizationURL == nil && isDiscovered ? .device : .browser)
    }
}

extension Scope {
    /// Whether the caller may connect some user's accounts of the toolkit.
    func mayConnectSomewhere(toolkit: String) -> Bool {
        agent.grants.contains { grant in
            grant.operations.contains(.accountsConnect) && grant.toolkits.contains(toolkit) && grant.connections == .all
        }
    }

    /// Whether the caller may connect this user's accounts: nil for a connection that does not exist yet, which only a
    /// grant of all connections covers.
    func allowsConnecting(_ userID: String, toolkit: String, as connectionID: String?) -> Bool {
        agent.operations(userID: userID, toolkit: toolkit, connectionID: connectionID ?? "").contains(.accountsConnect)
    }
}

extension RPCParameters {
    /// `alias`; "" is as good as none.
    func alias() throws(RPCError) -> String? {
        guard let alias = try optionalString("alias", maxBytes: 128), !alias.isEmpty else { return nil }
        let isPlain = alias.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        guard isPlain else {
            throw .invalidParams("`alias` must be without control characters", data: ["parameter": "alias"])
        }
        return alias
    }

    fileprivate func linkFlow() throws(RPCError) -> PendingLink.Flow? {
        switch try optionalString("flow") {
        case nil: return nil
        case "browser": return .browser
        case "device": return .device
        default: throw .invalidParams("`flow` must be \"browser\" or \"device\"", data: ["parameter": "flow"])
        }
    }

    func callbackURL() throws(RPCError) -> String? {
        guard let url = try optionalString("callbackUrl", maxBytes: 2048) else { return nil }
        do throws(RedirectTargetError) {
            _ = try RedirectTarget(url)
        } catch {
            throw .invalidParams("\(error)", data: ["parameter": "callbackUrl"])
        }
        return url
    }
}
