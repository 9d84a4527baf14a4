internal import ProviderCatalog
internal import StrictYAML

extension SimulatedProvider {
    /// The member of the configuration's `providers` that sends everything of this provider to a ``ProviderServer``: all
    /// addresses that its catalogue file names, but for the vendor's page for people.
    ///
    /// One line of YAML, `slug: {…}`, without indentation. `baseURL` is ``ProviderServer/baseURL``; the server must serve the
    /// provider under its slug.
    package func configurationOverride(baseURL: String) -> String {
        "\(slug): \(JSONValue.object(addresses(below: "\(baseURL)/\(slug)")).text)"
    }

    /// The `providers` section for several of them, ready to stand in a configuration.
    package static func configurationSection(_ providers: [SimulatedProvider], baseURL: String) -> String {
        "providers:\n" + providers.map { "  \($0.configurationOverride(baseURL: baseURL))\n" }.joined()
    }

    private typealias Member = JSONValue.Member

    private func addresses(below base: String) -> [JSONValue.Member] {
        let api = base + "/api"
        var members = [
            Member("authorizationURL", .string(base + "/authorize")), Member("tokenURL", .string(base + "/token")),
        ]
        if dialect.signsIdentities {
            members.append(Member("issuer", .string(base)))
            let signer = [Member("issuer", .string(base)), Member("keysURL", .string(base + "/jwks"))]
            members.append(Member("idToken", .object(signer)))
        }
        if dialect.hasDeviceFlow { members.append(Member("deviceAuthorizationURL", .string(base + "/device/code"))) }
        if let url = revocationURL(base) { members.append(Member("revocation", Self.url(url))) }
        if self == .notion || self == .salesforce {
            members.append(Member("introspectionURL", .string(base + "/introspect")))
        }
        if self == .google || self == .salesforce {
            members.append(Member("userinfoURL", .string(base + "/userinfo")))
        }
        let apiBase = self == .myob ? api + "/accountright/{businessId}" : api
        members.append(Member("apiBaseURL", .string(apiBase)))
        if let path = identityPath { members.append(Member("identity", Self.url(api + path))) }
        if self == .xero {
            members.append(Member("accountRevocation", Self.url(api + "/connections/{xeroConnectionId}")))
        }
        if self == .atlassian {
            let sites = Self.url(api + "/oauth/token/accessible-resources")
            members.append(Member("accountFields", .object([Member("availableSites", sites)])))
        }
        let toolkits = toolkitsElsewhere.map { Member($0, .object([Member("apiBaseURL", .string("\(api)/\($0)"))])) }
        if !toolkits.isEmpty { members.append(Member("toolkits", .object(toolkits))) }
        return members
    }

    private static func url(_ url: String) -> JSONValue { .object([Member("url", .string(url))]) }

    private func revocationURL(_ base: String) -> String? {
        switch self {
        case .github: base + "/api/applications/{clientId}/token"
        case .githubAppUser: base + "/api/applications/{clientId}/grant"
        case .myob, .microsoft: nil
        default: base + "/revoke"
        }
    }

    /// Where the identity is asked for, if by a request of its own.
    private var identityPath: String? {
        switch self {
        case .github, .githubAppUser: "/user"
        case .xero: "/connections"
        case .atlassian, .microsoft: "/me"
        case .google, .notion, .myob, .salesforce: nil
        }
    }

    /// The toolkits that the catalogue gives an address of their own.
    private var toolkitsElsewhere: [String] {
        do {
            let toolkits = try ProviderCatalog().provider(slug)?.toolkits ?? []
            return toolkits.filter { $0.apiBaseURL != nil }.map(\.slug)
        } catch {
            // To leave them out would send simulated tokens to real providers.
            preconditionFailure("the catalogue's own file is broken, which its tests would have said: \(error)")
        }
    }
}
