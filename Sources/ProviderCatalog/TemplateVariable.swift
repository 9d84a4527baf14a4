import OAuth

/// A named part of an address or a header that differs between auth configs or accounts, and what its value may be.
///
/// A value that ends in an address decides where a credential goes; so each kind says exactly what is acceptable.
package struct TemplateVariable: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        /// Printable ASCII, for a header.
        case value
        /// One segment of a path: letters, digits, `-`, `.`, `_`, `~`.
        case pathSegment
        /// One or more labels of a host name, such as `eu` or `com.au`.
        case hostLabel
        /// A whole host name with a dot in it; no address, no port.
        case hostname
        /// `https://` with a host name, and perhaps a path; no port, no query.
        case baseURL
        /// Any JSON. It is shown with the account and can stand in no template.
        case json
    }

    package enum Source: String, Sendable {
        /// `variables` of the auth config.
        case authConfig
        /// The account's fields.
        case account
        /// The auth config's client id.
        case clientID
    }

    package var name: String
    package var kind: Kind
    package var source: Source
    /// Whether an auth config has to say it: nothing works without.
    package var isRequired = false
    /// Used where none is given.
    package var defaultValue: String?
    /// The only acceptable values, if there are any.
    package var allowedValues: [String] = []
    /// The host must be one of these or end in one of them behind a dot, if there are any.
    package var hostSuffixes: [String] = []

    package init(name: String, kind: Kind, source: Source, defaultValue: String? = nil) {
        self.name = name
        self.kind = kind
        self.source = source
        self.defaultValue = defaultValue
    }

    /// Whether it can lead to few hosts only.
    var isConfined: Bool { !allowedValues.isEmpty || !hostSuffixes.isEmpty }

    /// `value` as it may be put into a template.
    package func checked(_ value: String) throws(TemplateProblem) -> String {
        if !allowedValues.isEmpty, !allowedValues.contains(value) {
            throw .unacceptable(name, "must be one of \(allowedValues.joined(separator: ", "))")
        }
        guard (1...1024).contains(value.utf8.count) else { throw .unacceptable(name, "must have 1 to 1024 bytes") }
        switch kind {
        case .value: try check(value, "must be printable ASCII") { (0x20...0x7E).contains($0) }
        case .pathSegment: try checkPathSegment(value)
        case .hostLabel: try checkName("\(value).example.com")
        case .hostname: try checkHost(value)
        case .baseURL: return try checkedBaseURL(value)
        case .json: throw .unacceptable(name, "cannot stand in a template")
        }
        return value
    }

    private func check(
        _ value: String, _ rule: String, _ isAllowed: (UInt8) -> Bool
    ) throws(TemplateProblem) {
        guard value.utf8.allSatisfy(isAllowed) else { throw .unacceptable(name, rule) }
    }

    private func checkPathSegment(_ value: String) throws(TemplateProblem) {
        let rule = "must be one path segment of letters, digits, '-', '.', '_' and '~'"
        try check(value, rule) { isAlphanumeric($0) || "-._~".utf8.contains($0) }
        guard value != ".", value != ".." else { throw .unacceptable(name, rule) }
    }

    private func checkHost(_ host: String) throws(TemplateProblem) {
        let address = try checkName(host)
        guard IPAddress(address.host) == nil else {
            throw .unacceptable(name, "must be a host name, not an IP address")
        }
        try checkReach(of: address.host)
        try checkSuffix(of: address.host)
    }

    /// A name as the public DNS has them: letters, digits and hyphens, and a dot somewhere.
    @discardableResult
    private func checkName(_ host: String) throws(TemplateProblem) -> EndpointAddress {
        let rule = "must be a host name, without scheme, port and path"
        try check(host, rule) { isAlphanumeric($0) || "-.".utf8.contains($0) }
        guard host.contains("."), let address = try? EndpointAddress.validate("https://\(host)/") else {
            throw .unacceptable(name, rule)
        }
        return address
    }

    /// Names that lead to this machine, or to whatever the network at hand calls so (RFC 6761, RFC 6762, RFC 8375). An
    /// operator may mean the latter; an answer from outside may not.
    private func checkReach(of host: String) throws(TemplateProblem) {
        func isIn(_ domains: String...) -> Bool {
            domains.contains { host == $0 || host.hasSuffix(".\($0)") }
        }
        guard !isIn("localhost", "localdomain") else { throw .unacceptable(name, "must not name this machine") }
        let isLocal = isIn("local", "internal", "intranet", "lan", "home.arpa", "in-addr.arpa", "ip6.arpa")
        guard source == .authConfig || !isLocal else {
            throw .unacceptable(name, "must be a name of the public internet")
        }
    }

    private func checkedBaseURL(_ value: String) throws(TemplateProblem) -> String {
        guard
            let address = try? EndpointAddress.validate(value), address.isSecure, !address.target.contains("?"),
            !address.target.contains("/.")
        else { throw .unacceptable(name, "must be an https address without a query") }
        let afterScheme = value.dropFirst("https://".count)
        guard !afterScheme.prefix(while: { $0 != "/" }).contains(":") else {
            throw .unacceptable(name, "must have no port")
        }
        try checkHost(address.host)
        return value.hasSuffix("/") ? String(value.dropLast()) : value
    }

    private func checkSuffix(of host: String) throws(TemplateProblem) {
        guard !hostSuffixes.isEmpty else { return }
        guard hostSuffixes.contains(where: { host == $0 || host.hasSuffix(".\($0)") }) else {
            throw .unacceptable(name, "must end in \(hostSuffixes.joined(separator: " or "))")
        }
    }
}

func isAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "A")...UInt8(ascii: "Z"):
        true
    default: false
    }
}
