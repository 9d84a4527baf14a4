import Glibc
import OAuth
import ProviderSimulator
import Synchronization
import TestKit
import Testing

@Suite("The simulator as a program", .timeLimit(.minutes(1)))
struct SimulationTests {
    @Test(
        "Without a fault it refreshes, with TLS and without, and its authority must be trusted",
        arguments: [true, false])
    func well(isTLS: Bool) async throws {
        var options = SimulatorOptions()
        options.isTLS = isTLS
        options.rotation = .lasting
        try await withSimulation(options) { simulation in
            #expect(simulation.tokenURL.hasPrefix(isTLS ? "https://127.0.0.1:" : "http://127.0.0.1:"))
            let trusting = try await simulation.refresh(2)
            #expect(trusting == [.granted, .granted])
            guard isTLS else { return }
            let distrusting = try await simulation.refresh(1, trusting: false)
            #expect(distrusting.map(\.reason) == ["tls"])
        }
    }

    @Test("Faults are met by turns, those of TLS among them")
    func turns() async throws {
        let faults: [Fault] = [.tls(.expired), .emptyBody, .tls(.refused), .gatewayPage(status: 503)]
        let seen = try await withSimulation(SimulatorOptions(faults)) { try await $0.refresh(6) }
        #expect(seen.map(\.reason) == ["tls", "empty_answer", "tls", "upstream_5xx", "tls", "empty_answer"])
    }

    @Test("After so many requests all is well")
    func times() async throws {
        let options = SimulatorOptions([.emptyBody, .tls(.wrongHost)], times: 3)
        let seen = try await withSimulation(options) { try await $0.refresh(4) }
        #expect(seen.map(\.reason) == ["empty_answer", "tls", "empty_answer", "granted"])
    }

    @Test("One seed gives one course of a mix")
    func mix() async throws {
        var options = SimulatorOptions(Fault.harmless)
        options.rate = 0.5
        options.seed = 7
        options.rotation = .lasting
        let course = try await withSimulation(options) { try await $0.refresh(20) }
        #expect(try await withSimulation(options) { try await $0.refresh(20) } == course)
        #expect((5...15).contains(course.count { $0 == .granted }))
    }

    @Test("The faults meet the requests that they are meant for")
    func target() async throws {
        var options = SimulatorOptions([.gatewayPage(status: 503)])
        options.target = .one(.userinfo)
        #expect(try await withSimulation(options) { try await $0.refresh(1) } == [.granted])
    }

    @Test(
        "Its first words are all that a client needs, and then each request is told",
        arguments: SimulatedProvider.allCases)
    func words(provider: SimulatedProvider) async throws {
        let lines = Mutex<[String]>([])
        var options = SimulatorOptions([.tls(.selfSigned), .truncatedJSON])
        options.provider = provider
        try await withSimulation(options) { line in
            lines.withLock { $0.append(line) }
        } _: { simulation in
            let introduction = simulation.introduction
            let file = try #require(simulation.authorityFile)
            for word in [simulation.tokenURL, simulation.clientID, simulation.clientSecret, file, "--cacert \(file)"] {
                #expect(introduction.contains(word))
            }
            #expect(introduction.contains("refresh_token=\(simulation.refreshToken ?? "?")") || provider == .notion)
            #expect(introduction.contains("meet tls_self_signed, truncated_json"))
            _ = try await simulation.refresh(2)
        }
        let told = lines.withLock { $0 }
        #expect(told.contains("a connection met the fault tls_self_signed"))
        #expect(told.contains("token request met the fault truncated_json"))
    }

    @Test("The authority's file is there as long as it is served, for its owner alone")
    func authorityFile() async throws {
        let path = try await withSimulation(SimulatorOptions([.tls(.expired)])) { simulation in
            let path = try #require(simulation.authorityFile)
            var status = stat()
            #expect(unsafe stat(path, &status) == 0)
            #expect(status.st_mode & 0o777 == 0o600)
            return path
        }
        #expect(unsafe access(path, F_OK) == -1)
    }

    @Test(
        "Options that do not go together are refused, with what to do",
        arguments: [
            (SimulatorOptions([.unresolvableHost, .reset]), "alone"), (SimulatorOptions([], times: 1), "--fault"),
            (SimulatorOptions([.reset]).with { $0.rate = 2 }, "0.5"),
            (SimulatorOptions().with { $0.rate = 1 }, "--mix"),
            (SimulatorOptions([.reset], times: 1).with { $0.rate = 1 }, "--rate"),
        ])
    func refused(options: SimulatorOptions, hint: String) {
        let error = #expect(throws: SimulatorOptionError.self) { try options.check() }
        #expect(error?.description.contains(hint) == true)
    }

    @Test("Endpoints, providers and rules of rotation have names")
    func names() throws {
        #expect(try SimulatorOptions.Target(named: "all") == .all)
        #expect(try SimulatorOptions.Target(named: "revoke") == .one(.revocation))
        #expect(try SimulatedProvider(named: "github-app-user") == .githubAppUser)
        #expect(try RefreshTokenPolicy(named: "grace=600") == .rotating(.grace(.seconds(600), thenRevokeFamily: true)))
        let wrong: [(hint: String, read: () throws -> Void)] = [
            ("introspect", { _ = try SimulatorOptions.Target(named: "tokens") }),
            ("salesforce", { _ = try SimulatedProvider(named: "sales") }),
            ("grace=SECONDS", { _ = try RefreshTokenPolicy(named: "grace=ten") }),
        ]
        for name in wrong {
            let error = #expect(throws: SimulatorOptionError.self) { try name.read() }
            #expect(error?.description.contains(name.hint) == true)
        }
    }
}

extension SimulatorOptions {
    fileprivate func with(_ change: (inout SimulatorOptions) -> Void) -> SimulatorOptions {
        var changed = self
        change(&changed)
        return changed
    }
}
