internal import ArgumentParser
internal import PurserClient

/// What every command takes, before or after its name.
struct GlobalOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The daemon's socket.", valueName: "path"))
    var socket: String?

    @Flag(help: "Print the result as one line of JSON; an error of the daemon too, on standard error.")
    var json = false

    @Option(help: ArgumentHelp("How long to wait for an answer; 75 if not given.", valueName: "seconds"))
    var timeout: Seconds?

    /// Opens the connection that these options describe.
    func connect() async throws(PurserError) -> PurserClient {
        var limits = PurserClient.Limits()
        if let timeout { limits.timeout = timeout.duration }
        return try await PurserClient.connect(to: socket.map { SocketPath($0) } ?? .default, limits: limits)
    }
}

/// A time in seconds as people write it: `5`, `0.5`.
struct Seconds: ExpressibleByArgument, Equatable {
    let duration: Duration

    /// More than nothing, at most a day.
    init?(argument: String) {
        guard let seconds = Double(argument), seconds > 0, seconds <= 86_400 else { return nil }
        duration = .seconds(seconds)
    }
}
