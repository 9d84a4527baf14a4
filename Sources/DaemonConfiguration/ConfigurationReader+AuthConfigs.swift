import ConnectedAccounts
import OAuth
import ProviderCatalog
import StrictYAML

extension ConfigurationReader {
    mutating func readAuthConfigs(_ members: [YAMLMember]) {
        for member in members {
            if !member.key.isIdentifier(prefix: "ac_") { problems.add(at: member.value, Self.identifierRule("ac_")) }
            guard let authConfig = authConfig(member) else { continue }
            configuration.authConfigs.append(authConfig)
            authConfigs[authConfig.id] = authConfig
            toolkitsInUse.insert(authConfig.toolkit)
        }
    }

    private mutating func authConfig(_ member: YAMLMember) -> AuthConfigDefinition? {
        let keys = [
            "provider", "toolkit", "authScheme", "clientId", "clientSecret", "scopes", "variables", "redirectUri",
        ]
        guard let fields = member.value.mapping(keys, &problems) else { return nil }
        let clientID = fields["clientId"]?.nonEmptyString(maximumLength: 1024, &problems)
        let clientSecret = fields["clientSecret"].flatMap { SecretReference.read($0, &problems) }
        let scopes = fields["scopes"].map { self.scopes($0) } ?? []
        guard let provider = fields.required("provider", &problems).flatMap({ self.provider($0) }) else { return nil }
        let scheme = fields["authScheme"]?.choice(among: AuthScheme.words, &problems) ?? provider.authScheme
        check(scheme, fields)
        let toolkit = toolkit(fields, of: provider)
        let variables = variables(fields, of: provider)
        let values = TemplateValues(clientID: clientID, variables: variables)
        guard let toolkit, let endpoints = endpoints(of: provider, values, scheme, member.value) else { return nil }
        var definition = AuthConfigDefinition(
            id: member.key, provider: provider.slug, toolkit: toolkit, authScheme: scheme, clientID: clientID,
            clientSecret: clientSecret, scopes: scopes, variables: variables, endpoints: endpoints)
        definition.redirectURI = redirectURI(fields, scheme)
        return definition
    }

    private mutating func redirectURI(_ fields: YAMLMapping, _ scheme: AuthScheme) -> String? {
        guard let node = fields["redirectUri"] else { return nil }
        guard scheme == .oauth2 else {
            fields.forbid(["redirectUri"], "the scheme \(scheme.word) has no use for it; remove it", &problems)
            return nil
        }
        guard let address = node.nonEmptyString(maximumLength: 2048, &problems) else { return nil }
        do {
            return try EndpointAddress.validate(address).url
        } catch {
            problems.add(at: node, "cannot be a redirect address: \(error)")
            return nil
        }
    }

    private mutating func provider(_ node: YAMLNode) -> ProviderDescription? {
        guard let slug = node.nonEmptyString(maximumLength: 256, &problems) else { return nil }
        if let refusal = configuration.catalog.refusal(of: slug) {
            let reason = refusal.problems.first.map { ": \($0)" } ?? ""
            problems.add(at: node, "the file of the provider \(slug) is refused, so it cannot be used\(reason)")
            return nil
        }
        do {
            if let provider = try configuration.catalog.provider(slug) { return provider }
            // One that was given above with mistakes has had its problems already.
            guard !givenProviders.contains(slug) else { return nil }
            let catalog = configuration.catalog
            problems.add(
                at: node, "there is no provider of this name\(NearMiss.suggestion(for: slug, among: catalog.slugs))")
        } catch {
            problems.add(error)
        }
        return nil
    }

    /// What each scheme needs, and what it has no use for.
    private mutating func check(_ scheme: AuthScheme, _ fields: YAMLMapping) {
        switch scheme {
        case .oauth2:
            _ = fields.required("clientId", &problems)
        case .clientCredentials:
            _ = fields.required("clientId", &problems)
            _ = fields.required("clientSecret", &problems)
        case .jwtBearer:
            if fields["clientId"] == nil {
                fields.forbid(["clientSecret"], "a client secret without clientId says nothing; add it", &problems)
            }
        case .serviceAccount:
            fields.forbid(
                ["clientId", "clientSecret"], "the key file says all that the scheme \(scheme.word) needs; remove it",
                &problems)
        case .apiKey, .bearerToken, .basic:
            fields.forbid(
                ["clientId", "clientSecret", "scopes"], "the scheme \(scheme.word) has no use for it; remove it",
                &problems)
        }
    }

    private mutating func toolkit(_ fields: YAMLMapping, of provider: ProviderDescription) -> String? {
        let toolkits = provider.toolkits.map(\.slug)
        guard let node = fields["toolkit"] else {
            if toolkits.contains(provider.slug) { return provider.slug }
            problems.add(at: fields.node, "toolkit is missing: one of \(toolkits.joined(separator: ", "))")
            return nil
        }
        guard let toolkit = node.nonEmptyString(maximumLength: 256, &problems) else { return nil }
        guard toolkits.contains(toolkit) else {
            let list = toolkits.joined(separator: ", ")
            problems.add(at: node, "is no toolkit of \(provider.slug), which has \(list)")
            return nil
        }
        return toolkit
    }

    private mutating func scopes(_ node: YAMLNode) -> [String] {
        (node.elements(&problems) ?? []).compactMap { element in
            guard let scope = element.nonEmptyString(maximumLength: 256, &problems) else { return nil }
            // RFC 6749 section 3.3.
            guard scope.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x22 && $0 != 0x5C }) else {
                problems.add(
                    at: element, "is no scope: printable ASCII without spaces, '\"' and '\\'; write one a line")
                return nil
            }
            return scope
        }
    }

    private mutating func variables(_ parts: YAMLMapping, of provider: ProviderDescription) -> [String: String] {
        let known = provider.variables.map(\.name)
        if known.isEmpty { parts.forbid(["variables"], "\(provider.slug) has no variables; remove it", &problems) }
        let given = known.isEmpty ? nil : parts["variables"]
        let fields = given?.mapping(known, &problems)
        for variable in provider.variables where variable.isRequired && fields?[variable.name] == nil {
            problems.add(
                at: given ?? parts.node, "\(variable.name) is missing: \(provider.slug) needs it among its variables")
        }
        guard let fields else { return [:] }
        return provider.variables.reduce(into: [:]) { values, variable in
            let given = fields[variable.name]
            guard let value = given?.nonEmptyString(maximumLength: 1024, &problems), let given else { return }
            do throws(TemplateProblem) {
                values[variable.name] = try variable.checked(value)
            } catch {
                problems.add(at: given, error.description)
            }
        }
    }

    /// The provider's addresses, where the scheme needs them.
    private mutating func endpoints(
        of provider: ProviderDescription, _ values: TemplateValues, _ scheme: AuthScheme, _ node: YAMLNode
    ) -> ProviderEndpoints? {
        do {
            let endpoints = try provider.endpoints(values: values)
            if scheme.usesTokenEndpoint, endpoints.tokenEndpoint == nil {
                problems.add(at: node, "\(provider.slug) has no token endpoint, so \(scheme.word) cannot be its scheme")
            }
            return endpoints
        } catch .missing(let name) where provider.variables.contains(where: { $0.name == name && $0.isRequired }) {
            // Said where the variables were read.
            return nil
        } catch {
            problems.add(at: node, error.description)
            return nil
        }
    }
}
