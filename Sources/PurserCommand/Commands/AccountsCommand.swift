internal import ArgumentParser
internal import PurserClient

/// `purser accounts`
struct AccountsCommand: CallingCommand {
    static let configuration = CommandConfiguration(
        commandName: "accounts",
        abstract: "List the connected accounts in the caller's scope, without secrets.")

    @Option(help: "Only accounts at this provider.")
    var provider: String?

    @Option(help: "Only accounts connected for this toolkit.")
    var toolkit: String?

    @Option(help: "Only this user's accounts.")
    var user: String?

    @OptionGroup(title: "Options of every command")
    var options: GlobalOptions

    func run(_ client: PurserClient, in environment: CommandEnvironment) async throws {
        let filter = try await filter(client)
        if options.json {
            let items = filter == nil ? [] : try await client.connectedAccountsAsJSON(filter ?? .init())
            try environment.output.write("\(["items": .array(items), "nextCursor": nil] as JSONValue)\n")
            return
        }
        let accounts = filter == nil ? [] : try await client.connectedAccounts(filter ?? .init())
        if accounts.isEmpty {
            try environment.errors.write("No such connected account is in your scope; see: purser whoami\n")
        }
        let table = accountTable(accounts, now: environment.now())
        try environment.output.write(table.text(for: environment.output))
    }

    /// What to ask for; nil if nothing can fit. The list knows no providers, but the auth configs that belong to them.
    private func filter(_ client: PurserClient) async throws -> PurserClient.Filter? {
        var filter = PurserClient.Filter(userIDs: user.map { [$0] }, toolkits: toolkit.map { [$0] })
        guard let provider else { return filter }
        let integrations = try await client.call("listIntegrations")["integrations"]?.array ?? []
        let authConfigs = integrations.filter { $0["provider"]?.string == provider }
        filter.authConfigIDs = authConfigs.compactMap { $0["authConfigId"]?.string }
        return authConfigs.isEmpty ? nil : filter
    }
}
