/// Which requests meet which faults. The first rule that speaks for a request decides.
package struct FaultPlan: Sendable {
    fileprivate struct Rule: Sendable {
        var endpoint: AuthorizationServer.Endpoint?
        var clientID: String?
        var schedule: Schedule
        var random: SeededGenerator
        /// What the next request meets, where the connection that it comes on has asked already.
        var foreseen: Fault??
    }

    /// When a rule strikes.
    package enum Schedule: Sendable, Equatable {
        /// The next requests meet these, one each and in this order; then the rule is over.
        case next([Fault])
        case always(Fault)
        /// Each request meets the next of these, over and over.
        case turns([Fault])
        /// Each request meets one of the faults with this probability; the same seed gives the same course.
        case random(rate: Double, of: [Fault], seed: UInt64)
    }

    private var rules: [Rule] = []

    package init() {}

    /// Adds a rule behind those there are. Nil stands for every endpoint, and for every client.
    package mutating func add(
        _ schedule: Schedule, at endpoint: AuthorizationServer.Endpoint? = .token, clientID: String? = nil
    ) {
        var seed: UInt64 = 0
        if case .random(_, _, let given) = schedule { seed = given }
        let random = SeededGenerator(seed: seed)
        rules.append(Rule(endpoint: endpoint, clientID: clientID, schedule: schedule, random: random))
    }

    /// The next `count` requests meet the fault.
    package mutating func addNext(
        _ count: Int, _ fault: Fault, at endpoint: AuthorizationServer.Endpoint? = .token, clientID: String? = nil
    ) {
        add(.next(Array(repeating: fault, count: max(0, count))), at: endpoint, clientID: clientID)
    }

    /// All is well again.
    package mutating func clear() { rules = [] }

    /// The fault that this request meets, which counts as met.
    mutating func next(at endpoint: AuthorizationServer.Endpoint, clientID: String?) -> Fault? {
        for index in rules.indices where rules[index].speaksFor(endpoint, clientID) {
            let fault = rules[index].next()
            if rules[index].isOver { rules.remove(at: index) }
            return fault
        }
        return nil
    }

    /// The fault of TLS that a connection meets which comes now, and which counts as met. All other faults stay for the
    /// requests on it.
    mutating func nextHandshake() -> Fault.Handshake? {
        for index in rules.indices where !rules[index].isOver {
            guard case .tls(let handshake) = rules[index].foresee() else { continue }
            _ = rules[index].next()
            if rules[index].isOver { rules.remove(at: index) }
            return handshake
        }
        return nil
    }
}

extension FaultPlan.Rule {
    fileprivate func speaksFor(_ endpoint: AuthorizationServer.Endpoint, _ clientID: String?) -> Bool {
        !isOver && (self.endpoint ?? endpoint) == endpoint && (self.clientID == nil || self.clientID == clientID)
    }

    fileprivate var isOver: Bool { foreseen == nil && (schedule == .next([]) || schedule == .turns([])) }

    fileprivate mutating func foresee() -> Fault? {
        let fault = foreseen ?? draw()
        foreseen = .some(fault)
        return fault
    }

    fileprivate mutating func next() -> Fault? {
        defer { foreseen = nil }
        return foresee()
    }

    private mutating func draw() -> Fault? {
        switch schedule {
        case .next(let faults):
            schedule = .next(Array(faults.dropFirst()))
            return faults.first
        case .always(let fault):
            return fault
        case .turns(let faults):
            schedule = .turns(Array(faults.dropFirst() + faults.prefix(1)))
            return faults.first
        case .random(let rate, let faults, _):
            guard Double.random(in: 0..<1, using: &random) < rate else { return nil }
            return faults.randomElement(using: &random)
        }
    }
}

/// A small generator whose course is fixed by its seed: SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number
/// Generators, 2014). Not for secrets.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) {
        state = seed
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
