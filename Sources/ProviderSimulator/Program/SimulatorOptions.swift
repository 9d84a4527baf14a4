/// What a person asks of the simulator on its command line.
package struct SimulatorOptions: Sendable {
    /// Nil: one that does as the RFCs say.
    package var provider: SimulatedProvider?
    /// Met by turns, or by chance where there is a ``rate``.
    package var faults: [Fault] = []
    /// The part of the requests that meet a fault. Nil: all.
    package var rate: Double?
    /// Of the chance.
    package var seed: UInt64 = 1
    /// How many requests meet a fault before all is well. Nil: there is no end.
    package var times: Int?
    package var target = Target.one(.token)
    /// 0: any that is free.
    package var port = 0
    /// Of access tokens. Nil: the provider's.
    package var lifetime: Duration?
    /// Nil: the provider's.
    package var rotation: RefreshTokenPolicy?
    /// Whether it speaks TLS without a fault of TLS, too.
    package var isTLS = false

    package init() {}

    /// Where the requests go that meet the faults.
    package enum Target: Sendable, Equatable {
        case all
        case one(AuthorizationServer.Endpoint)
    }

    /// Throws what to write instead, where the options do not go together.
    package func check() throws(SimulatorOptionError) {
        if let rate, !(0...1).contains(rate) {
            throw SimulatorOptionError(
                description: "--rate is a part of all requests, from 0 to 1; for half of them write 0.5")
        }
        guard rate == nil || !faults.isEmpty else {
            throw SimulatorOptionError(description: "--rate says how often; say what with --mix or --fault as well")
        }
        guard times == nil || !faults.isEmpty && rate == nil else {
            throw SimulatorOptionError(
                description: "--times counts the faults named with --fault; leave --mix and --rate out")
        }
        guard !hidesHost || faults == [.unresolvableHost] && rate == nil && times == nil else {
            throw SimulatorOptionError(
                description: "unresolvable_host is in the address that a client reads once; give it alone")
        }
    }

    var plan: FaultPlan {
        var plan = FaultPlan()
        guard !faults.isEmpty, !hidesHost else { return plan }
        let schedule: FaultPlan.Schedule =
            if let rate {
                .random(rate: rate, of: faults, seed: seed)
            } else if let times {
                .next((0..<max(0, times)).map { faults[$0 % faults.count] })
            } else {
                .turns(faults)
            }
        plan.add(schedule, at: target.endpoint)
        return plan
    }

    /// Whether the token endpoint is published where nothing is.
    var hidesHost: Bool { faults.contains(.unresolvableHost) }

    var speaksTLS: Bool {
        isTLS || faults.contains { if case .tls = $0 { true } else { false } }
    }
}

/// Why the simulator does not start.
package struct SimulatorOptionError: Error, Equatable, CustomStringConvertible {
    /// What to write instead.
    package var description: String
}
