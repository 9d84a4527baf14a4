internal import ArgumentParser
internal import PurserClient

/// The whole command line. Each subcommand makes calls and renders what was answered.
struct Purser: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purser",
        abstract: "Asks purserd, the keeper of agents' connected accounts.",
        discussion: """
            There is no login: the daemon knows from the kernel who is calling, and its configuration says what that \
            caller may have. 'purser whoami' shows both.

            Environment:
              PURSER_SOCKET  the daemon's socket, unless --socket is given. Default:
                             $XDG_RUNTIME_DIR/purser/purser.sock if that exists,
                             else /run/purser/purser.sock
              NO_COLOR       no colours on a terminal either

            Exit codes:
              0  done
              1  the daemon answered with an error, or an account was not connected
              2  the command line, or the parameters in it, are wrong
              3  the daemon cannot be reached, or did not answer
              4  not allowed: by the socket's permissions or by the daemon's rules;
                 also when that is what 'whoami --operation' found out
              130  Ctrl-C ended the waiting
            """,
        version: version,
        subcommands: [
            AccountsCommand.self, AliasCommand.self, CallCommand.self, CompleteLinkCommand.self, ConnectCommand.self,
            DisableCommand.self, DisconnectCommand.self, EnableCommand.self, ExportCommand.self, RefreshCommand.self,
            StatusCommand.self, WhoamiCommand.self,
        ])

    /// The release, as the daemon of the same one says it.
    static let version = "0.1.0"

    @OptionGroup(title: "Options of every command")
    var options: GlobalOptions
}

/// A command that calls the daemon.
protocol CallingCommand: ParsableCommand {
    var options: GlobalOptions { get }

    /// Does what the command says, with an open connection.
    func run(_ client: PurserClient, in environment: CommandEnvironment) async throws
}
