import OAuth
import StrictYAML

// The authorization server: its addresses, and how requests to it look.
extension ProviderReader {
    mutating func endpointTemplates() -> EndpointTemplates {
        var templates = EndpointTemplates()
        templates.issuer = urlTemplate("issuer")
        templates.authorizationURL = urlTemplate("authorizationURL")
        templates.authorizationParameters = templateParameters("authorizationParameters")
        templates.deviceAuthorizationURL = urlTemplate("deviceAuthorizationURL")
        templates.userinfoURL = urlTemplate("userinfoURL")
        templates.introspectionURL = urlTemplate("introspectionURL")
        readIDToken(into: &templates)
        templates.revocation = fields["revocation"].flatMap { revocation($0) }
        templates.tokenURL = urlTemplate("tokenURL")
        templates.refreshURL = urlTemplate("refreshURL")
        templates.tokenRequestHeaders = templateHeaders("tokenRequestHeaders")
        templates.tokenEndpoint = tokenEndpoint()
        templates.codeParameters = templateParameters("codeParameters")
        templates.deviceParameters = templateParameters("deviceParameters")
        templates.refreshParameters = templateParameters("refreshParameters")
        templates.clientCredentialsParameters = templateParameters("clientCredentialsParameters")
        templates.statesClientAuthentication = fields["clientAuthentication"] != nil
        return templates
    }

    mutating func authorizationRules() -> AuthorizationRules {
        var rules = AuthorizationRules()
        rules.defaultScopes = fields["defaultScopes"]?.strings(maximumLength: 256, &problems) ?? []
        let separators = [("space", " "), ("comma", ",")]
        rules.scopeSeparator = fields["scopeSeparator"]?.choice(among: separators, &problems) ?? " "
        rules.usesPKCE = bool("pkce", default: true)
        return rules
    }

    private mutating func tokenEndpoint() -> TokenEndpointDescription {
        var endpoint = TokenEndpointDescription(url: "")
        if let stated = clientAuthentication(fields["clientAuthentication"]) { endpoint.clientAuthentication = stated }
        if let format = requestFormat(fields["tokenRequestFormat"]) { endpoint.requestFormat = format }
        endpoint.alternateTokenMember = fields["alternateTokenMember"]?.nonEmptyString(maximumLength: 64, &problems)
        endpoint.sendsScopeOnRefresh = bool("scopeOnRefresh", default: false)
        endpoint.sendsScopeWithCode = bool("scopeWithCode", default: false)
        let units = [("seconds", false), ("milliseconds", true)]
        endpoint.expiresInMilliseconds = fields["expiresInUnit"]?.choice(among: units, &problems) ?? false
        endpoint.failureRules = failureRules()
        endpoint.lostAnswer = lostAnswer()
        return endpoint
    }

    private mutating func readIDToken(into templates: inout EndpointTemplates) {
        guard
            let parts = fields["idToken"]?.mapping(["issuer", "keysURL"], &problems),
            let issuer = parts.required("issuer", &problems)?.nonEmptyString(maximumLength: 1024, &problems),
            let keysURL = parts.required("keysURL", &problems).flatMap({ urlTemplate($0) })
        else { return }
        templates.idTokenIssuer = issuer
        templates.idTokenKeysURL = keysURL
    }

