import ArgumentParser
import Daemon
import DaemonConfiguration
import Logging
import Systemd

/// The daemon's command line.
@main
struct PurserDaemon: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purserd",
        abstract: "Holds the tokens of connected accounts in memory, and hands each process what it may see.",
        version: Daemon.version)

    @Option(name: .long, help: "The configuration file.")
    var config: String?

    @Option(
        name: .customLong("import"),
        help: ArgumentHelp(
            "Go on from what 'purser export' wrote there, and remove it; if there is no such file, start as ever.",
            valueName: "file"))
    var importPath: String?

    @Flag(name: .long, help: "Check the configuration, print what is wrong with it, and exit.")
    var checkConfig = false

    @Flag(name: .long, help: "Run with simulated providers and accounts, to try the daemon.")
    var demo = false

    @Flag(name: .long, help: "Log at debug level.")
    var verbose = false

    /// How long the end of the process waits for a journal that takes nothing.
    private static let flushTimeout: Duration = .seconds(2)

    func validate() throws {
        guard importPath == nil || !(demo || checkConfig) else {
            throw ValidationError("--import goes with a daemon that runs on a configuration.")
        }
        guard !(demo && (checkConfig || config != nil)) else {
            throw ValidationError("--demo brings its own configuration; leave --config and --check-config out.")
        }
    }

    func run() async throws {
        let environment = ServiceEnvironment.current()
        let log = startLog(environment)
        // Whatever ends the daemon in order, the last words and the last of the audit are written.
        defer { log.flush(timeout: Self.flushTimeout) }
        do {
            let file = ConfigurationFile(
                path: config ?? DefaultPaths.configuration,
                credentialsDirectory: CredentialsDirectory.path(in: environment))
            if checkConfig { return try check(file) }
            let daemon = Daemon(
                environment: environment, logger: Logger(label: "purserd"), auditHasRoom: { log.hasRoom })
            if demo { try await daemon.run(Demo.start()) } else { try await daemon.run(file, importing: importPath) }
        } catch {
            // In their order.
            log.flush(timeout: Self.flushTimeout)
            Terminal.complain("purserd: \(error)")
            // systemd starts it again at once, so that the next one finds the vault; not in a tight loop, though.
            if environment[.notifySocket] != nil { try await Task.sleep(for: .seconds(3)) }
            throw ExitCode.failure
        }
    }

    private func check(_ file: ConfigurationFile) throws {
        let configuration = try file.load()
        for warning in configuration.warnings { Terminal.show("warning: \(warning)") }
        Terminal.show("\(file.path ?? ""): valid")
    }

    private func startLog(_ environment: ServiceEnvironment) -> LogQueue {
        let destination = LoggingBootstrap.choose(environment: environment)
        let level: Logger.Level = verbose ? .debug : demo ? .error : .info
        let queue = LogQueue(
            countingApart: Daemon.auditField, output: LoggingBootstrap.output(for: destination, identifier: "purserd"))
        LoggingSystem.bootstrap(
            LoggingBootstrap.handlers(level: level, output: { queue.put($0) }), metadataProvider: nil)
        return queue
    }
}
