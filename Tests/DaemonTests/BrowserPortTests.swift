import CallbackServer
import CredentialBroker
import DaemonConfiguration
import Glibc
import Logging
import SecretBytes
import Systemd
import Testing

@testable import Daemon

/// A provider that accounts can be connected at in a browser, for whoever runs the tests.
private struct LinkSource: ConfigurationSource {
    private struct NoNames: NameResolver {
        func uid(ofUser name: String) throws(NameLookupFailure) -> UInt32? { nil }
        func gid(ofGroup name: String) throws(NameLookupFailure) -> UInt32? { nil }
    }

    let path: String? = nil
    let defaultSocket: String
    let callback: CallbackAddress
    let onReady: @Sendable (String) -> Void

    func load() throws(DaemonError) -> PurserConfiguration {
        let text = """
            callback: { listen: "\(callback)" }
            providers:
              hub: { displayName: Hub, authorizationURL: "https://id.hub.example/a", tokenURL: "https://id.hub.example/t" }
            authConfigs: { ac_hub: { provider: hub, clientId: c } }
            agents:
              - { name: me, match: { uid: \(getuid()) }, grants: [ { users: ["*"], toolkits: ["*"], connections: ["*"], operations: ["*"] } ] }
            """
        do {
            return try PurserConfiguration.load(text.utf8.span, file: "test.yaml", names: NoNames())
        } catch {
            throw DaemonError("\(error)")
        }
    }

    func secrets(of configuration: PurserConfiguration) -> ConfiguredSecrets {
        ConfiguredSecrets(of: configuration) { _ throws(DaemonError) in throw DaemonError("there are no secrets") }
    }

    func ready(socketPath: String) { onReady(socketPath) }
}

/// Each in a process of its own: a daemon takes the signals of the whole process.
@Suite("The daemon and the port for browsers", .timeLimit(.minutes(1)))
struct BrowserPortTests {
    /// Runs a daemon until `body`, which is given its socket's path, has returned.
    private static func withDaemon(
        callback: CallbackAddress, _ body: @escaping @Sendable (String) throws -> Void
    ) async throws {
        let directory = "/tmp/purser-browser-\(getpid())"
        _ = unsafe mkdir(directory, 0o700)
        defer { unsafe rmdir(directory) }
        let source = LinkSource(defaultSocket: "\(directory)/s", callback: callback) { socket in
            // The daemon goes on meanwhile.
            Task.detached {
                #expect(throws: Never.self) { try body(socket) }
                kill(getpid(), SIGTERM)
            }
        }
        try await Daemon(environment: ServiceEnvironment([:]), logger: Logger(label: "test")).run(source)
    }

    /// Whether a browser that comes at this moment is let in.
    private static func accepts(_ address: CallbackAddress) -> Bool {
        let browser = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(browser) }
        var place = sockaddr_in()
        place.sin_family = sa_family_t(AF_INET)
        place.sin_port = in_port_t(UInt16(address.port).bigEndian)
        place.sin_addr.s_addr = unsafe inet_addr(address.host)
        return unsafe withUnsafePointer(to: &place) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(browser, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    /// The answer to one line.
    private static func ask(_ line: String, at path: String) throws -> String {
        let client = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        defer { close(client) }
        var place = sockaddr_un()
        place.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &place.sun_path) { unsafe $0.copyBytes(from: Array(path.utf8)) }
        let connected = unsafe withUnsafePointer(to: &place) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(client, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(connected == 0)
        let bytes = Array("\(line)\n".utf8)
        try #require(unsafe write(client, bytes, bytes.count) == bytes.count)
        var answer: [UInt8] = []
        var byte: UInt8 = 0
        while unsafe read(client, &byte, 1) == 1, byte != UInt8(ascii: "\n") { answer.append(byte) }
        return String(decoding: answer, as: UTF8.self)
    }

    private static func link(_ user: String) -> String {
        #"{"jsonrpc":"2.0","id":1,"method":"connectedAccounts.link","params":{"userId":"\#(user)","authConfigId":"ac_hub"}}"#
    }

    private static func freeAddress() throws -> CallbackAddress {
        try CallbackPort(CallbackAddress(host: "127.0.0.78", port: 0)).open()
    }

    @Test("A browser that comes the moment that the link is answered is let in, and none before")
    func immediate() async {
        await #expect(processExitsWith: .success) {
            let address = try Self.freeAddress()
            try await Self.withDaemon(callback: address) { socket in
                #expect(!Self.accepts(address))
                #expect(throws: CallbackListenerError.portInUse(address)) {
                    try CallbackPort(address).reserve()
                }
                let answer = try Self.ask(Self.link("u"), at: socket)
                #expect(answer.contains(#""status":"INITIATED""#))
                #expect(Self.accepts(address))
            }
        }
    }

    @Test("Beside another program on its port it starts all the same, and says so to whoever begins a link")
    func conflict() async {
        await #expect(processExitsWith: .success) {
            let other = CallbackPort(try CallbackAddress(host: "127.0.0.78", port: 0))
            let address = try other.open()
            try await Self.withDaemon(callback: address) { socket in
                let answer = try Self.ask(Self.link("u"), at: socket)
                #expect(answer.contains("another program has \(address): stop it, or set callback.listen"))
                #expect(!answer.contains("redirectUrl"))
            }
            withExtendedLifetime(other) {}
        }
    }
}
