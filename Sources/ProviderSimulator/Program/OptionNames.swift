// What stands on the command line, by name. Each of these throws what to write instead.

extension SimulatorOptions.Target {
    /// All names that ``init(named:)`` reads.
    package static let names = "all, " + byName.map(\.name).joined(separator: ", ")

    package init(named name: String) throws(SimulatorOptionError) {
        if name == "all" {
            self = .all
        } else if let found = Self.byName.first(where: { $0.name == name }) {
            self = .one(found.endpoint)
        } else {
            throw SimulatorOptionError(description: "write one of \(Self.names)")
        }
    }

    /// Nil for all.
    var endpoint: AuthorizationServer.Endpoint? {
        if case .one(let endpoint) = self { endpoint } else { nil }
    }

    var name: String? { Self.byName.first { $0.endpoint == endpoint }?.name }

    /// The last part of the usual path, where there is one.
    private static let byName: [(name: String, endpoint: AuthorizationServer.Endpoint)] = [
        ("token", .token), ("authorize", .authorization), ("revoke", .revocation), ("introspect", .introspection),
        ("userinfo", .userinfo), ("connections", .connections), ("device-code", .deviceAuthorization),
        ("device", .deviceVerification), ("discovery", .discovery), ("jwks", .keys), ("api", .api),
    ]
}

extension SimulatedProvider {
    /// The slugs of all.
    package static let names = allCases.map(\.slug).joined(separator: ", ")

    package init(named name: String) throws(SimulatorOptionError) {
        guard let provider = Self(rawValue: name) else {
            throw SimulatorOptionError(
                description: "write one of \(Self.names), or leave --provider out for one that does as the RFCs say")
        }
        self = provider
    }
}

extension RefreshTokenPolicy {
    /// All names that ``init(named:)`` reads, and what they mean.
    package static let names = """
        never (the token stays), refuse (a used one is refused), revoke (a used one ends the grant), accept (a used one is \
        as good as new), grace=SECONDS (for so long it is, then it ends the grant)
        """

    package init(named name: String) throws(SimulatorOptionError) {
        switch name {
        case "never": self = .lasting
        case "refuse": self = .rotating(.refuse)
        case "revoke": self = .rotating(.revokeFamily)
        case "accept": self = .rotating(.accept)
        default:
            guard name.hasPrefix("grace="), let seconds = UInt32(name.dropFirst(6)) else {
                throw SimulatorOptionError(description: "write \(Self.names)")
            }
            self = .rotating(.grace(.seconds(seconds), thenRevokeFamily: true))
        }
    }
}
