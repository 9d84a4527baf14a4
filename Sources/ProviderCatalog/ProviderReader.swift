package import ConnectedAccounts
import StrictYAML

/// Reads a provider's description from the format of `FORMAT.md`, and says all that is wrong with it.
struct ProviderReader {
    let slug: String
    let fields: YAMLMapping
    var problems: YAMLProblems
    /// What templates may use: the provider's variables, its account fields, and the client id.
    var variables = [TemplateVariable(name: "clientId", kind: .pathSegment, source: .clientID)]

    static let keys = [
        "slug", "displayName", "authScheme", "docsURL", "toolkits", "variables", "issuer", "authorizationURL",
        "authorizationParameters", "defaultScopes", "scopeSeparator", "pkce", "deviceAuthorizationURL", "tokenURL",
        "refreshURL", "clientAuthentication", "tokenRequestFormat", "tokenRequestHeaders", "codeParameters",
        "deviceParameters", "refreshParameters", "clientCredentialsParameters", "scopeOnRefresh", "scopeWithCode",
        "alternateTokenMember", "expiresInUnit", "failureRules", "lostAnswer", "accessTokenLifetime",
        "accessTokensExpire", "refreshTokenIdleLifetime", "refreshTokenAbsoluteLifetime", "rotation",
        "refreshEndsAccessToken", "refreshMargin", "revocation", "introspectionURL", "userinfoURL", "idToken",
        "apiBaseURL", "apiHeaders", "credentialPlacement", "selector", "identity", "accountFields",
        "accountRevocation",
    ]

    static func read(_ node: YAMLNode, slug: String) throws(YAMLProblems) -> ProviderDescription {
        var problems = YAMLProblems()
        guard let fields = node.mapping(keys, &problems) else { throw problems }
        var reader = ProviderReader(slug: slug, fields: fields, problems: problems)
        let description = reader.description()
        try reader.problems.check()
        return description
    }

    private mutating func description() -> ProviderDescription {
        let displayName = fields.required("displayName", &problems)?.nonEmptyString(maximumLength: 128, &problems) ?? ""
        let authScheme = fields["authScheme"]?.choice(among: AuthScheme.words, &problems) ?? .oauth2
        var provider = ProviderDescription(slug: slug, displayName: displayName, authScheme: authScheme, toolkits: [])
        if let stated = fields["slug"], let text = stated.string(&problems), text != slug {
            problems.add(at: stated, "must be \(slug) here, or be left out")
        }
        provider.docsURL = fields["docsURL"].flatMap { address($0) }
        provider.variables = readVariables()
        provider.accountFields = readAccountFields()
        provider.toolkits = toolkits(displayName)
        provider.authorization = authorizationRules()
        provider.refresh = refreshRules()
        provider.addresses = endpointTemplates()
        provider.apiBaseURL = urlTemplate("apiBaseURL")
        provider.apiHeaders = templateHeaders("apiHeaders")
        provider.credentialPlacement = credentialPlacement(for: authScheme)
        provider.selector = fields["selector"].flatMap { name($0) }
        provider.identity = identity() ?? (provider.addresses.saysIdentity ? .openID : nil)
        provider.accountRevocation = fields["accountRevocation"].flatMap { accountRevocation($0) }
        checkCompleteness(of: authScheme)
        return provider
    }

    private mutating func toolkits(_ displayName: String) -> [Toolkit] {
        guard let node = fields["toolkits"] else { return [Toolkit(slug: slug, displayName: displayName)] }
        let members = fewMembers("toolkits")
        if case .mapping(let all) = node.content, all.isEmpty {
            problems.add(at: node, "needs at least one toolkit, or must be left out")
        }
        return members.map { toolkit($0) }
    }

    private mutating func toolkit(_ member: YAMLMember) -> Toolkit {
        if !member.key.isSlug {
            problems.add(
                at: member.value, "a toolkit's slug has only lower-case letters, digits, '-' and '_', at most 64")
        }
        guard case .mapping = member.value.content else {
            let displayName = member.value.nonEmptyString(maximumLength: 128, &problems)
            return Toolkit(slug: member.key, displayName: displayName ?? "")
        }
        let parts = member.value.mapping(["displayName", "apiBaseURL"], &problems)
        let displayName = parts?.required("displayName", &problems)?.nonEmptyString(maximumLength: 128, &problems)
        let url = parts?["apiBaseURL"].flatMap { urlTemplate($0) }
        return Toolkit(slug: member.key, displayName: displayName ?? "", apiBaseURL: url)
    }

    private mutating func credentialPlacement(for scheme: AuthScheme) -> CredentialPlacement {
        guard let node = fields["credentialPlacement"] else {
            if scheme == .apiKey {
                problems.add(at: fields.node, "credentialPlacement is missing: where does the key go?")
            }
            return scheme == .basic ? .basic : .bearer
        }
        guard
            let parts = node.mapping(["in", "name", "prefix"], &problems),
            let isHeader = parts.required("in", &problems)?.choice(
                among: [("header", true), ("query", false)], &problems),
            let name = parts.required("name", &problems)?.nonEmptyString(maximumLength: 64, &problems)
        else { return .bearer }
        guard isHeader else {
            parts.forbid(["prefix"], "only a header has a prefix", &problems)
            return .query(name: name)
        }
        if !name.isHeaderName { problems.add(at: node, "the name is no header's name") }
        return .header(name: name, prefix: parts["prefix"]?.string(maximumLength: 64, &problems) ?? "")
    }

    /// Only what is missing; what is there and wrong has been said already.
    private mutating func checkCompleteness(of scheme: AuthScheme) {
        func isMissing(_ keys: String...) -> Bool { keys.allSatisfy { fields[$0] == nil } }
        guard scheme.usesTokenEndpoint else { return }
        if isMissing("tokenURL", "issuer") {
            problems.add(at: fields.node, "needs tokenURL, or issuer for OpenID discovery")
        }
        if scheme == .oauth2, isMissing("authorizationURL", "deviceAuthorizationURL", "issuer") {
            problems.add(at: fields.node, "needs authorizationURL, deviceAuthorizationURL or issuer")
        }
    }
}

extension AuthScheme {
    /// The words of configuration and catalogue.
    package static let words: [(word: String, value: AuthScheme)] = [
        ("oauth2", .oauth2), ("oauth2_client_credentials", .clientCredentials), ("jwt_bearer", .jwtBearer),
        ("google_service_account", .serviceAccount), ("api_key", .apiKey), ("bearer", .bearerToken), ("basic", .basic),
    ]

    /// The word of configuration and catalogue.
    package var word: String { Self.words.first { $0.value == self }?.word ?? rawValue }
}

extension EndpointTemplates {
    fileprivate var saysIdentity: Bool { userinfoURL != nil || issuer != nil }
}
