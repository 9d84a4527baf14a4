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
    /// Under this name its answer can be had by the next process, where something keeps exchanges; from before ``mayLeave``
    /// until it is forgotten.
    package var keptAs: ExchangeName?

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

/// A refresh as an exchange with its provider: one attempt to present one connection's token.
package struct ExchangeName: Sendable, Hashable {
    package let connectionID: String
    package let generation: UInt64
    /// Tells the tokens of one login from those of another that have the same generation.
    package let tokens: UInt64
    /// Whether the token is presented for the first time.
    package let isFirst: Bool
    /// When the attempt began, just before it was sent: nanoseconds since boot.
    package let begunAt: Int64

    package init(connectionID: String, generation: UInt64, tokens: UInt64, isFirst: Bool, begunAt: Int64) {
        self.connectionID = connectionID
        self.generation = generation
        self.tokens = tokens
        self.isFirst = isFirst
        self.begunAt = begunAt
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
        /// Not waited for any more: the next process will have the answer.
        case left
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

    /// The answer to a request that an earlier process has sent, under the name by which it was kept
    /// (``ProviderRequest/keptAs``). What did not leave that process is told from what was lost.
    func answer(to name: ExchangeName, timeout: Duration) async -> ProviderOutcome

    /// What the exchange brought is in safety, or not wanted: the next process is not to know of it.
    func forget(_ name: ExchangeName)
}

/// The outcome of one request.
package enum ProviderOutcome: ~Copyable, Sendable {
    case answered(ProviderResponse)
    case failed(TransportFailure)
}

extension ProviderOutcome {
    /// The next process takes the answer in, so this one must not take it for lost.
    package var wasLeft: Bool {
        switch self {
        case .answered: false
        case .failed(let failure): failure.kind == .left
        }
    }

    /// Nothing was presented, because ``ProviderRequest/mayLeave`` said no.
    package var wasWithheld: Bool {
        switch self {
        case .answered: false
        case .failed(let failure): failure.kind == .withheld
        }
    }
}
