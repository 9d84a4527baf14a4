internal import ConnectedAccounts
internal import DaemonConfiguration
internal import JSON
internal import JSONRPC
internal import OAuth
internal import ProviderCatalog
internal import SecretBytes

/// Links from their beginning to their end, as far as nothing waits for a provider.
extension BrokerState {
    /// Begins a link in a browser, and answers with where to send it.
    mutating func openBrowserLink(
        _ call: LinkCall, from caller: Caller, now: BootInstant, into result: inout JSONWriter
    ) throws(RPCError) {
        let authConfig = try authConfig(for: call, from: caller, now: now)
        let target = try target(of: call, from: caller, now: now)
        guard let endpoint = authConfig.authorizationURL, let key = newProofKey(),
            let clientID = authConfig.definition.clientID
        else { throw .notLinkable(authConfig.id) }
        let state = newID(prefix: "")
        let nonce = authConfig.scopes.contains("openid") ? newID(prefix: "") : nil
        var request = AuthorizationRequest(
            endpoint: endpoint, clientID: clientID, redirectURI: redirectURI(of: authConfig), state: state)
        request.scopes = authConfig.scopes
        request.scopeSeparator = authConfig.provider.authorization.scopeSeparator
        request.nonce = nonce
        request.codeChallenge = authConfig.provider.authorization.usesPKCE ? key.challenge : nil
        request.extraParameters = authConfig.endpoints.authorizationParameters
        let url: String
        do {
            url = try request.url()
        } catch {
            throw .unusableRegistration("\(error)", authConfigID: authConfig.id)
        }
        var secrets = [(LinkSecret.verifier, SecretBox(key.verifier.copy()))]
        if let nonce { secrets.append((.nonce, SecretBox(SecretBytes(utf8: nonce)))) }
        let link = try open(
            call, target, flow: .browser, stateHash: hash(ofState: state), lifetime: LinkRegister.lifetime,
            secrets: secrets, from: caller, now: now)
        result.object { result in
            result.member("id", link.connectionID)
            result.member("status", ConnectionStatus.initiated.rawValue)
            result.member("redirectUrl", url)
            result.member("expiresAt", shown(wall(link.expiresAt)))
        }
    }

    /// Takes a link in: the connection it is for exists from now on, and an unfinished link of the same user and auth
    /// config is over.
    mutating func open(
        _ call: LinkCall, _ target: LinkTarget, flow: PendingLink.Flow, stateHash: String?, lifetime: Duration,
        secrets: [(LinkSecret, SecretBox)], from caller: Caller, now: BootInstant
    ) throws(RPCError) -> PendingLink {
        guard let authConfig = authConfigs[call.authConfigID] else { throw .forbidden }
        let agent = try agent(of: caller)
        var known: Connection?
        if case .again(let slot) = target { known = directory[slot] }
        let connection = known ?? newConnection(call, authConfig, now: now)
        var link = PendingLink(
            connectionID: connection.id, userID: call.userID, authConfigID: call.authConfigID, agent: agent.name,
            flow: flow, callbackURL: call.callbackURL, expiresAt: now.advanced(by: lifetime), stateHash: stateHash)
        link.issuer = authConfig.metadata?.issuer ?? authConfig.endpoints.issuer ?? authConfig.exactIssuer
        link.issuerIsPromised = authConfig.metadata?.namesIssuerInResponse ?? false
        // Nothing is ended before it is sure that the new one can be.
        let old = links.unfinished(userID: call.userID, authConfigID: call.authConfigID)
        guard links.hasRoom(for: agent.name, without: Set([connection.id, old?.connectionID].compactMap(\.self))) else {
            throw .rateLimited(
                retryAfter: .seconds(60), "this agent has \(LinkRegister.limitPerAgent) links open; finish some first")
        }
        guard hasRoomForMore, storeLink(connection.id, secrets) else { throw .vaultFull }
        if let old, old.connectionID != connection.id {
            endLink(old.connectionID, .expired(.linkReplaced), now: now)
            replacedLinks.append(old.connectionID)
        }
        forgetEndedLinks(userID: call.userID, authConfigID: call.authConfigID, but: connection.id)
        _ = links.insert(link)
        take(call.alias, for: connection, isNew: known == nil, now: now)
        needsRefresher = true
        return link
    }

    /// The connection of a link that begins: what became of the last one on it counts no more. An alias that a link had
    /// which came to nothing is free.
    private mutating func take(_ alias: String?, for connection: Connection, isNew: Bool, now: BootInstant) {
        if let alias {
            for place in directory.find(alias) where isLeftOver(place.slot, of: connection) {
                directory.update(place.slot) { if $0.alias == alias { $0.alias = nil } }
            }
        }
        guard !isNew, let slot = directory.slot(id: connection.id) else {
            _ = directory.put(connection)
            return
        }
        let shown = wall(now)
        directory.update(slot) { known in
            known.standing.linkFailure = nil
            if known.standing.link != nil { known.standing.link = .open }
            known.alias = alias ?? known.alias
            known.updatedAt = shown
        }
    }

