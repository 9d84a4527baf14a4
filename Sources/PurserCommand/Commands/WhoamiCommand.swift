internal import ArgumentParser
internal import PurserClient

/// `purser whoami`
struct WhoamiCommand: CallingCommand {
    static let configuration = CommandConfiguration(
        commandName: "whoami",
        abstract: "Show how the daemon sees the caller, and what it allows.",
        discussion: """
            With --operation, also whether that operation is allowed, on --connection or on anything at all, and which \
            grant decides. The exit code is 4 if it is not.
            """)

    @Option(help: "An operation, such as credentials:read.")
    var operation: String?

    @Option(help: "A connection's id, its alias, or its account's identifier.")
    var connection: String?

    @OptionGroup(title: "Options of every command")
    var options: GlobalOptions

    func validate() throws {
        if connection != nil, operation == nil { throw ValidationError("--connection needs --operation.") }
    }

    func run(_ client: PurserClient, in environment: CommandEnvironment) async throws {
        var parameters = JSONObject()
        parameters["operation"] = operation.map(JSONValue.string)
        parameters["connectionId"] = connection.map(JSONValue.string)
        let answer = try await client.call("daemon.explain", .object(parameters))
        let output = environment.output
        try output.write(options.json ? "\(answer)\n" : whoamiText(answer, palette: output.palette))
        if answer["decision"]?["allowed"] == false { throw CommandFailure(.forbidden) }
    }
}
