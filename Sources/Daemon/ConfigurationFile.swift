package import CredentialBroker
package import DaemonConfiguration
internal import Glibc
internal import SecretBytes
internal import SecretFiles

/// The configuration file, the files of providers that belong to it, and the secrets it refers to.
package struct ConfigurationFile: Sendable {
    package let path: String?
    private let file: String
    /// `$CREDENTIALS_DIRECTORY`
    private let credentialsDirectory: String?

    /// The longest file that is read, in bytes.
    private static let maximumLength = 1 << 20

    package init(path: String, credentialsDirectory: String?) {
        self.path = path
        self.file = path
        self.credentialsDirectory = credentialsDirectory
    }

    /// Reads and checks the files. Whatever is wrong with the configuration is in the error, with file and line; what is
    /// wrong with a provider's file is among the warnings.
    package func load() throws(DaemonError) -> PurserConfiguration {
        let bytes = try read()
        let text = try checked { () throws(ConfigurationError) in
            try bytes.withBytes { bytes throws(ConfigurationError) in try ConfigurationText(bytes, file: file) }
        }
        let providers = try ProvidersDirectory(named: text.providersDirectory, besides: file).files()
        return try checked { () throws(ConfigurationError) in
            try PurserConfiguration.load(text, providerFiles: providers, names: SystemNameResolver())
        }
    }

    private func checked<Result>(_ body: () throws(ConfigurationError) -> Result) throws(DaemonError) -> Result {
        do {
            return try body()
        } catch {
            throw DaemonError("\(error)")
        }
    }

    /// Reads the secrets that the configuration refers to.
    package func secrets(of configuration: PurserConfiguration) -> ConfiguredSecrets {
        ConfiguredSecrets(of: configuration) { reference throws(SecretFileError) in
            switch reference {
            case .file(let path): try SecretFile.read(path: path)
            case .credential(let name): try SecretFile.readCredential(name: name, directory: credentialsDirectory)
            }
        }
    }

    private func read() throws(DaemonError) -> SecretBuffer {
        let descriptor = unsafe open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let reason = unsafe String(cString: strerror(errno))
            throw DaemonError(
                "\(file): \(reason); write a configuration there, name another with --config, or try --demo")
        }
        defer { close(descriptor) }
        var text = SecretBuffer(minimumCapacity: 16 << 10)
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while text.count <= Self.maximumLength {
            let count = unsafe Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw DaemonError("\(file): \(unsafe String(cString: strerror(errno)))")
            }
            guard count > 0 else { return text }
            text.append(chunk.span.extracting(0..<count))
        }
        throw DaemonError("\(file): longer than \(Self.maximumLength) bytes")
    }
}
