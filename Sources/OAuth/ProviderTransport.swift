package import SecretBytes

/// One HTTP request to a provider, as a value. Its secret parts die with it.
package struct ProviderRequest: ~Copyable, Sendable {
    package enum Method: String, Sendable { case get = "GET", post = "POST", delete = "DELETE" }

    package var method: Method
    package var url: String
    /// Without credentials; those are in `authorization`.
    package var headers: [NamedValue]
    /// The value of the `Authorization` header.
    package var authorization: SecretBytes?
    package var body: SecretBytes?
    /// Asked once, on any thread, when the connection to the provider stands and the body is about to leave: what must be
    /// noted before it does is noted then and no sooner. False, and it stays here: ``TransportFailure/Kind/withheld``.
    package var mayLeave: (@Sendable () -> Bool)?

    package init(
        method: Method, url: String, headers: [NamedValue] = [], authorization: consuming SecretBytes? = nil,
        body: consuming SecretBytes? = nil
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.authorization = authorization
        self.body = body
    }
}

/// What came back over HTTP, whatever it says.
package struct ProviderResponse: ~Copyable, Sendable {
    package var status: Int
    /// The `Retry-After` field as sent (RFC 9110 section 10.2.3).
    package var retryAfter: String?
    /// The `Date` field as sent, to read a `Retry-After` date against the server's own clock.
    package var date: String?
    package var contentType: String?
    package var body: SecretBytes

    package init(
        status: Int, retryAfter: String? = nil, date: String? = nil, contentType: String? = nil,
        body: consuming SecretBytes
    ) {
        self.status = status
        self.retryAfter = retryAfter
        self.date = date
        self.contentType = contentType
        self.body = body
    }
}

/// Why no complete answer came. Whether the request may have reached the provider decides what may follow.
package struct TransportFailure: Error, Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case nameResolution = "name_resolution"
        case connect
        case tls
        case timeout
        case connectionClosed = "connection_closed"
        case bodyTooLarge = "body_too_large"
        case cancelled
        /// Its sender did not let it leave, when it could have.
        case withheld
        /// The address is not one that a credential may be sent to.
        case refusedAddress = "refused_address"
        case other
    }

    package var kind: Kind
    /// False only when it is certain that no byte of the request left this machine.
    package var mayHaveBeenReceived: Bool

    package init(_ kind: Kind, mayHaveBeenReceived: Bool) {
        self.kind = kind
        self.mayHaveBeenReceived = mayHaveBeenReceived
    }
}

/// Sends one request to a provider and returns what came back; knows nothing of policy. The one place that talks HTTP.
package protocol ProviderTransport: Sendable {
    /// Never follows a redirect, never sends twice, and asks ``ProviderRequest/mayLeave`` before the body. Bounds the time by `timeout` and the answer's size by its own
    /// limit.
    func send(_ request: consuming ProviderRequest, timeout: Duration) async -> ProviderOutcome
}

/// The outcome of one request.
package enum ProviderOutcome: ~Copyable, Sendable {
    case answered(ProviderResponse)
    case failed(TransportFailure)
}

extension ProviderOutcome {
    /// Nothing was presented, because ``ProviderRequest/mayLeave`` said no.
    package var wasWithheld: Bool {
        switch self {
        case .answered: false
        case .failed(let failure): failure.kind == .withheld
        }
    }
}
