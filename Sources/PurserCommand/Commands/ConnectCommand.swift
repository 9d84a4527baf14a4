internal import ArgumentParser
internal import PurserClient

/// `purser connect PROVIDER|AUTH_CONFIG`
struct ConnectCommand: CallingCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect",
        abstract: "Connect a user's account: ask for consent in a browser, and wait for it.",
        discussion: """
            Opens the link in a browser of this machine's screen; without one, and over SSH, prints it. Ends when the \
            user has finished and says whose account it is, or what went wrong. Ctrl-C ends the waiting, not the link.

            A connection that has failed is connected again and keeps its id.

            Examples:
              purser connect github
              purser connect ac_gmail --user user_123 --alias work
              purser connect github --device
            """)

    @Argument(
        help: ArgumentHelp(
            "A provider or a toolkit, where it has one auth config; or an auth config's id, ac_….",
            valueName: "provider|auth-config"))
    var target: String

    @Option(help: "Whose account it will be; the login name if not given.")
    var user: String?

    @Option(help: "A name for the connection.")
    var alias: String?

    @Flag(help: "Connect it beside the account that this user has already.")
    var another = false

    @Flag(help: "Show a code to type in on any other machine, where the provider has that.")
    var device = false

    @Flag(name: .customLong("no-browser"), help: "Print the link, whatever screen there is.")
    var noBrowser = false

    @Option(help: ArgumentHelp("Where the browser goes on to afterwards.", valueName: "url"))
    var callbackURL: String?

    @OptionGroup(title: "Options of every command")
    var options: GlobalOptions

    func run(_ client: PurserClient, in environment: CommandEnvironment) async throws {
        guard let user = user ?? environment.person.loginName else {
            throw CommandFailure(.usage, "your login name is not known; pass --user")
        }
        let authConfig = try await AuthConfigChoice.find(target, client)
        let link = try await client.link(
            userID: user, authConfigID: authConfig.id, callbackURL: callbackURL, alias: alias,
            allowsMultiple: another, flow: device ? .device : nil)
        let consent = Consent(link: link, client: client, environment: environment, mayOpenBrowser: !noBrowser)
        try tell(try await consent.finished(), authConfig.providerName, isJSON: options.json, environment)
    }
}

/// Ends a command that waited for a user: says whose account is connected, or why none is.
func tell(
    _ connection: ShownConnection, _ providerName: String?, isJSON: Bool, _ environment: CommandEnvironment
) throws {
    let sentence = ConnectionSentence(account: connection.account, providerName: providerName)
    let isConnected = connection.account.status == .active
    if isJSON {
        try environment.output.write("\(connection.json)\n")
    } else if isConnected {
        try environment.output.write("\(sentence.connected)\n")
    }
    guard isConnected else { throw CommandFailure(.answeredWithError, isJSON ? nil : sentence.failure) }
}
