package import CredentialBroker
package import DaemonConfiguration

/// Where the configuration comes from, at the start and at each reload.
package protocol ConfigurationSource: Sendable {
    /// To show; nil where there is no file.
    var path: String? { get }
    /// Used if the configuration names no socket.
    var defaultSocket: String { get }
    func load() throws(DaemonError) -> PurserConfiguration
    func secrets(of configuration: PurserConfiguration) -> ConfiguredSecrets
    /// The daemon answers on this socket now.
    func ready(socketPath: String)
}

extension ConfigurationFile: ConfigurationSource {
    package var defaultSocket: String { DefaultPaths.socket }

    package func ready(socketPath: String) {}
}
