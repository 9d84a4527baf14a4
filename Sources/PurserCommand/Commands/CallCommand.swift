internal import ArgumentParser
internal import PurserClient
internal import SecretBytes

/// `purser call METHOD [JSON]`
struct CallCommand: CallingCommand {
    static let configuration = CommandConfiguration(
        commandName: "call",
        abstract: "Call any method and print its result.",
        discussion: """
            The result is printed as the daemon gives it, live secrets included.

            Examples:
              purser call rpc.discover
              purser call getAccounts '{"provider": "github"}'
              purser call getConnectionCredentials '["con_octocat"]'
            """)

    @Argument(help: "The method; rpc.discover describes them all.")
    var method: String

    @Argument(
        help: ArgumentHelp(
            "Its parameters, an object or an array; '-' reads them from standard input.", valueName: "json"))
    var parameters: String?

    @OptionGroup(title: "Options of every command")
    var options: GlobalOptions

    func run(_ client: PurserClient, in environment: CommandEnvironment) async throws {
        let answer = try await client.callText(try request(environment))
        try answer.withUTF8 { result in
            let isForPeople = environment.output.isTerminal && !options.json
            let text = isForPeople ? indentedJSON(result) : line(result)
            try text.withBytes { try environment.output.write($0) }
        }
    }

    private func request(_ environment: CommandEnvironment) throws -> RequestLine {
        switch parameters {
        case nil: return try RequestLine(method, parametersText: SecretBytes(utf8: "{}"))
        case "-": return try RequestLine(method, parametersText: try environment.readInput())
        case let text?: return try RequestLine(method, parametersText: SecretBytes(utf8: text))
        }
    }

    private func line(_ text: Span<UInt8>) -> SecretBuffer {
        var line = SecretBuffer(minimumCapacity: text.count + 1)
        line.append(text)
        line.append(UInt8(ascii: "\n"))
        return line
    }
}
