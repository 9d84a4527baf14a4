internal import ArgumentParser
internal import PurserClient

/// `purser alias CONNECTION [ALIAS]`
struct AliasCommand: CallingCommand {
    static let configuration = CommandConfiguration(
        commandName: "alias", abstract: "Give a connection a name, or take its name away.")

    @Argument(help: "The connection's id, its alias, or its account's identifier.")
    var connection: String

    @Argument(help: "The name, unique among its user's connections of the toolkit; none takes it away.")
    var alias: String?

    @OptionGroup(title: "Options of every command")
    var options: GlobalOptions

    func run(_ client: PurserClient, in environment: CommandEnvironment) async throws {
        let changed = try await client.shownConnection(settingAlias: alias ?? "", of: connection)
        let name = changed.account.alias.map { "is called \($0)" } ?? "has no alias"
        try environment.output.write(
            options.json ? "\(changed.json)\n" : "\(changed.account.id) \(name).".printable + "\n")
    }
}