    /// Whether another connection of the same user and auth config never came about.
    private func isLeftOver(_ slot: Int, of connection: Connection) -> Bool {
        guard let other = directory[slot], other.id != connection.id else { return false }
        return other.userID == connection.userID && other.authConfigID == connection.authConfigID
            && other.standing.life == nil && other.standing.link != nil && links[other.id] == nil
    }

    private func newConnection(_ call: LinkCall, _ authConfig: AuthConfig, now: BootInstant) -> Connection {
        var connection = Connection(
            id: newID(prefix: "con_"), userID: call.userID, authConfigID: authConfig.id,
            provider: authConfig.provider.slug, toolkit: authConfig.definition.toolkit,
            authScheme: authConfig.definition.authScheme, alias: call.alias, accounts: [],
            scopes: authConfig.scopes.joined(separator: " "), createdAt: wall(now))
        connection.standing.link = .open
        return connection
    }

    /// A link is over without tokens. What the connection had before, if anything, stands.
    mutating func endLink(_ connectionID: String, _ outcome: LinkOutcome, now: BootInstant) {
        links.remove(connectionID)
        wipeLink(connectionID)
        guard let slot = directory.slot(id: connectionID) else { return }
        let shown = wall(now)
        directory.update(slot) { connection in
            connection.updatedAt = shown
            guard connection.standing.life == nil, connection.standing.link != nil else {
                connection.standing.linkFailure = outcome.reason
                return
            }
            connection.standing.link = outcome
        }
        needsRefresher = true
    }

    /// Connections that never came about are shown until the next link of the same user and auth config but one.
    private mutating func forgetEndedLinks(userID: String, authConfigID: String, but id: String) {
        let ended = directory.used.filter { slot in
            guard let connection = directory[slot], connection.id != id else { return false }
            return connection.userID == userID && connection.authConfigID == authConfigID
                && connection.standing.life == nil && connection.standing.link != nil && links[connection.id] == nil
        }
        let oldestFirst = ended.sorted {
            (directory[$0]?.updatedAt.seconds ?? 0) < (directory[$1]?.updatedAt.seconds ?? 0)
        }
        for slot in oldestFirst.dropLast() { remove(slot) }
    }

    /// The calls that waited for links whose time is up, or that were replaced.
    mutating func expireLinks(now: BootInstant) -> [FinishedCall] {
        let replaced = replacedLinks
        replacedLinks = []
        let expired = links.takeExpired(now: now).map(\.connectionID)
        for id in expired { endLink(id, .expired(.linkExpired), now: now) }
        return (replaced + expired).flatMap { finishLink($0, now: now) }
    }

    /// The calls that wait for the connection.
    mutating func finishLink(_ connectionID: String, now: BootInstant) -> [FinishedCall] {
        guard let slot = directory.slot(id: connectionID) else { return [] }
        return retry(waiting.take(slot: slot), now: now)
    }

    // MARK: State

    /// Where the provider sends browsers back to: the daemon's own listener, unless another address is registered.
    func redirectURI(of authConfig: AuthConfig) -> String {
        authConfig.definition.redirectURI ?? configuration.redirectURI
    }

    private func newProofKey() -> ProofKey? {
        let random = SecretBytes(copying: settings.randomBytes(32).span)
        return random.withBytes { ProofKey(random: $0) }
    }

    /// What is kept of a `state`: enough to know it again.
    func hash(ofState state: String) -> String {
        fingerprint(of: state.utf8.span, bytes: 32)
    }
}

extension LinkOutcome {
    fileprivate var reason: StatusReason? {
        switch self {
        case .open: nil
        case .expired(let reason), .failed(let reason): reason
        }
    }
}

extension AuthConfig {
    /// Who signs its id tokens also names itself so in answers, where it does.
    fileprivate var exactIssuer: String? {
        endpoints.idToken.flatMap { $0.issuer.contains("{") ? nil : $0.issuer }
    }
}

extension RPCError {
    static func alreadyConnected(connectionID: String) -> RPCError {
        RPCError(
            code: -32009, name: "ALREADY_CONNECTED",
            message: "this user has a connected account of this auth config; pass `allowMultiple` for another one",
            data: ["connectionId": .string(connectionID)])
    }

    static func notLinkable(_ authConfigID: String) -> RPCError {
        .unusableRegistration(
            "the provider's authorization endpoint or the client id is not known; its issuer may not answer at present",
            authConfigID: authConfigID)
    }

    static func unusableRegistration(_ message: String, authConfigID: String) -> RPCError {
        RPCError(
            code: -32007, name: "UPSTREAM_UNAVAILABLE", message: message,
            data: [
                "retryAfterSeconds": .int(60), "statusReason": .string(StatusReason.upstreamUnavailable.slug),
                "authConfigId": .string(authConfigID),
            ])
    }

    static let vaultFull = RPCError.internalError(
        "The vault has no room for this; nothing was changed. See `daemon.status` and the limits of the unit.")
}
