internal import ConnectedAccounts
package import SecretBytes

/// A small world to show the daemon with, all simulated: every provider that can be linked, and two people with five
/// connections at three of them. Access tokens live for twenty seconds.
///
/// Make one, serve its ``providers``, and give its ``configuration(providersAt:agentUID:socket:)`` to the daemon.
package struct DemoWorld: Sendable {
    /// For ``ProviderServer``, by name.
    package private(set) var providers: [String: AuthorizationServer]
    package private(set) var connections: [DemoConnection]

    /// How long its access tokens live, unless said otherwise.
    package static let accessTokenLifetime: Duration = .seconds(20)

    /// Where the daemon's browsers come back to, at any port.
    package static let redirectURIs = ["http://127.0.0.1/callback", "http://localhost/callback"]

    /// The world at the moment when everybody has just connected.
    package init(
        at now: Moment, accessTokenLifetime: Duration = Self.accessTokenLifetime,
        random: inout some RandomNumberGenerator
    ) {
        providers = [:]
        connections = []
        for kind in DemoProvider.all {
            var server = kind.server(accessTokenLifetime: accessTokenLifetime)
            for login in DemoLogin.all where login.provider == kind.simulated {
                guard
                    let tokens = server.connect(
                        clientID: kind.clientID, userID: login.user.id, scopes: kind.scopes, at: now, random: &random)
                else { continue }
                connections.append(DemoConnection(login, authConfigID: kind.authConfigID, tokens))
            }
            providers[kind.simulated.slug] = server
        }
    }

    /// The daemon's configuration for this world, served at ``ProviderServer/baseURL``. Processes of the user `uid` may see
    /// everything. Without a `socket` the daemon's own is where it is by default.
    package func configuration(
        providersAt baseURL: String, agentUID uid: UInt32, socket: String? = nil
    ) -> DemoConfiguration {
        DemoConfiguration(connections: connections, baseURL: baseURL, uid: uid, socket: socket)
    }
}

/// One connection of a ``DemoWorld``, with the tokens that it begins with.
package struct DemoConnection: Sendable, Equatable {
    package var id: String
    package var userID: String
    package var authConfigID: String
    package var alias: String
    /// The name under which the configuration refers to ``credentialJSON``.
    package var credentialName: String
    private let credential: String

    /// The connection's credential in the form that the configuration's `credentials` takes.
    package var credentialJSON: SecretBytes { SecretBytes(utf8: credential) }

    init(_ login: DemoLogin, authConfigID: String, _ tokens: IssuedTokens) {
        id = login.connectionID
        userID = login.purserUserID
        self.authConfigID = authConfigID
        alias = login.alias
        credentialName = "demo-" + login.alias
        credential = Self.credential(login, tokens).text
    }

    private static func credential(_ login: DemoLogin, _ tokens: IssuedTokens) -> JSONValue {
        var members: [JSONValue.Member] = [.init("access_token", .string(tokens.accessToken))]
        if let refreshToken = tokens.refreshToken { members.append(.init("refresh_token", .string(refreshToken))) }
        if let end = tokens.expiresAt { members.append(.init("expires_at", .number(end.wall.seconds))) }
        members.append(.init("scope", .string(tokens.scopes.joined(separator: " "))))
        members.append(.init("account", login.account))
        return .object(members)
    }
}
