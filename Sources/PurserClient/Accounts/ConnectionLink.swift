/// A request for a user's consent that is open at the daemon (`connectedAccounts.link`).
public struct ConnectionLink: Sendable, Hashable {
    /// The connection's id; ``PurserClient/waitForConnection(_:timeout:)`` takes it.
    public let id: String

    /// Where the user's browser goes to. It is for that user: it carries what ties the answer to this link. Nil in the
    /// device flow.
    public let redirectURL: String?

    /// When the link ends, unless the user has finished.
    public let expiresAt: Timestamp

    /// What the user types in, and where; nil but in the device flow.
    public let deviceCode: DeviceCode?

    /// How consent is asked for.
    public enum Flow: String, Sendable, Hashable {
        /// In a browser that can reach this machine, or whose last address is pasted.
        case browser
        /// In a browser anywhere, with a code to type in (RFC 8628).
        case device
    }

    /// What the user of a device flow needs (RFC 8628 section 3.2).
    public struct DeviceCode: Sendable, Hashable {
        /// The code to type in.
        public let userCode: String

        /// The address to open.
        public let verificationURI: String

        /// The address that has the code in it already; nil where the provider gives none.
        public let verificationURIComplete: String?
    }

    init(_ link: AnswerReader) throws(PurserError) {
        id = try link.text("id")
        redirectURL = link.optionalText("redirectUrl")
        expiresAt = try link.timestamp("expiresAt")
        deviceCode = try DeviceCode(link)
        guard redirectURL != nil || deviceCode != nil else {
            throw .protocolViolation("a link without 'redirectUrl'")
        }
    }
}

extension ConnectionLink.DeviceCode {
    fileprivate init?(_ link: AnswerReader) throws(PurserError) {
        guard let code = link.optionalText("userCode") else { return nil }
        userCode = code
        verificationURI = try link.text("verificationUri")
        verificationURIComplete = link.optionalText("verificationUriComplete")
    }
}

/// What a call that changes a connection's standing has come to.
public struct ConnectionOutcome: Sendable, Hashable {
    /// The connection's id.
    public let id: String

    /// The connection's state.
    public let status: ConnectionStatus

    /// Why it is not active, as the contract lists it; nil if nothing is wrong.
    public let statusReason: String?

    /// Where only the user can help: the link that was opened for that.
    public let link: ConnectionLink?

    init(_ answer: AnswerReader) throws(PurserError) {
        id = try answer.text("id")
        status = ConnectionStatus(rawValue: try answer.text("status"))
        statusReason = answer.optionalText("statusReason")
        let hasLink = answer.optionalText("redirectUrl") != nil || answer.optionalText("userCode") != nil
        link = hasLink ? try ConnectionLink(answer) : nil
    }
}

/// What a connection's end, or that of one of its accounts, has done at its provider.
public struct Deletion: Sendable, Hashable {
    /// What became of each token; none where none was to be ended.
    public let tokens: [TokenEnd]
    /// The one account of several that was taken out; nil where the whole connection is gone.
    public let account: AccountEnd?

    init(_ answer: AnswerReader) throws(PurserError) {
        tokens = try answer.list("tokens", of: "a token's end", TokenEnd.init)
        account = try answer.optionalObject("account", of: "an account's end", AccountEnd.init)
    }
}

/// What became of one account of several at its provider.
public struct AccountEnd: Sendable, Hashable {
    /// The account's identifier.
    public let accountIdentifier: String
    /// Nil where the provider was not asked.
    public let outcome: TokenEnd.Outcome?

    init(_ end: AnswerReader) throws(PurserError) {
        accountIdentifier = try end.text("accountIdentifier")
        outcome = end.optionalText("outcome").map { TokenEnd.Outcome(rawValue: $0) }
    }
}

/// What became of one token of a deleted connection at its provider.
public struct TokenEnd: Sendable, Hashable {
    /// `refresh_token` or `access_token`.
    public let token: String

    /// Whether it is dead.
    public let outcome: Outcome

    /// What a provider made of what it was asked to end. Outcomes beyond these may come from later daemons.
    public struct Outcome: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
        /// The outcome as it is on the wire.
        public let rawValue: String

        /// Any outcome.
        public init(rawValue: String) { self.rawValue = rawValue }

        private init(_ outcome: String) { rawValue = outcome }

        /// The outcome as it is on the wire.
        public var description: String { rawValue }

        /// It is dead now.
        public static let revoked = Outcome("revoked")
        /// It was dead already.
        public static let alreadyDead = Outcome("already_dead")
        /// The provider could not be asked; the token may live on.
        public static let unreachable = Outcome("unreachable")
        /// The provider would not end it; the token may live on.
        public static let refused = Outcome("refused")
        /// The provider has no way to end it; it lives until it runs out.
        public static let notSupported = Outcome("not_supported")
        /// Another connection lives on the same grant.
        public static let keptForOtherConnection = Outcome("kept_for_other_connection")
    }

    init(_ end: AnswerReader) throws(PurserError) {
        token = try end.text("token")
        outcome = Outcome(rawValue: try end.text("outcome"))
    }
}
