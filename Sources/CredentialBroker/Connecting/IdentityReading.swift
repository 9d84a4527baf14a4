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

    /// What the provider says of the grant. `subject` is the id token's, where there is one: an answer about another user
    /// is none (OpenID Connect Core section 5.3.2).
    func readIdentity(
        of grant: GrantedTokens, _ callbackFields: [NamedValue], subject: String?, _ authConfig: AuthConfig
    ) async -> IdentityFinding {
        let provider = authConfig.provider
        var documents = IdentityDocuments()
        documents.tokenAnswer = grant.fields
        documents.callback = callbackFields
        var values = TemplateValues(
            clientID: authConfig.definition.clientID, variables: authConfig.definition.variables)
        // What the grant itself has said may be part of an address, such as Salesforce's instance.
        for field in provider.accountFields(from: documents) { values.accountFields[field.name] = field.text }
        var isUnreachable = false
        switch provider.identity?.source {
        case .userinfo:
            // Where the issuer could not be asked for the address, it has not refused to say it.
            guard let url = authConfig.userinfoURL else { return authConfig.isDiscovered ? .unknown : .unreachable }
            let answer = await ask(url, grant.accessToken, provider, values)
            isUnreachable = answer.isUnreachable
            documents.identity = answer.document
            if let subject, let told = answer.document?["sub"]?.string, told != subject { return .unknown }
        case .request(let template):
            guard let url = try? template.filledAddress(with: values) else { return .unknown }
            let answer = await ask(url, grant.accessToken, provider, values)
            isUnreachable = answer.isUnreachable
            documents.identity = answer.document
        case .tokenAnswer, .callback: break
        case nil: return .unknown
        }
        if isUnreachable { return .unreachable }
        for field in provider.accountFields {
            guard case .request(let template) = field.source, let url = try? template.filledAddress(with: values) else {
                continue
            }
            documents.fieldAnswers[field.name] = await ask(url, grant.accessToken, provider, values).document
        }
        return provider.identify(documents).map { .known($0) } ?? .unknown
    }

    private enum Asked {
        case answered(JSONValue)
        /// The provider will not say it.
        case refused
        case unreachable

        var document: JSONValue? {
            if case .answered(let document) = self { document } else { nil }
        }

        var isUnreachable: Bool {
            if case .unreachable = self { true } else { false }
        }
    }

    /// A GET with the token, as calls of the provider's API are made; tried twice where there was no answer.
    private func ask(
        _ url: String, _ token: borrowing SecretBytes, _ provider: ProviderDescription, _ values: TemplateValues
    ) async -> Asked {
        let headers = (try? provider.apiHeaders(values: values)) ?? []
        for _ in 0..<2 {
            let request = ProviderRequest.apiCall(.get, url, headers: headers, token: token)
            guard case .answered(let response) = await transport.send(request, timeout: .seconds(20)) else { continue }
            if response.status >= 500 || response.status == 429 || response.status == 408 { continue }
            guard response.status == 200 else { return .refused }
            let document = response.body.withBytes { bytes -> JSONValue? in
                let document = JSONDocument()
                let limits = JSONLimits(maxBytes: Self.maximumAnswerLength, maxDepth: 32, maxNodes: 65_536)
                return (try? document.parse(bytes, limits: limits)).map { document.root }
            }
            // A page instead of an answer is somebody else's, such as a gateway's.
            return document.map { .answered($0) } ?? .unreachable
        }
        return .unreachable
    }

    /// Checks the id token by the server's keys, where it is known who signs it, and gives its subject.
    ///
    /// Where a nonce was sent there must be one.
    func checkIDToken(
        _ grant: GrantedTokens, _ nonce: SecretBox?, _ authConfig: AuthConfig
    ) async -> Result<String?, LinkProblem> {
        let unreadableKeys = LinkProblem(
            "The provider's keys cannot be read, so its answer cannot be checked. Start again in a while.")
        guard let clientID = authConfig.definition.clientID else { return .success(nil) }
        guard let signer = authConfig.idTokenSigner else {
            return authConfig.isDiscovered || grant.idToken == nil ? .success(nil) : .failure(unreadableKeys)
        }
        guard let idToken = grant.idToken else {
            return nonce == nil
                ? .success(nil) : .failure(LinkProblem("The provider has sent no id token, which was asked for."))
        }
        guard let request = try? JWKSet.request(from: signer.keysURL),
            case .answered(let response) = await transport.send(request, timeout: .seconds(20)),
            let keys = try? JWKSet.read(response)
        else { return .failure(unreadableKeys) }
        let isPerTenant = signer.issuer.contains("{tenantid}")
        do {
            let claims = try await IDToken.verify(
                idToken.bytes, keys: keys, issuer: isPerTenant ? .perTenant(signer.issuer) : .exactly(signer.issuer),
                clientID: clientID, nonce: nonce?.text, now: wallSeconds)
            return .success(claims.subject)
        } catch {
            return .failure(LinkProblem("\(error)"))
        }
    }

    /// Reads whose tokens were imported, one connection after the other: it is nobody's wait.
    func identifyImported() async {
        while !Task.isCancelled, let id = withState({ state, _ in state.nextUnidentified() }) { await identify(id) }
    }

    private func identify(_ connectionID: String) async {
        let known = withState { state, now in state.importedGrant(connectionID, now: now) }
        guard let (grant, authConfigID, generation) = known, let authConfig = await discovered(authConfigID) else {
            return
        }
        let finding = await readIdentity(of: grant, [], subject: nil, authConfig)
        conclude { state, now in
            state.learn(finding, of: connectionID, generation: generation, now: now)
            return state.finishLink(connectionID, now: now)
        }
    }
}

