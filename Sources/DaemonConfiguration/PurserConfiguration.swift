package import ConnectedAccounts
package import ProviderCatalog
package import StrictYAML

/// What the configuration file says, checked and complete. Two equal ones need no reload.
package struct PurserConfiguration: Sendable, Equatable {
    package var socket = SocketConfiguration()
    /// Where browsers come back to.
    package var callback = ListenAddress(host: "127.0.0.1", port: 7580)
    package var masking = Masking.prefix
    /// Hosts of the operator's own networks, in lower case: they may lead to private addresses.
    package var privateHosts: Set<String> = []
    package var catalog = ProviderCatalog()
    /// Where the files of providers are, as an absolute path; nil: in `providers.d` beside the configuration.
    package var providersDirectory: String?
    /// What exports of the vault are sealed with; nil: there are none.
    package var exportKey: SecretReference?
    /// In the order of the file.
    package var authConfigs: [AuthConfigDefinition] = []
    /// In the order of the file.
    package var connections: [ConnectionDefinition] = []
    /// The first that matches a peer decides.
    package var agents: [Agent] = []
    /// What is no error but will surprise, each with its place in the file.
    package var warnings: [String] = []

    package init() {}
}

/// Everything that is wrong with a configuration file.
package typealias ConfigurationError = YAMLProblems

/// The daemon's own socket, where systemd passes none.
package struct SocketConfiguration: Sendable, Equatable {
    /// Nil: the default of the system or the user.
    package var path: String?
    /// Permission bits.
    package var mode: UInt32 = 0o600
    package var group: Group?

    package struct Group: Sendable, Equatable {
        package var name: String
        package var gid: UInt32

        package init(name: String, gid: UInt32) {
            self.name = name
            self.gid = gid
        }
    }

    package init() {}
}

/// A loopback address and a port to listen on.
package struct ListenAddress: Sendable, Equatable {
    /// `localhost` or an IP address, without brackets.
    package var host: String
    package var port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// The path that browsers come back to.
    package static let callbackPath = "/callback"

    /// Where browsers come back to (RFC 8252 section 7.3): to be registered with each provider.
    package var redirectURI: String {
        "http://\(host.contains(":") ? "[\(host)]" : host):\(port)\(Self.callbackPath)"
    }
}

/// An OAuth client registration, or the scheme by which keys are given.
package struct AuthConfigDefinition: Sendable, Equatable {
    /// `ac_…`
    package var id: String
    /// The provider's slug; the catalogue has it.
    package var provider: String
    /// One of the provider's toolkits.
    package var toolkit: String
    package var authScheme: AuthScheme
    /// Nil where the scheme needs none.
    package var clientID: String?
    /// Nil for a public client.
    package var clientSecret: SecretReference?
    package var scopes: [String]
    /// Values of the provider's variables, such as the tenant.
    package var variables: [String: String]
    /// The provider's addresses with these values.
    package var endpoints: ProviderEndpoints
    /// What is registered as redirect address, if not that of the daemon's own listener.
    package var redirectURI: String?

    package init(
        id: String, provider: String, toolkit: String, authScheme: AuthScheme, clientID: String?,
        clientSecret: SecretReference?, scopes: [String], variables: [String: String], endpoints: ProviderEndpoints
    ) {
        self.id = id
        self.provider = provider
        self.toolkit = toolkit
        self.authScheme = authScheme
        self.clientID = clientID
        self.clientSecret = clientSecret
        self.scopes = scopes
        self.variables = variables
        self.endpoints = endpoints
    }
}

/// A connection that is known at start.
package struct ConnectionDefinition: Sendable, Equatable {
    /// `con_…`
    package var id: String
    package var userID: String
    /// The auth config's id; the configuration has it.
    package var authConfigID: String
    /// Unique for its user and toolkit.
    package var alias: String?
    /// Nil where the client's own credentials are all there is.
    package var credentials: SecretReference?

    package init(id: String, userID: String, authConfigID: String, alias: String?, credentials: SecretReference?) {
        self.id = id
        self.userID = userID
        self.authConfigID = authConfigID
        self.alias = alias
        self.credentials = credentials
    }
}
