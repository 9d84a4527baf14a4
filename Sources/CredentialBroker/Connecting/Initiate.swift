internal import ConnectedAccounts
internal import DaemonConfiguration
internal import JSON
internal import JSONRPC
internal import ProviderCatalog
internal import SecretBytes

/// `connectedAccounts.initiate`: a connection from keys or tokens that its caller has.
extension BrokerState {
    mutating func connectedAccountsInitiate(
        _ rpc: borrowing RPCCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) -> RPCAnswer {
        let parameters = try rpc.parameters([
            "userId", "authConfigId", "config", "alias", "callbackUrl", "allowMultiple", "allowNonRefreshable",
        ])
        let call = LinkCall(
            userID: try parameters.requiredString("userId", maxBytes: 256),
            authConfigID: try parameters.requiredString("authConfigId", maxBytes: 256),
            alias: try parameters.alias(), callbackURL: try parameters.callbackURL(),
            allowsMultiple: try parameters.optionalBool("allowMultiple") ?? false)
        let config = parameters.value("config")
        if let config { try checkShape(of: config) }
        let allowsDying = try parameters.optionalBool("allowNonRefreshable") ?? false
        guard !isStopping else { throw .shuttingDown }
        let scope = try scope(of: caller, sessionID: nil, for: .accountsConnect, now: now)
        guard let authConfig = authConfigs[call.authConfigID],
            scope.allowsConnecting(call.userID, toolkit: authConfig.definition.toolkit, as: nil)
        else { throw scope.absence(for: .accountsConnect) }
        if config == nil, authConfig.definition.authScheme == .oauth2 {
            return try begin(call, from: caller, rpc: rpc, now: now, into: &result)
        }
        let given = try credentials(config, authConfig)
        let (slot, isNew) = try take(given, call, authConfig, allowsDying: allowsDying, from: caller, now: now)
        guard let connection = directory[slot] else { throw .vaultFull }
        guard connection.authScheme.usesTokenEndpoint else {
            write(connection, redirectURL: nil, now: now, into: &result)
            return .written
        }
        let first = FirstToken(slot: slot, connectionID: connection.id, isNew: isNew)
        do throws(RPCError) {
            return try begin(
                .firstToken(first), from: caller, timeout: FirstToken.timeout, rpc: rpc, now: now, into: &result)
        } catch {
            if isNew, directory[slot]?.id == connection.id { remove(slot) }
            throw error
        }
    }

    private func checkShape(of config: JSONValue) throws(RPCError) {
        switch config.kind {
        case .string: return
        case .object:
            do throws(ImportedCredentialsError) {
                try ImportedCredentials.checkNames(in: config)
            } catch {
                throw .invalidParams("`config`: \(error)", data: ["parameter": "config"])
            }
        case .null, .boolean, .number, .array:
            throw .invalidParams("`config` must be an object or a string", data: ["parameter": "config"])
        }
    }

    /// `config`: the same as a configured credential.
    private func credentials(_ config: JSONValue?, _ authConfig: AuthConfig) throws(RPCError) -> CredentialsBox? {
        guard let config else {
            guard authConfig.definition.authScheme == .clientCredentials else {
                throw .invalidParams("pass the credentials as `config`", data: ["parameter": "config"])
            }
            return nil
        }
        do throws(ImportedCredentialsError) {
            return try config.withCredentialText { text throws(ImportedCredentialsError) in
                try CredentialsBox.read(text, authScheme: authConfig.definition.authScheme)
            }
        } catch {
            throw .invalidParams("`config`: \(error)", data: ["parameter": "config"])
        }
    }

    private mutating func take(
        _ given: CredentialsBox?, _ call: LinkCall, _ authConfig: AuthConfig, allowsDying: Bool, from caller: Caller,
        now: BootInstant
    ) throws(RPCError) -> (slot: Int, isNew: Bool) {
        let target = try target(of: call, from: caller, now: now)
        let tokens = given?.takeTokens() ?? TokenSet()
        let life = life(of: tokens, given: given, authConfig, generation: 1, now: now)
        if let life { try checkLife(life, allowsDying: allowsDying, now: now) }
        var connection = Connection(
            id: newID(prefix: "con_"), userID: call.userID, authConfigID: authConfig.id,
            provider: authConfig.provider.slug, toolkit: authConfig.definition.toolkit,
            authScheme: authConfig.definition.authScheme, alias: call.alias, accounts: [],
            scopes: (given?.scopes ?? authConfig.scopes).joined(separator: " "), createdAt: wall(now))
        connection.accounts = accounts(given, authConfig, fallback: connection.id)
        if case .again(let slot) = target, let known = directory[slot] {
            guard isSameAccount(connection.accounts, as: known, fallback: connection.id) else {
                throw .invalidParams(
                    "these credentials say that they are another account's than the one that was connected before; "
                        + "pass `allowMultiple` to connect it beside that one", data: ["parameter": "config"])
            }
            let life = life?.following(known.generation)
            guard let stored = store(tokens, life, isUnverified: authConfig.mustIdentify, of: known) else {
                throw .vaultFull
            }
            install(stored, life, in: slot, authConfig, now: now)
            askWhose(slot, authConfig)
            return (slot, false)
        }
        guard hasRoomForMore,
            let stored = store(tokens, life, isUnverified: authConfig.mustIdentify, of: connection)
        else { throw .vaultFull }
        let slot = directory.put(connection)
        install(stored, life, in: slot, authConfig, now: now)
        askWhose(slot, authConfig)
        return (slot, true)
    }

    /// R11: whose tokens they are is asked before they are handed out.
    mutating func askWhose(_ slot: Int, _ authConfig: AuthConfig) {
        guard authConfig.mustIdentify else { return }
        standing(slot) { $0.awaitsIdentity = true }
        if let connection = directory[slot] { identifyLater(connection) }
    }

    /// What is born dead is refused.
    private func checkLife(_ life: TokenLife, allowsDying: Bool, now: BootInstant) throws(RPCError) {
        guard !life.isRefreshable, life.lifetime != nil else { return }
        if life.hasEnded(at: now) {
            throw .invalidParams(
                "the access token has run out, and there is no refresh token", data: ["parameter": "config"])
        }
        guard allowsDying else {
            throw .invalidParams(
                "the access token ends and there is no refresh token: pass one, or `allowNonRefreshable`",
                data: ["parameter": "config"])
        }
    }

    private func isSameAccount(_ accounts: [Account], as known: Connection, fallback: String) -> Bool {
        let given = Set(accounts.map(\.identifier)).subtracting([fallback])
        let before = Set(known.accounts.map(\.identifier)).subtracting([known.id])
        return given.isEmpty || before.isEmpty || !given.isDisjoint(with: before)
    }
}

extension TokenLife {
    /// The same life as the token set after `generation`.
    fileprivate func following(_ generation: UInt64) -> TokenLife {
        var life = self
        life.generation = generation + 1
        return life
    }
}

extension JSONValue {
    /// Lends the text of a credential: an object as it is written, a string's contents.
    fileprivate func withCredentialText<Result: ~Copyable, Failure>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let bare = secret() else { return try withRawJSON(body) }
        return try bare.withBytes(body)
    }
}
