import CredentialBroker
import DaemonConfiguration
import Glibc
import Logging
import SecretBytes
import SocketServer
import Systemd
import Testing

@testable import Daemon

/// A configuration without accounts, with a socket of its own.
private struct EmptySource: ConfigurationSource {
    let path: String? = nil
    let defaultSocket: String

    func load() throws(DaemonError) -> PurserConfiguration { PurserConfiguration() }

    func secrets(of configuration: PurserConfiguration) -> ConfiguredSecrets {
        ConfiguredSecrets(of: configuration) { _ throws(DaemonError) in throw DaemonError("there are no secrets") }
    }

    func ready(socketPath: String) {}
}

/// A directory for the length of a process.
private func makeDirectory() throws -> String {
    var template = Array("/tmp/purser-daemon-XXXXXX".utf8CString)
    let path: String? = unsafe template.withUnsafeMutableBufferPointer { buffer in
        guard let start = buffer.baseAddress, let path = unsafe mkdtemp(start) else { return nil }
        return unsafe String(cString: path)
    }
    return try #require(path)
}

/// Each in a process of its own: a daemon takes the signals of the whole process, and a fault would end it.
@Suite("The start of the daemon")
struct StartTests {
    @Test("Beside another daemon it ends with an error that says so, and leaves the other's socket alone")
    func secondDaemon() async {
        await #expect(processExitsWith: .success) {
            let directory = try makeDirectory()
            defer { unsafe rmdir(directory) }
            let source = EmptySource(defaultSocket: "\(directory)/s")
            let other = try ListeningSocket(path: source.defaultSocket, mode: 0o600, groupID: nil)
            defer { other.removeFile() }
            let daemon = Daemon(environment: ServiceEnvironment([:]), logger: Logger(label: "test"))
            let error = await #expect(throws: SocketError.self) { try await daemon.run(source) }
            #expect(error?.description.contains("is served by another daemon: stop it first") == true)
            #expect(unsafe access(source.defaultSocket, F_OK) == 0)
        }
    }

    @Test("A start that fails at its last step ends everything that was begun, and takes its socket away")
    func failureAtTheEnd() async {
        await #expect(processExitsWith: .success) {
            let directory = try makeDirectory()
            defer { unsafe rmdir(directory) }
            let source = EmptySource(defaultSocket: "\(directory)/s")
            // The service manager's socket is not there, and is asked for by the environment of the whole process.
            unsafe setenv("NOTIFY_SOCKET", "\(directory)/none", 1)
            let daemon = Daemon(environment: ServiceEnvironment.current(), logger: Logger(label: "test"))
            for _ in 0..<2 {
                await #expect(throws: NotifyError.self) { try await daemon.run(source) }
                #expect(unsafe access(source.defaultSocket, F_OK) != 0)
            }
        }
    }
}
