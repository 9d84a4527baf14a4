/// The bounds of an ``HTTPTransport``, with defaults that fit token endpoints.
package struct HTTPTransportConfiguration: Sendable {
    /// How long resolving, connecting and the TLS handshake may take together; waiting for a free connection too.
    package var connectTimeout: Duration = .seconds(5)
    /// The longest answer body accepted, in bytes.
    package var maximumBodyLength = 1 << 20
    /// The most connections to one host. What comes on top waits, at most ``connectTimeout``.
    package var connectionsPerHost = 8
    /// How long a connection is kept for the next request. Nil, the default, uses each for one request: a kept
    /// connection can be closed by the server in the moment it is used again, and then nobody knows whether a refresh
    /// was received.
    package var idleTimeout: Duration?
    /// A PEM file with the certification authorities to trust; nil for the system's.
    package var trustRootsFile: String?
    /// Addresses of names that the resolver is not asked for.
    package var resolvedNames: [String: String] = [:]

    /// The defaults.
    package init() {}
}
