extension AuthorizationServer {
    /// What the simulated provider answers to.
    package enum Endpoint: String, Sendable, CaseIterable {
        /// RFC 6749 section 3.1, and the page where a person decides.
        case authorization
        /// RFC 6749 section 3.2.
        case token
        /// RFC 8628 section 3.1.
        case deviceAuthorization = "device authorization"
        /// RFC 8628 section 3.3: the page where a person enters the code.
        case deviceVerification = "device verification"
        /// RFC 7009, or what the provider has instead.
        case revocation
        /// RFC 7662.
        case introspection
        /// Who the token belongs to: OpenID's `/userinfo`, GitHub's `/user`, Microsoft's `/me`.
        case userinfo
        /// What a token reaches: Xero's organisations, Atlassian's sites.
        case connections
        /// OpenID Connect Discovery 1.0 section 4.
        case discovery
        /// The keys that sign id tokens (RFC 7517).
        case keys
        /// Anything else of the provider's API.
        case api
    }

    /// Where a request goes.
    struct Route: Equatable {
        var endpoint: Endpoint
        /// The methods it takes; empty for all.
        var methods: [String]
        /// The part of the path that names something: a client, a connection, what is below `/api`.
        var argument = ""
        /// GitHub's `…/grant`: the revocation of all tokens that a user gave a client.
        var isWholeGrant = false
        /// Whether a person's browser comes here.
        var isPage: Bool { endpoint == .authorization || endpoint == .deviceVerification }
    }
}

extension AuthorizationServer.Route {
    /// The endpoint at a path below the provider's own prefix, without a query. Nil if the provider has none there.
    init?(path: String, in dialect: AuthorizationServer.Dialect) {
        guard let route = Self.fixed(path, dialect) ?? Self.api(path, dialect) else { return nil }
        self = route
    }

    private static func fixed(_ path: String, _ dialect: AuthorizationServer.Dialect) -> Self? {
        switch path {
        case "/authorize": Self(endpoint: .authorization, methods: ["GET", "POST"])
        case "/token": Self(endpoint: .token, methods: ["POST"])
        case "/device/code" where dialect.hasDeviceFlow: Self(endpoint: .deviceAuthorization, methods: ["POST"])
        case "/device" where dialect.hasDeviceFlow: Self(endpoint: .deviceVerification, methods: ["GET", "POST"])
        case "/revoke" where dialect.hasRevocationEndpoint: Self(endpoint: .revocation, methods: ["POST"])
        case "/introspect": Self(endpoint: .introspection, methods: ["POST"])
        case "/userinfo", "/user": Self(endpoint: .userinfo, methods: ["GET"])
        case "/connections": Self(endpoint: .connections, methods: ["GET"])
        case "/.well-known/openid-configuration": Self(endpoint: .discovery, methods: ["GET"])
        case "/jwks": Self(endpoint: .keys, methods: ["GET"])
        default: nil
        }
    }

    /// What lies below the provider's `apiBaseURL`, under the provider's own names.
    private static func api(_ path: String, _ dialect: AuthorizationServer.Dialect) -> Self? {
        guard path.hasPrefix("/api/") else { return nil }
        let below = String(path.dropFirst("/api/".count))
        switch (dialect, below) {
        case (.github, "user"), (.notion, "users/me"), (.atlassian, "me"), (.microsoft, "me"):
            return Self(endpoint: .userinfo, methods: ["GET"])
        case (.xero, "connections"), (.atlassian, "oauth/token/accessible-resources"):
            return Self(endpoint: .connections, methods: ["GET"])
        default:
            return named(below, dialect) ?? Self(endpoint: .api, methods: [], argument: below)
        }
    }

    /// Paths with a name in them: `applications/CLIENT/token`, `applications/CLIENT/grant`, `connections/ID`.
    private static func named(_ below: String, _ dialect: AuthorizationServer.Dialect) -> Self? {
        let parts = below.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        switch (dialect, parts.first, parts.count) {
        case (.github, "applications", 3) where ["token", "grant"].contains(parts[2]):
            return Self(
                endpoint: .revocation, methods: ["DELETE"], argument: parts[1], isWholeGrant: parts[2] == "grant")
        case (.xero, "connections", 2):
            return Self(endpoint: .connections, methods: ["DELETE"], argument: parts[1])
        default:
            return nil
        }
    }
}
