internal import ArgumentParser
internal import PurserClient

/// `purser enable CONNECTION`
struct EnableCommand: CallingCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable", abstract: "Let a disabled connection give credentials again.")

    @Argument(help: "The connection's id, its alias, or its account's identifier.")
    var connection: String

    @OptionGroup(title: "Options of every command")
    var options: GlobalOptions

    func run(_ client: PurserClient, in environment: CommandEnvironment) async throws {
        try await client.enable(connection: connection)
        try environment.output.write(
            options.json ? "{\"success\":true}\n" : "\(connection.printable) is enabled.\n")
    }
}

/// `purser disable CONNECTION`
struct DisableCommand: CallingCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable",
        abstract: "Keep a connection from giving credentials until it is enabled; its tokens live on.")

    @Argument(help: "The connection's id, its alias, or its account's identifier.")
    var connection: String

    @OptionGroup(title: "Options of every command")
    var options: GlobalOptions

    func run(_ client: PurserClient, in environment: CommandEnvironment) async throws {
        try await client.disable(connection: connection)
        try environment.output.write(
            options.json
                ? "{\"success\":true}\n" : "\(connection.printable) is disabled; it gives no credentials.\n")
    }
}
