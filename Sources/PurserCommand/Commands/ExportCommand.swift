internal import ArgumentParser
internal import PurserClient

/// `purser export FILE`
struct ExportCommand: CallingCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Hand all accounts over to a later daemon, sealed: for a reboot, or another machine.",
        discussion: """
            The daemon seals what it holds with the key that its configuration names under 'export', and refreshes and \
            changes nothing from then on: it serves the tokens that live until it is stopped. 'purserd --import FILE' \
            goes on where this one ended, once; restarting this daemon instead makes the file worthless.
            """)

    @Argument(help: "Where to write the export, readable by its owner only; '-' is standard output.")
    var file: String

    @Option(
        name: .long, help: "How many seconds to wait for refreshes that are under way, 0 to 60.")
    var wait: Int = 10

    @OptionGroup(title: "Options of every command")
    var options: GlobalOptions

    func validate() throws {
        guard (0...60).contains(wait) else { throw ValidationError("--wait takes 0 to 60 seconds.") }
        guard !file.isEmpty else { throw ValidationError("FILE is empty; '-' is standard output.") }
    }

    func run(_ client: PurserClient, in environment: CommandEnvironment) async throws {
        guard file != "-" else {
            _ = try await pages(client) { try environment.output.write($0) }
            return
        }
        // Made before the accounts are handed over: where it cannot be, nothing has happened.
        let destination = try ReplacedFile(path: file)
        let connections: Int
        do {
            connections = try await pages(client) { try destination.write($0) }
            try destination.commit()
        } catch let failure as CommandFailure {
            // The last page may have been fetched, and what was fetched is nowhere.
            try environment.errors.write("There is no export: make one in another place, or restart the daemon.\n")
            throw failure
        }
        try environment.output.write(
            options.json
                ? "{\"connections\":\(connections)}\n"
                : """
                \(connections) \(connections == 1 ? "connection is" : "connections are") in \(file.printable), sealed.
                This daemon refreshes nothing any more: stop it, and start the next one with --import \(file.printable)

                """)
    }

    /// Passes the export on line by line; gives how many connections are in it.
    private func pages(_ client: PurserClient, _ write: (String) throws -> Void) async throws -> Int {
        var page = try await client.call("daemon.export", ["timeoutMs": .int(wait * 1000)])
        while true {
            for line in page["lines"]?.array ?? [] { try write((line.string ?? "") + "\n") }
            guard let cursor = page["nextCursor"]?.string else { return page["connections"]?.int ?? 0 }
            page = try await client.call("daemon.export", ["cursor": .string(cursor)])
        }
    }
}
