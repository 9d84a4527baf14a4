internal import OAuth

/// The loopback address that browsers come back to (RFC 8252 section 7.3).
package struct CallbackAddress: Sendable, Equatable, CustomStringConvertible {
    /// An IPv4 or IPv6 loopback address, without brackets.
    package let host: String
    /// 0 is any that is free.
    package let port: Int

    /// Takes 127.0.0.0/8, ::1, and `localhost` for 127.0.0.1; every other host is refused, as the transport is open.
    package init(host: String, port: Int) throws(CallbackListenerError) {
        let numeric = host == "localhost" ? "127.0.0.1" : host
        guard let address = IPAddress(numeric), address.isLoopback else { throw .notLoopback(host: host) }
        guard (0...65_535).contains(port) else { throw .invalidPort(port) }
        self.host = numeric
        self.port = port
    }

    /// `127.0.0.1:7580`, `[::1]:7580`.
    package var description: String { "\(bracketedHost):\(port)" }

    /// Where a provider sends the browser: `http://127.0.0.1:7580/callback`. The same with `localhost` is answered too.
    package var redirectURI: String { "http://\(self)\(CallbackRoute.callbackPath)" }

    /// As a URL has it.
    var bracketedHost: String { host.contains(":") ? "[\(host)]" : host }

    /// The same host with the port that was bound.
    func with(port: Int) -> CallbackAddress {
        CallbackAddress(checkedHost: host, port: port)
    }

    private init(checkedHost: String, port: Int) {
        self.host = checkedHost
        self.port = port
    }

    /// What a request to this address may have in its `Host` field (RFC 9112 section 3.2). A page of another site whose
    /// name was made to resolve to this machine sends that other name.
    func isNamed(by field: String) -> Bool {
        guard field.utf8.count <= 64 else { return false }
        let field = field.lowercased()
        return ["localhost", "127.0.0.1", "[::1]", bracketedHost].contains { name in
            field == "\(name):\(port)" || (port == 80 && field == name)
        }
    }
}