    private mutating func revocation(_ node: YAMLNode) -> RevocationTemplate? {
        let keys = [
            "url", "method", "clientAuthentication", "requestFormat", "headers", "tokenIn", "tokenParameter", "token",
            "endsOtherConnections",
        ]
        guard
            let parts = node.mapping(keys, &problems),
            let url = parts.required("url", &problems).flatMap({ urlTemplate($0) })
        else { return nil }
        var revocation = RevocationTemplate(url: url)
        let methods: [(String, ProviderRequest.Method)] = [("POST", .post), ("DELETE", .delete), ("GET", .get)]
        revocation.rules.method = parts["method"]?.choice(among: methods, &problems) ?? .post
        revocation.rules.clientAuthentication = clientAuthentication(parts["clientAuthentication"])
        revocation.rules.requestFormat = requestFormat(parts["requestFormat"]) ?? .form
        revocation.rules.headers = headers(parts["headers"])
        let places: [RevocationRules.TokenPlace] = [.body, .authorization]
        let words = places.map { ($0.rawValue, $0) }
        revocation.rules.tokenPlace = parts["tokenIn"]?.choice(among: words, &problems) ?? .body
        if revocation.rules.tokenPlace == .authorization {
            parts.forbid(
                ["tokenParameter", "clientAuthentication"], "has no place where the token stands in the header",
                &problems)
        }
        if let name = parts["tokenParameter"]?.nonEmptyString(maximumLength: 64, &problems) {
            revocation.rules.tokenParameter = name
        }
        revocation.rules.token = parts["token"]?.choice(of: RevocationRules.Token.self, &problems) ?? .refresh
        revocation.rules.endsOtherConnections = parts["endsOtherConnections"]?.bool(&problems) ?? false
        return revocation
    }

    private mutating func clientAuthentication(_ node: YAMLNode?) -> ClientAuthentication? {
        node?.choice(of: ClientAuthentication.self, &problems)
    }

    private mutating func requestFormat(_ node: YAMLNode?) -> RequestFormat? {
        node?.choice(of: RequestFormat.self, &problems)
    }

    private mutating func failureRules() -> [FailureRule] {
        (fields["failureRules"]?.elements(&problems) ?? []).compactMap { failureRule($0) }
    }

    private mutating func failureRule(_ node: YAMLNode) -> FailureRule? {
        guard
            let parts = node.mapping(["error", "status", "contains", "class", "revoked"], &problems),
            let failureClass = parts.required("class", &problems)?.choice(of: FailureClass.self, &problems)
        else { return nil }
        let rule = FailureRule(
            error: parts["error"]?.nonEmptyString(maximumLength: 128, &problems),
            status: parts["status"]?.int(in: 100...599, &problems),
            descriptionContains: parts["contains"]?.nonEmptyString(maximumLength: 256, &problems),
            failureClass: failureClass, isRevocation: parts["revoked"]?.bool(&problems) ?? false)
        if parts["error"] == nil, parts["status"] == nil, parts["contains"] == nil {
            problems.add(at: node, "needs error, status or contains: it would match every failure")
        }
        if rule.isRevocation, failureClass != .deadGrant {
            problems.add(at: node, "only a \(FailureClass.deadGrant.rawValue) can be revoked")
        }
        return rule
    }

    private mutating func lostAnswer() -> LostAnswerPolicy {
        guard let node = fields["lostAnswer"] else { return .never }
        guard case .mapping = node.content else {
            return node.choice(among: [("never", .never), ("resend", .resend)], &problems) ?? .never
        }
        let grace = node.mapping(["resendWithin"], &problems)?.required("resendWithin", &problems)
        let duration = grace?.duration(in: .seconds(1)...Self.longestLifetime, &problems)
        return duration.map { .resendWithin($0) } ?? .never
    }

    mutating func refreshRules() -> RefreshRules {
        var rules = RefreshRules()
        rules.accessTokenLifetime = duration("accessTokenLifetime")
        rules.accessTokensExpire = bool("accessTokensExpire", default: true)
        rules.refreshTokenIdleLifetime = duration("refreshTokenIdleLifetime")
        rules.refreshTokenAbsoluteLifetime = duration("refreshTokenAbsoluteLifetime")
        rules.rotation = fields["rotation"]?.choice(of: RefreshRules.Rotation.self, &problems) ?? .configurable
        rules.endsOldAccessToken = bool("refreshEndsAccessToken", default: false)
        rules.margin = duration("refreshMargin")
        return rules
    }
}
