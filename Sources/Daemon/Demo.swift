package import CredentialBroker
package import DaemonConfiguration
internal import Glibc
internal import ProviderSimulator
internal import SecretBytes

/// `purserd --demo`: a simulated provider on loopback and a few connected accounts, for the present user to look at.
package struct Demo: ConfigurationSource {
    private let world: DemoConfiguration
    private let server: ProviderServer

    package let path: String? = nil
    package var defaultSocket: String { DefaultPaths.demoSocket }

    /// Starts the simulated provider; it shows each refresh as it happens.
    package static func start() async throws -> Demo {
        var generator = SystemRandomNumberGenerator()
        let world = DemoWorld(at: .current(), random: &generator)
        let server = try await ProviderServer.start(
            providers: world.providers,
            onEvent: { event in
                // Each request is followed by what came of it; that is the interesting half.
                if case .received = event.event { return }
                Terminal.show("  \(event)")
            })
        let configuration = world.configuration(providersAt: server.baseURL, agentUID: geteuid())
        return Demo(world: configuration, server: server)
    }

    private init(world: DemoConfiguration, server: ProviderServer) {
        self.world = world
        self.server = server
    }

    package func load() throws(DaemonError) -> PurserConfiguration {
        let text = SecretBytes(utf8: world.yaml)
        do throws(ConfigurationError) {
            return try text.withBytes { bytes throws(ConfigurationError) in
                try PurserConfiguration.load(bytes, file: "demo", names: SystemNameResolver())
            }
        } catch {
            throw DaemonError("\(error)")
        }
    }

    package func secrets(of configuration: PurserConfiguration) -> ConfiguredSecrets {
        ConfiguredSecrets(of: configuration) { reference throws(DaemonError) in
            guard case .credential(let name) = reference, let secret = world.credential(named: name) else {
                throw DaemonError("the demo has no such secret")
            }
            return secret
        }
    }

    package func ready(socketPath: String) {
        Terminal.show(
            """
            Purser demo: \(world.connections.count) connected accounts of two users at a simulated provider on \(server.baseURL).
            Tokens live for 20 s; each refresh is shown below as it happens. In another shell:

              echo '{"jsonrpc":"2.0","id":1,"method":"getAccounts","params":{"provider":"github"}}' | socat - UNIX-CONNECT:\(socketPath)
              echo '{"jsonrpc":"2.0","id":2,"method":"getConnectionCredentials","params":{"connectionId":"\(world.connections.first?.alias ?? "")"}}' | socat - UNIX-CONNECT:\(socketPath)
              purser --socket \(socketPath) accounts

            """)
    }
}
