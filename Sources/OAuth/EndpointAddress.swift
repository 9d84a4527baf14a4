/// An address that a credential may be sent to, as far as its text tells.
///
/// Checked where configuration and discovery come in, and again before each request. A name may still resolve to
/// anything: that is for whoever connects to look at.
package struct EndpointAddress: Sendable, Equatable {
    /// As given.
    package let url: String
    /// `https`, or `http` where ``host`` is this machine.
    package let isSecure: Bool
    /// In lower case, an IPv6 address without its brackets.
    package let host: String
    /// As given, or else 443 or 80.
    package let port: Int
    /// Path and query, at least `/`.
    package let target: String

    /// Whether ``host`` is this machine as it is written: `localhost` or a loopback address.
    package var isLoopback: Bool { host == "localhost" || IPAddress(host)?.isLoopback == true }

    /// The longest address accepted, in bytes.
    package static let maximumLength = 2048

    /// Accepts an absolute `https` address, or `http` to `localhost`, 127.0.0.0/8 and [::1].
    ///
    /// Refuses userinfo, fragments, all but printable ASCII, malformed hosts and ports, and literal IP addresses that
    /// are neither loopback nor of the public internet. Names are accepted whatever they resolve to: a server on the
    /// premises is reached by its name, for which it can also hold a certificate.
    package static func validate(_ url: String) throws(EndpointAddressError) -> EndpointAddress {
        guard url.utf8.count <= maximumLength else { throw .tooLong }
        guard url.utf8.allSatisfy(isAllowed) else { throw .forbiddenCharacter }
        guard !url.utf8.contains(UInt8(ascii: "#")) else { throw .hasFragment }
        let (isSecure, rest) = try scheme(of: url)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let (host, portText) = try split(authority: rest[..<end])
        let port = try portNumber(portText) ?? (isSecure ? 443 : 80)
        let isLoopback = try checkIsLoopback(host)
        guard isSecure || isLoopback else { throw .notSecure }
        let target = rest[end...].hasPrefix("/") ? String(rest[end...]) : "/" + rest[end...]
        let bareHost = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        return EndpointAddress(url: url, isSecure: isSecure, host: bareHost, port: port, target: target)
    }

    /// Printable ASCII without what parsers disagree about (RFC 3986 does not allow it unencoded either).
    private static func isAllowed(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && !"\"<>\\^`{|}".utf8.contains(byte)
    }

    private static func scheme(of url: String) throws(EndpointAddressError) -> (isSecure: Bool, rest: Substring) {
        for (prefix, isSecure) in [("https://", true), ("http://", false)]
        where ASCII.lowercased(String(url.prefix(prefix.count))) == prefix {
            return (isSecure, url.dropFirst(prefix.count))
        }
        throw .notHTTP
    }

    private static func split(
        authority: Substring
    ) throws(EndpointAddressError) -> (host: String, port: Substring?) {
        guard !authority.contains("@") else { throw .hasUserinfo }
        let afterHost: Substring
        let host: Substring
        if authority.hasPrefix("[") {
            guard let bracket = authority.firstIndex(of: "]") else { throw .malformedHost }
            host = authority[...bracket]
            afterHost = authority[bracket...].dropFirst()
        } else {
            let colon = authority.firstIndex(of: ":") ?? authority.endIndex
            host = authority[..<colon]
            afterHost = authority[colon...]
        }
        guard afterHost.isEmpty || afterHost.hasPrefix(":") else { throw .malformedPort }
        return (ASCII.lowercased(String(host)), afterHost.isEmpty ? nil : afterHost.dropFirst())
    }

    private static func portNumber(_ text: Substring?) throws(EndpointAddressError) -> Int? {
        guard let text else { return nil }
        guard (1...5).contains(text.utf8.count), let port = ASCII.decimal(text), (1...65_535).contains(port) else {
            throw .malformedPort
        }
        return Int(port)
    }
}

// MARK: - Host

extension EndpointAddress {
    /// Whether `host`, in lower case and with an IPv6 address in brackets, is this machine; throws where it may not be
    /// used.
    private static func checkIsLoopback(_ host: String) throws(EndpointAddressError) -> Bool {
        if host.hasPrefix("[") {
            guard let address = IPAddress(host.dropFirst().dropLast()), !address.isIPv4 else { throw .malformedHost }
            return try checkIsLoopback(address)
        }
        if let address = IPAddress(host), address.isIPv4 { return try checkIsLoopback(address) }
        try check(name: host)
        return host == "localhost"
    }

    private static func checkIsLoopback(_ address: IPAddress) throws(EndpointAddressError) -> Bool {
        guard address.isLoopback || address.isGlobal else { throw .notPublic }
        return address.isLoopback
    }

    private static func check(name: String) throws(EndpointAddressError) {
        guard (1...253).contains(name.utf8.count) else { throw .malformedHost }
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        for label in labels {
            guard (1...63).contains(label.utf8.count), label.utf8.allSatisfy(isAllowedInName) else {
                throw .malformedHost
            }
        }
        // 127.1, 2130706433, 0x7f000001: resolvers read these as IPv4 addresses, no name ends in a number.
        guard let last = labels.last, !last.utf8.allSatisfy(ASCII.isDigit), !last.hasPrefix("0x") else {
            throw .malformedHost
        }
    }

    private static func isAllowedInName(_ byte: UInt8) -> Bool {
        ASCII.isAlphanumeric(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
    }
}
