internal import JSON

/// The daemon's answer to a call that it could not or would not carry out.
///
/// ```swift
/// catch PurserError.rpc(let error) where error.name == .ambiguousAccount { choose(error.data["candidates"]) }
/// ```
public struct RPCError: Error, Sendable, Hashable {
    /// The number of JSON-RPC 2.0, such as -32001.
    public let code: Int

    /// The stable name to tell errors apart by; what comes without one is `UNKNOWN`.
    public let name: Name

    /// What to do next, for people. The words may change.
    public let message: String

    /// What a program needs to act, such as `candidates` or `retryAfterSeconds`; an empty object where there is
    /// nothing.
    public let data: JSONObject

    /// An error from its parts.
    public init(code: Int, name: Name, message: String, data: JSONObject = [:]) {
        self.code = code
        self.name = name
        self.message = message
        self.data = data
    }

    /// When it makes sense to try again; nil where the daemon does not say.
    public var retryAfter: Duration? {
        data["retryAfterSeconds"]?.double.flatMap { (0...1e9).contains($0) ? .seconds($0) : nil }
    }
}

extension RPCError {
    /// The stable name of an error, `error.data.code` on the wire. Names beyond these may come from later daemons.
    public struct Name: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        /// The name as it is on the wire.
        public let rawValue: String

        /// Any name.
        public init(rawValue: String) { self.rawValue = rawValue }

        private init(_ name: String) { rawValue = name }

        /// The name as it is on the wire.
        public var description: String { rawValue }

        /// The caller may not do this, or there is no such thing.
        public static let forbidden = Name("FORBIDDEN")
        /// There is no such thing; only callers that may see everything are told so.
        public static let notFound = Name("NOT_FOUND")
        /// Several accounts fit; `data["candidates"]` lists them.
        public static let ambiguousAccount = Name("AMBIGUOUS_ACCOUNT")
        /// The account's user must connect it again; `data["statusReason"]` says why.
        public static let reauthorizationRequired = Name("REAUTHORIZATION_REQUIRED")
        /// A key, or a grant without refresh token.
        public static let notRefreshable = Name("NOT_REFRESHABLE")
        /// The account is disabled.
        public static let accountInactive = Name("ACCOUNT_INACTIVE")
        /// The provider fails at the moment; see ``RPCError/retryAfter``.
        public static let upstreamUnavailable = Name("UPSTREAM_UNAVAILABLE")
        /// The daemon waited for a token, or for a user, as long as it was asked to.
        public static let timeout = Name("TIMEOUT")
        /// The user has an account of this auth config already, `data["connectionId"]`; pass `allowsMultiple` for
        /// another one.
        public static let alreadyConnected = Name("ALREADY_CONNECTED")
        /// Too many calls; see ``RPCError/retryAfter``.
        public static let rateLimited = Name("RATE_LIMITED")
        /// The request is larger than the daemon takes.
        public static let tooLarge = Name("TOO_LARGE")
        /// The session is over; make another.
        public static let sessionExpired = Name("SESSION_EXPIRED")
        /// The daemon is on its way out; call again in a moment.
        public static let shuttingDown = Name("SHUTTING_DOWN")
        /// The daemon's configuration lacks what the call needs.
        public static let notConfigured = Name("NOT_CONFIGURED")
        /// No such method.
        public static let methodNotFound = Name("METHOD_NOT_FOUND")
        /// Wrong or unknown parameters.
        public static let invalidParams = Name("INVALID_PARAMS")
        /// A fault of the daemon.
        public static let internalError = Name("INTERNAL_ERROR")
        /// The answer had no name.
        public static let unknown = Name("UNKNOWN")
    }
}

extension RPCError: CustomStringConvertible {
    /// Name and message.
    public var description: String { "\(name): \(message)" }
}

extension RPCError {
    /// From the `error` member of an answer; nil where that is not what JSON-RPC 2.0 section 5.1 asks for.
    init?(_ error: JSON.JSONValue) {
        guard let code = error["code"]?.int, let message = error["message"]?.string else { return nil }
        var data = error["data"].flatMap { JSONValue($0).object } ?? [:]
        self.code = code
        self.message = message
        self.name = data["code"]?.string.map(Name.init(rawValue:)) ?? .unknown
        data["code"] = nil
        self.data = data
    }
}