/// Whose grant it is, as far as the provider says it.
enum IdentityFinding: Sendable {
    case known(GrantIdentity)
    /// It does not say.
    case unknown
    /// It gives no answer at present.
    case unreachable
}

/// What is wrong with a provider's answer, in a sentence for the person at the browser.
struct LinkProblem: Error {
    let explanation: String

    init(_ explanation: String) { self.explanation = explanation }
}

extension BrokerState {
    /// How long until a provider that gave no answer is asked once more whose tokens these are.
    private static var identityPause: Duration { .seconds(30) }

    /// Has the connection's subject read, where it is not known and the provider can be asked.
    mutating func identifyLater(_ connection: Connection) {
        guard connection.subjects.isEmpty || connection.standing.awaitsIdentity, connection.authScheme == .oauth2,
            authConfigs[connection.authConfigID]?.canIdentify == true,
            unidentifiedIDs.insert(connection.id).inserted
        else { return }
        // Somebody waits for those first.
        if connection.standing.awaitsIdentity {
            unidentified.prepend(connection.id)
        } else {
            unidentified.append(connection.id)
        }
        guard !isIdentifying, (try? begin(.identifyImported)) != nil else { return }
        isIdentifying = true
    }

    mutating func identifyAgain(_ connectionID: String, now: BootInstant) {
        identityRetries.insert(connectionID)
        identityRetryAt = identityRetryAt ?? now.advanced(by: Self.identityPause)
        needsRefresher = true
    }

    /// Those that had no answer, when it is time to ask again.
    mutating func retryIdentities(now: BootInstant) {
        guard let retryAt = identityRetryAt, retryAt <= now else { return }
        let ids = identityRetries.sorted()
        (identityRetries, identityRetryAt) = ([], nil)
        for id in ids {
            if let slot = directory.slot(id: id), let connection = directory[slot] { identifyLater(connection) }
        }
    }

    /// The next one in line; nil ends the round.
    fileprivate mutating func nextUnidentified() -> String? {
        guard let id = unidentified.popFirst() else {
            isIdentifying = false
            return nil
        }
        unidentifiedIDs.remove(id)
        return id
    }
}

extension AuthConfig {
    /// Whether tokens that somebody brings are nobody's until the provider has said whose they are.
    var mustIdentify: Bool { definition.authScheme == .oauth2 && canIdentify }

    /// Whether the provider says whose tokens these are when it is asked with them.
    var canIdentify: Bool {
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
