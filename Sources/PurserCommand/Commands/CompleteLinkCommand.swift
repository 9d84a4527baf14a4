internal import ArgumentParser
internal import PurserClient
internal import SecretBytes

/// `purser complete-link URL`
struct CompleteLinkCommand: CallingCommand {
    static let configuration = CommandConfiguration(
        commandName: "complete-link",
        abstract: "Hand in the address at which a browser on another machine ended.",
        usage: "purser complete-link <url> [--socket <path>] [--json] [--timeout <seconds>]",
        discussion: """
            The address holds a code that is good for one login. As an argument it can be seen by other users of this \
            machine, and stays in the shell's history; '-' reads it from standard input instead.

            Example:
              purser complete-link -
            """)

    // Several, so that it is this command that refuses them: the parser's own message would repeat the code.
    @Argument(help: ArgumentHelp("The whole address; '-' reads it from standard input.", valueName: "url"))
    var addresses: [String]

    @OptionGroup(title: "Options of every command")
    var options: GlobalOptions

    func validate() throws {
        guard addresses.count == 1 else { throw ValidationError("Pass one address, in quotes; or '-'.") }
    }

    func run(_ client: PurserClient, in environment: CommandEnvironment) async throws {
        let given = addresses == ["-"] ? try environment.readInput() : SecretBytes(utf8: addresses.joined())
        guard let address = pastedAddress(given) else { throw CommandFailure(.usage, "there is no address to hand in") }
        let outcome = try await client.completeLink(redirectURL: address)
        try tell(try await client.shownConnection(outcome.id, timeout: nil), nil, isJSON: options.json, environment)
    }
}
