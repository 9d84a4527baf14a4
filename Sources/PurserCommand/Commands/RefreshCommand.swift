internal import ArgumentParser
internal import PurserClient

/// `purser refresh CONNECTION`
struct RefreshCommand: CallingCommand {
    static let configuration = CommandConfiguration(
        commandName: "refresh",
        abstract: "Refresh a connection's token; where only its user can help, ask for consent.")

    @Argument(help: "The connection's id, its alias, or its account's identifier.")
    var connection: String

    @Flag(name: .customLong("no-browser"), help: "Print a link, whatever screen there is.")
    var noBrowser = false

    @OptionGroup(title: "Options of every command")
    var options: GlobalOptions

    func run(_ client: PurserClient, in environment: CommandEnvironment) async throws {
        let outcome = try await client.refreshConnection(connection)
        if let link = outcome.link {
            let consent = Consent(link: link, client: client, environment: environment, mayOpenBrowser: !noBrowser)
            return try tell(try await consent.finished(), nil, isJSON: options.json, environment)
        }
        let reason = outcome.statusReason.map { " (\($0))" } ?? ""
        let text =
            options.json
            ? "\(outcomeObject(outcome))"
            : "\(outcome.id) is \(outcome.status)\(reason); its token is fresh.".printable
        try environment.output.write(text + "\n")
    }

    private func outcomeObject(_ outcome: ConnectionOutcome) -> JSONValue {
        [
            "id": .string(outcome.id), "status": .string(outcome.status.rawValue),
            "statusReason": outcome.statusReason.map(JSONValue.string) ?? .null,
        ]
    }
}
