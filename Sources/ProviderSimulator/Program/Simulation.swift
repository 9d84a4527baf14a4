internal import UnixSignals

/// The simulator as a program: one provider with one client and one connected user, on a port of its own.
package struct Simulation: Sendable {
    /// Where it is served.
    package let tokenURL: String
    package let clientID: String
    package let clientSecret: String
    /// The first one of its user; nil where the provider gives none.
    package let refreshToken: String?
    /// A file with what a client must trust; nil without TLS.
    package var authorityFile: String? { authority?.path }

    private let options: SimulatorOptions
    private let server: ProviderServer
    private let authority: TemporaryFile?

    /// Serves until SIGINT or SIGTERM. `show` is called for each line that a person should see, and must not block. Throws
    /// why it cannot begin.
    package static func run(_ options: SimulatorOptions, show: @escaping @Sendable (String) -> Void) async throws {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        let simulation = try await start(options, show: show)
        show(simulation.introduction)
        for await _ in signals { break }
        await simulation.stop()
    }

    /// Serves until ``stop()``.
    package static func start(
        _ options: SimulatorOptions, show: @escaping @Sendable (String) -> Void
    ) async throws -> Simulation {
        try options.check()
        let authority = options.speaksTLS ? try SimulatedAuthority() : nil
        let file = try authority.map { try TemporaryFile(holding: $0.certificate) }
        let role = SimulatedRole(options)
        let (provider, refreshToken) = role.server()
        do {
            let server = try await ProviderServer.start(
                port: options.port, providers: [role.slug: provider], authority: authority,
                onEvent: { show($0.event.description) })
            return Simulation(options, role, refreshToken, server, file)
        } catch {
            file?.remove()
            throw error
        }
    }

    private init(
        _ options: SimulatorOptions, _ role: SimulatedRole, _ refreshToken: String?, _ server: ProviderServer,
        _ authority: TemporaryFile?
    ) {
        // A name that never resolves (RFC 6761 section 6.4), with TLS as every address has that is not this machine's.
        let tokenURL =
            (options.hidesHost ? "https://provider-simulator.invalid/" : server.baseURL + "/") + role.slug + "/token"
        if options.hidesHost { server.withProvider(role.slug) { provider, _ in provider.tokenURL = tokenURL } }
        self.tokenURL = tokenURL
        self.options = options
        self.server = server
        self.authority = authority
        self.refreshToken = refreshToken
        clientID = role.clientID
        clientSecret = role.clientSecret
    }

    /// Ends every connection, and removes the authority's file.
    package func stop() async {
        await server.stop()
        authority?.remove()
    }

    /// What a person needs to begin with.
    package var introduction: String {
        let role = SimulatedRole(options)
        var lines = [
            "Simulated provider \(role.slug): \(faults)", "",
            "  issuer          \(server.baseURL)/\(role.slug)", "  token endpoint  \(tokenURL)",
            "  client id       \(clientID)", "  client secret   \(clientSecret)",
        ]
        if let refreshToken { lines.append("  refresh token   \(refreshToken)") }
        if let authorityFile { lines.append("  authority       \(authorityFile)") }
        lines += [
            "", "Try it:", "", "  " + role.curl(tokenURL, refreshToken: refreshToken, authorityFile: authorityFile), "",
            "Each request and what it met is shown below; Ctrl-C ends it.", "",
        ]
        return lines.joined(separator: "\n")
    }

    private var faults: String {
        guard !options.faults.isEmpty else { return "no faults; --fault and --list-faults have some" }
        let requests = options.target.name.map { "\($0) requests" } ?? "requests"
        if let rate = options.rate {
            return "\(rate) of \(requests) meet one of \(options.faults.count) faults (seed \(options.seed))"
        }
        let names = options.faults.map(\.name).joined(separator: ", ")
        guard let times = options.times else { return "\(requests) meet \(names)" }
        return "the next \(times) \(requests) meet \(names); then all is well"
    }
}
