internal import ArgumentParser
internal import PurserClient

/// `purser disconnect CONNECTION`
struct DisconnectCommand: CallingCommand {
    static let configuration = CommandConfiguration(
        commandName: "disconnect",
        abstract: "End a connection for good, at its provider too, and say which of its tokens are dead.")

    @Argument(help: "The connection's id, its alias, or its account's identifier. One account of several goes alone.")
    var connection: String

    @Flag(name: .customLong("keep-grant"), help: "Forget the tokens here, but do not revoke them at the provider.")
    var keepsGrant = false

    @OptionGroup(title: "Options of every command")
    var options: GlobalOptions

    func run(_ client: PurserClient, in environment: CommandEnvironment) async throws {
        let output = environment.output
        let deletion = try await client.delete(connection: connection, revokes: !keepsGrant)
        let text =
            options.json
            ? "\(object(deletion))\n"
            : deletionText(deletion, connection: connection, keepsGrant: keepsGrant, palette: output.palette)
        try output.write(text)
    }

    private func object(_ deletion: Deletion) -> JSONValue {
        let tokens = deletion.tokens.map { end -> JSONValue in
            ["token": .string(end.token), "outcome": .string(end.outcome.rawValue)]
        }
        guard let account = deletion.account else { return ["success": true, "tokens": .array(tokens)] }
        let end: JSONValue = [
            "accountIdentifier": .string(account.accountIdentifier),
            "outcome": account.outcome.map { .string($0.rawValue) } ?? .null,
        ]
        return ["success": true, "tokens": .array(tokens), "account": end]
    }
}
