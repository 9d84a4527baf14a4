/// Something that goes wrong between a client and its provider.
///
/// Most faults strike before the provider has done anything: the request changes nothing, and may be sent again. Those
/// with ``isApplied`` strike after it, so a refresh token that rotates is spent.
package enum Fault: Sendable, Hashable {
    // Before there is a connection; no byte of the request is sent.

    /// The provider's name leads nowhere.
    case unresolvableHost
    /// TLS fails in this way. Strikes a connection, whatever is to be asked on it.
    case tls(Handshake)

    // The connection.

    /// The right answer, this much later.
    case delayed(Duration)
    /// The right answer, once somebody releases it.
    case held
    /// Nothing comes, and the connection stays open.
    case hangBeforeAnswer
    /// Status and header fields come, the body does not.
    case hangAfterHeaders
    /// The connection is reset (TCP RST) without an answer.
    case reset
    /// The connection is closed without an answer.
    case closed
    /// The connection is closed in the middle of the body.
    case cutOff
    /// The right answer, byte by byte, this long apart.
    case slowBytes(every: Duration)
    /// The request is carried out, and the answer is lost in one of these ways.
    case answerLost(Loss)

    // The status.

    /// This status with a page of HTML: what gateways answer with.
    case gatewayPage(status: Int)
    case tooManyRequests(RetryAfter)
    /// 408 with an empty body.
    case requestTimeout
    /// 302 to this address.
    case redirect(to: String)

    // The body.

    /// 200 with the page of a captive portal.
    case captivePortal
    case emptyBody
    /// 200 whose JSON ends in the middle; by its length the answer is whole.
    case truncatedJSON
    /// 200 and JSON that goes on in spaces up to this many bytes.
    case oversizedBody(bytes: Int)
    /// 200 and JSON whose members have types that they must not have.
    case wrongTypes
    /// 200 and JSON that names `access_token` twice, with two values.
    case duplicateKeys
    /// An answer as it was recorded at a real provider.
    case recorded(status: Int, contentType: String = "application/json", body: String)
    /// The right answer, labelled `text/plain`.
    case wrongContentType
    /// The right answer, but `expires_in` is this text.
    case expiresIn(String)

    // OAuth errors that are not true of the grant or the client.

    case invalidGrant
    case invalidClient
    /// Somebody else has used the refresh token long ago: what follows is the client's policy, and may end the grant.
    case tokenSpent
    /// Any other error code, with its status.
    case error(String, status: Int)
    /// 200 with an `error` member, as GitHub answers.
    case githubError(String)

    /// What is wrong with a server's side of TLS.
    package enum Handshake: String, Sendable, Hashable, CaseIterable {
        /// The certificate's time is over.
        case expired
        /// The certificate is for another host.
        case wrongHost = "wrong_host"
        /// The certificate is signed by nobody but itself.
        case selfSigned = "self_signed"
        /// TLS 1.1 and no newer one, which RFC 8996 forbids.
        case oldVersion = "old_version"
        /// The server breaks off with the alert `handshake_failure`.
        case refused
        /// The port speaks HTTP without TLS.
        case plaintext
    }

    /// How an answer is lost after the request was carried out.
    package enum Loss: String, Sendable, Hashable, CaseIterable {
        case reset
        case closed
        case hang
        case hangAfterHeaders = "hang_after_headers"
        case cutOff = "cut_off"
        /// A gateway gives up waiting: 504 and a page of HTML.
        case gatewayTimeout = "gateway_timeout"
    }

    /// The `Retry-After` field of a 429 (RFC 9110 section 10.2.3).
    package enum RetryAfter: Sendable, Hashable {
        case missing
        case seconds(Int)
        /// An HTTP date this many seconds from now.
        case date(secondsAhead: Int)
        /// Text that is neither.
        case text(String)
    }
}

extension Fault {
    /// Whether the provider carries the request out, so that a rotating refresh token is spent.
    package var isApplied: Bool {
        switch self {
        case .delayed, .held, .slowBytes, .answerLost, .wrongContentType, .expiresIn, .tokenSpent: true
        default: false
        }
    }

    /// Faults after which the same request may be sent again at once, and which end by themselves: for a random mix that
    /// a client must outlive with every grant alive.
    package static let harmless: [Fault] = [
        .reset, .closed, .cutOff, .gatewayPage(status: 500), .gatewayPage(status: 502), .gatewayPage(status: 503),
        .gatewayPage(status: 403), .tooManyRequests(.missing), .tooManyRequests(.seconds(1)),
        .tooManyRequests(.date(secondsAhead: 1)), .tooManyRequests(.text("soon")), .requestTimeout, .captivePortal,
        .emptyBody, .truncatedJSON, .oversizedBody(bytes: 10 << 20), .wrongTypes, .duplicateKeys,
        .redirect(to: "http://127.0.0.1:1/elsewhere"), .error("temporarily_unavailable", status: 503),
    ]
}
