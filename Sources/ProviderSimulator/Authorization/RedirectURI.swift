/// Compares redirect addresses (RFC 6749 section 3.1.2.3, RFC 8252 section 7.3).
enum RedirectURI {
    private static let loopbackHosts = ["http://127.0.0.1", "http://[::1]", "http://localhost"]

    /// Whether an address is the registered one. All must be equal, but for the port at a loopback address.
    static func matches(_ given: String, registered: String) -> Bool {
        if given == registered { return isAcceptable(given) }
        guard let first = parts(of: given), let second = parts(of: registered) else { return false }
        return first == second && isAcceptable(given)
    }

    /// A fragment would hide the answer from the client (RFC 6749 section 3.1.2), and a line's end would break the header
    /// field that the address goes into.
    private static func isAcceptable(_ address: String) -> Bool {
        address.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }
    }

    /// A loopback address without its port. Nil for any other address, and where the port is no number.
    private static func parts(of address: String) -> [Substring]? {
        guard let host = loopbackHosts.first(where: { address.hasPrefix($0) }) else { return nil }
        var rest = address.dropFirst(host.count)
        if rest.first == ":" {
            let port = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
            guard let number = Int(port), (1...65_535).contains(number) else { return nil }
            rest = rest.dropFirst(port.count + 1)
        }
        guard rest.isEmpty || rest.first == "/" || rest.first == "?" else { return nil }
        return [host[...], rest]
    }

    /// The address with parameters added to its query, those that it has being kept (RFC 6749 section 4.1.2).
    static func appending(_ parameters: [AuthorizationServer.Field], to address: String) -> String {
        let query = parameters.map { "\(FormWriter.encode($0.name))=\(FormWriter.encode($0.value))" }
        return address + (address.contains("?") ? "&" : "?") + query.joined(separator: "&")
    }
}
