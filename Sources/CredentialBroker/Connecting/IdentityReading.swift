internal import ConnectedAccounts
internal import DaemonConfiguration
internal import DequeModule
internal import JSON
internal import JSONRPC
internal import OAuth
internal import ProviderCatalog
internal import SecretBytes
internal import SignedTokens

/// Asking the provider whose tokens these are.
extension Broker {
    /// The longest answer that is read, in bytes.
    private static var maximumAnswerLength: Int { 1 << 20 }

    /// What the provider says of the grant; nil where it says nothing that can be used.
    func readIdentity(
        of grant: GrantedTokens, _ callbackFields: [NamedValue], _ authConfig: AuthConfig
    ) async -> GrantIdentity? {
        let provider = authConfig.provider
        var documents = IdentityDocuments()
        documents.tokenAnswer = grant.fields
        documents.callback = callbackFields
        var values = TemplateValues(
            clientID: authConfig.definition.clientID, variables: authConfig.definition.variables)
        // What the grant itself has said may be part of an address, such as Salesforce's instance.
        for field in provider.accountFields(from: documents) { values.accountFields[field.name] = field.text }
        switch provider.identity?.source {
        case .userinfo:
            guard let url = authConfig.userinfoURL else { return nil }
            documents.identity = await ask(url, grant.accessToken, provider, values)
        case .request(let template):
            guard let url = try? template.filledAddress(with: values) else { return nil }
            documents.identity = await ask(url, grant.accessToken, provider, values)
        case .tokenAnswer, .callback: break
        case nil: return nil
        }
        for field in provider.accountFields {
            guard case .request(let template) = field.source, let url = try? template.filledAddress(with: values) else {
                continue
            }
            documents.fieldAnswers[field.name] = await ask(url, grant.accessToken, provider, values)
        }
        return provider.identify(documents)
    }

    /// A GET with the token, as calls of the provider's API are made; nil for every other answer than JSON with 200.
    private func ask(
        _ url: String, _ token: borrowing SecretBytes, _ provider: ProviderDescription, _ values: TemplateValues
    ) async -> JSONValue? {
        let headers = (try? provider.apiHeaders(values: values)) ?? []
        let request = ProviderRequest.apiCall(.get, url, headers: headers, token: token)
        guard case .answered(let response) = await transport.send(request, timeout: .seconds(20)),
            response.status == 200
        else { return nil }
        return response.body.withBytes { bytes in
            let document = JSONDocument()
            let limits = JSONLimits(maxBytes: Self.maximumAnswerLength, maxDepth: 32, maxNodes: 65_536)
            return (try? document.parse(bytes, limits: limits)).map { document.root }
        }
    }

    /// Checks the id token by the server's keys, where one came and it is known who signs it; says what is wrong with it.
    func checkIDToken(_ grant: GrantedTokens, _ nonce: SecretBox?, _ authConfig: AuthConfig) async -> String? {
        guard let idToken = grant.idToken, let clientID = authConfig.definition.clientID else { return nil }
        let unreadableKeys =
            "The provider's keys cannot be read, so its answer cannot be checked. Start again in a while."
        guard let signer = authConfig.idTokenSigner else { return authConfig.isDiscovered ? nil : unreadableKeys }
        guard let request = try? JWKSet.request(from: signer.keysURL),
            case .answered(let response) = await transport.send(request, timeout: .seconds(20)),
            let keys = try? JWKSet.read(response)
        else { return unreadableKeys }
        let isPerTenant = signer.issuer.contains("{tenantid}")
        do {
            _ = try await IDToken.verify(
                idToken.bytes, keys: keys, issuer: isPerTenant ? .perTenant(signer.issuer) : .exactly(signer.issuer),
                clientID: clientID, nonce: nonce?.text, now: wallSeconds)
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Reads whose tokens a caller has brought (R11), and answers it.
    func identify(_ connectionID: String, _ reply: RPCReply) async {
        await identify(connectionID)
        conclude { state, now in [state.linkAnswer(connectionID, reply, now: now)] }
    }

    /// Reads whose tokens were imported, one connection after the other: it is nobody's wait.
    func identifyImported() async {
        while !Task.isCancelled, let id = withState({ state, _ in state.nextUnidentified() }) { await identify(id) }
    }

    private func identify(_ connectionID: String) async {
        let known = withState { state, _ in state.importedGrant(connectionID) }
        if let (grant, authConfigID, generation) = known, let authConfig = await discovered(authConfigID),
            let identity = await readIdentity(of: grant, [], authConfig)
        {
            conclude { state, now in
                state.learn(identity, of: connectionID, generation: generation, now: now)
                return state.finishLink(connectionID, now: now)
            }
        }
    }
}

extension BrokerState {
    /// Has the connection's subject read, where it is not known and the provider can be asked.
    mutating func identifyLater(_ connection: Connection) {
        guard connection.subjects.isEmpty, connection.authScheme == .oauth2,
            authConfigs[connection.authConfigID]?.canIdentify == true
        else { return }
        unidentified.append(connection.id)
        guard !isIdentifying, (try? begin(.identifyImported)) != nil else { return }
        isIdentifying = true
    }

    /// The next one in line; nil ends the round.
    fileprivate mutating func nextUnidentified() -> String? {
        guard let id = unidentified.popFirst() else {
            isIdentifying = false
            return nil
        }
        return id
    }
}

extension AuthConfig {
    /// Whether the provider says whose tokens these are when it is asked with them.
    fileprivate var canIdentify: Bool {
        switch provider.identity?.source {
        case .userinfo, .request: true
        case .tokenAnswer, .callback, nil: false
        }
    }
}

extension SecretBox {
    /// For what is a secret only until it was used, such as a nonce.
    var text: String {
        bytes.withBytes { bytes in unsafe bytes.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) } }
    }
}
