internal import ArgumentParser
internal import PurserClient

/// `purser status`
struct StatusCommand: CallingCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show how the daemon is: accounts by status, refreshes, vault, configuration, providers.")

    @OptionGroup(title: "Options of every command")
    var options: GlobalOptions

    func run(_ client: PurserClient, in environment: CommandEnvironment) async throws {
        let status = try await client.call("daemon.status")
        let output = environment.output
        try output.write(
            options.json ? "\(status)\n" : statusText(status, now: environment.now(), palette: output.palette))
    }
}
