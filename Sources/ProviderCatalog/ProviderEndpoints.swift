package import OAuth

/// The addresses of a provider's authorization server for one auth config: filled, checked, ready for requests.
package struct ProviderEndpoints: Sendable, Equatable {
    /// For OpenID discovery (OpenID Connect Discovery section 4, RFC 8414).
    package var issuer: String?
    package var authorizationURL: String?
    /// Sent besides the standard ones.
    package var authorizationParameters: [NamedValue]
    package var deviceAuthorizationURL: String?
    package var userinfoURL: String?
    package var introspectionURL: String?
    /// Who signs id tokens, and where the keys are, if not as the issuer publishes it.
    package var idToken: IDTokenSigner?
    package var revocation: RevocationDescription?
    /// Nil where the scheme needs none. Its `url` is empty as long as ``needsDiscovery``.
    package var tokenEndpoint: TokenEndpointDescription?
    /// Whether the way of client authentication was chosen by somebody; otherwise discovery may.
    package var statesClientAuthentication: Bool

    /// Whether the token endpoint is only known to the issuer.
    package var needsDiscovery: Bool { tokenEndpoint?.url.isEmpty == true }
}

/// Who signs a provider's id tokens.
package struct IDTokenSigner: Sendable, Equatable {
    /// `iss`; Microsoft's has `{tenantid}` in it, which the token's own `tid` fills.
    package var issuer: String
    /// Of the JSON Web Key Set (RFC 7517 section 5).
    package var keysURL: String

    package init(issuer: String, keysURL: String) {
        self.issuer = issuer
        self.keysURL = keysURL
    }
}

/// The same with its placeholders, as the catalogue has it.
struct EndpointTemplates: Sendable, Equatable {
    var issuer: Template?
    var authorizationURL: Template?
    var authorizationParameters: [TemplateParameter] = []
    var deviceAuthorizationURL: Template?
    var userinfoURL: Template?
    var introspectionURL: Template?
    var idTokenIssuer = ""
    var idTokenKeysURL: Template?
    var revocation: RevocationTemplate?
    var tokenURL: Template?
    var refreshURL: Template?
    var tokenRequestHeaders: [TemplateHeader] = []
    /// All but the addresses, headers and parameters, which are templates, and empty here.
    var tokenEndpoint = TokenEndpointDescription(url: "")
    var codeParameters: [TemplateParameter] = []
    var deviceParameters: [TemplateParameter] = []
    var refreshParameters: [TemplateParameter] = []
    var clientCredentialsParameters: [TemplateParameter] = []
    var statesClientAuthentication = false
}

extension ProviderDescription {
    /// Fills the addresses of the authorization server.
    ///
    /// Throws where a variable is missing or not acceptable, or where an address would be one that no credential may go
    /// to. Without a client id, a revocation whose address needs one is left out.
    package func endpoints(values: TemplateValues) throws(TemplateProblem) -> ProviderEndpoints {
        return ProviderEndpoints(
            issuer: try addresses.issuer?.filledAddress(with: values),
            authorizationURL: try addresses.authorizationURL?.filledAddress(with: values),
            authorizationParameters: try filled(addresses.authorizationParameters, values),
            deviceAuthorizationURL: try addresses.deviceAuthorizationURL?.filledAddress(with: values),
            userinfoURL: try addresses.userinfoURL?.filledAddress(with: values),
            introspectionURL: try addresses.introspectionURL?.filledAddress(with: values),
            idToken: try idToken(values),
            revocation: try revocation(values),
            tokenEndpoint: try tokenEndpoint(values),
            statesClientAuthentication: addresses.statesClientAuthentication)
    }

    private func idToken(_ values: TemplateValues) throws(TemplateProblem) -> IDTokenSigner? {
        guard let keysURL = addresses.idTokenKeysURL else { return nil }
        return IDTokenSigner(issuer: addresses.idTokenIssuer, keysURL: try keysURL.filledAddress(with: values))
    }

    private func tokenEndpoint(_ values: TemplateValues) throws(TemplateProblem) -> TokenEndpointDescription? {
        guard addresses.tokenURL != nil || addresses.issuer != nil else { return nil }
        var endpoint = addresses.tokenEndpoint
        endpoint.url = try addresses.tokenURL?.filledAddress(with: values) ?? ""
        endpoint.refreshURL = try addresses.refreshURL?.filledAddress(with: values)
        for header in addresses.tokenRequestHeaders {
            endpoint.headers.append(NamedValue(header.name, try header.value.filled(with: values)))
        }
        endpoint.codeParameters = try filled(addresses.codeParameters, values)
        endpoint.deviceParameters = try filled(addresses.deviceParameters, values)
        endpoint.refreshParameters = try filled(addresses.refreshParameters, values)
        endpoint.clientCredentialsParameters = try filled(addresses.clientCredentialsParameters, values)
        endpoint.answerFields = tokenAnswerFields
        return endpoint
    }

    private func revocation(_ values: TemplateValues) throws(TemplateProblem) -> RevocationDescription? {
        guard let template = addresses.revocation else { return nil }
        let needsClientID = template.url.variables.contains { $0.source == .clientID }
        guard values.clientID != nil || !needsClientID else { return nil }
        return RevocationDescription(url: try template.url.filledAddress(with: values), rules: template.rules)
    }

    private func filled(
        _ parameters: [TemplateParameter], _ values: TemplateValues
    ) throws(TemplateProblem) -> [NamedValue] {
        var result: [NamedValue] = []
        for parameter in parameters {
            result.append(NamedValue(parameter.name, try parameter.value.filled(with: values)))
        }
        return result
    }
}

extension Template {
    /// The filled text, if it is an address that a credential may go to.
    package func filledAddress(with values: TemplateValues) throws(TemplateProblem) -> String {
        try filledAddress(values.value(of:))
    }

    func filledAddress(_ value: (TemplateVariable) -> String?) throws(TemplateProblem) -> String {
        let url = try filled(value)
        do {
            return try EndpointAddress.validate(url).url
        } catch {
            throw .address(error)
        }
    }
}
