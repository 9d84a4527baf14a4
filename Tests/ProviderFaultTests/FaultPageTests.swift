import OAuth
import ProviderSimulator
import TestKit
import Testing

@Suite("The published table of faults", .timeLimit(.minutes(1)))
struct FaultPageTests {
    @Test("The page is the table")
    func published() throws {
        #expect(try RepositoryFile.text("Sources/ProviderSimulator/FAULTS.md") == FaultKind.markdown())
        #expect(FaultKind.all.count >= 20)
    }

    @Test("Each row's verdict is one of the published table of failures", arguments: FaultKind.all)
    func verdict(of kind: FaultKind) {
        guard case .failed(let failureClass, let reason, let maybeApplied) = kind.meaning else { return }
        #expect(FailureTable.rows.contains { $0.reason == reason && $0.failureClass == failureClass })
        // A client that took an applied request for one that was not would end the grant.
        #expect(maybeApplied || !kind.fault.isApplied || failureClass != .transient)
    }

    @Test("Over a real connection the daemon makes of each fault what its row says", arguments: FaultKind.all)
    func meaning(of kind: FaultKind) async throws {
        let fault = kind.fault.brief
        let seen = try await withSimulation(SimulatorOptions([fault])) { try await $0.refresh(1) }
        let expected = Seen(kind.meaning)
        // Where no name server answers at all, the resolver outlasts the time allowed for connecting.
        let elsewhere = Seen.failed(.transient, reason: "timeout", maybeApplied: false)
        #expect(seen == [expected] || fault == .unresolvableHost && seen == [elsewhere])
    }

    @Test(
        "What a row says of the request is so: one that was not carried out may be sent again",
        arguments: FaultKind.all.filter { $0.fault != .unresolvableHost })
    func application(of kind: FaultKind) async throws {
        let seen = try await withSimulation(SimulatorOptions([kind.fault.brief], times: 1)) { try await $0.refresh(2) }
        #expect((seen.last == .granted) == !kind.fault.isApplied)
    }
}

extension FaultKind: CustomTestStringConvertible {
    package var testDescription: String { name }
}

extension Fault {
    /// The same without the time that a test cannot wait for.
    fileprivate var brief: Fault {
        switch self {
        case .delayed: .delayed(.milliseconds(10))
        case .slowBytes: .slowBytes(every: .milliseconds(1))
        default: self
        }
    }
}
