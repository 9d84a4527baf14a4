import ArgumentParser
import Glibc
import ProviderSimulator

/// The simulated provider's command line.
@main
struct ProviderSimulatorProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provider-simulator",
        abstract:
            "An OAuth provider on this machine that goes wrong as it is told to, for any client to be tried against.",
        discussion: """
            Several faults are met by turns, one a request. Without any the provider does all things right.

              provider-simulator --fault truncated_json
              provider-simulator --fault gateway_page:503 --fault reset --times 4
              provider-simulator --provider xero --mix --rate 0.3 --seed 7
              provider-simulator --fault tls_expired
            """)

    @Option(
        name: .customLong("fault"), parsing: .singleValue,
        help: ArgumentHelp("A fault that requests meet; --list-faults has them all.", valueName: "name[:setting]"),
        transform: { try Fault(named: $0) })
    var faults: [Fault] = []

    @Flag(help: "A mix of faults that end by themselves and leave every grant alive; by --rate, or 0.3.")
    var mix = false

    @Option(help: ArgumentHelp("The part of the requests that meet a fault, from 0 to 1.", valueName: "part"))
    var rate: Double?

    @Option(help: ArgumentHelp("One seed gives one course of the mix.", valueName: "number"))
    var seed: UInt64?

    @Option(help: ArgumentHelp("Only so many requests meet a fault; then all is well.", valueName: "count"))
    var times: Int?

    @Option(
        help: ArgumentHelp(
            "Whose requests meet the faults: \(SimulatorOptions.Target.names). The default is token.",
            valueName: "endpoint"),
        transform: { try .init(named: $0) })
    var at = SimulatorOptions.Target.one(.token)

    @Option(
        help: ArgumentHelp(
            "Whose manners it has: \(SimulatedProvider.names). Without it those of the RFCs.", valueName: "slug"),
        transform: { try .init(named: $0) })
    var provider: SimulatedProvider?

    @Option(help: ArgumentHelp("How long access tokens live.", valueName: "seconds"))
    var lifetime: UInt32?

    @Option(
        help: ArgumentHelp("What becomes of used refresh tokens: \(RefreshTokenPolicy.names).", valueName: "rule"),
        transform: { try .init(named: $0) })
    var rotation: RefreshTokenPolicy?

    @Option(help: ArgumentHelp("The port on 127.0.0.1; by default any.", valueName: "number"))
    var port: UInt16?

    @Flag(help: "Speak TLS with a certificate that is right; the faults of TLS do so by themselves.")
    var tls = false

    @Flag(help: "List the faults, what a client sees of each, and what Purser makes of it.")
    var listFaults = false

    func validate() throws {
        guard !mix || faults.isEmpty else {
            throw ValidationError("--mix brings its own faults; for a mix of yours leave it out and write --rate.")
        }
        do { try options.check() } catch { throw ValidationError("\(error).") }
    }

    func run() async throws {
        if listFaults { return print(FaultKind.list(), terminator: "") }
        try await Simulation.run(options) { line in
            print(line)
            // At once, to a file or a pipe as well.
            fflush(nil)
        }
    }

    private var options: SimulatorOptions {
        var options = SimulatorOptions()
        options.provider = provider
        options.faults = mix ? Fault.harmless : faults
        options.rate = mix ? rate ?? 0.3 : rate
        options.seed = seed ?? .random(in: 0..<1000)
        options.times = times
        options.target = at
        options.port = Int(port ?? 0)
        options.lifetime = lifetime.map { .seconds($0) }
        options.rotation = rotation
        options.isTLS = tls
        return options
    }
}
