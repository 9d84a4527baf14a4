package import SecretBytes

/// What the browser brought back (RFC 6749 sections 4.1.2 and 4.1.2.1, RFC 9207), as far as it can be read without
/// knowing whose it is. Nothing in it is to be believed before ``state`` was found among the pending ones.
package struct AuthorizationResponse: ~Copyable, Sendable {
    /// 1 to 512 printable characters.
    package let state: String
    /// 1 to 8192 bytes of printable ASCII. Exactly one of this and ``error`` is there, until
    /// somebody takes it.
    package var code: SecretBytes?
    /// Why there is no code.
    package let error: AuthorizationErrorResponse?
    /// Who says that it answers (RFC 9207); see ``checkIssuer(_:isPromised:)``.
    package let issuer: String?
    /// The parameters that were asked to be kept and are there, each printable and at most 2048 bytes.
    package let fields: [NamedValue]

    /// The longest query that is read, in bytes.
    package static let maximumLength = 16_384
    /// The most parameters that a query may have.
    package static let maximumCount = 64
    /// The longest code, in bytes.
    package static let maximumCodeLength = 8192

    private static let known: [String] = ["state", "code", "iss", "error", "error_description"]

    /// Reads the query of the redirect, without its `?`, as a form. `kept` names what else a provider says only here,
    /// such as MYOB's `businessId`; other parameters are skipped unread.
    package static func read(
        query: Span<UInt8>, keeping kept: [String] = []
    ) throws(AuthorizationResponseError) -> AuthorizationResponse {
        let parameters = try CallbackParameters(query, names: Set(known + kept))
        guard let state = try parameters.text("state", at: 512) else { throw .missingState }
        guard isState(state) else { throw .malformed("state") }
        let error = try AuthorizationErrorResponse(parameters)
        let code = try readCode(parameters)
        guard (code == nil) != (error == nil) else { throw error == nil ? .neitherCodeNorError : .codeAndError }
        var fields: [NamedValue] = []
        for name in kept where !known.contains(name) {
            if let value = try parameters.text(name, at: 2048) { fields.append(NamedValue(name, value)) }
        }
        return AuthorizationResponse(
            state: state, code: code, error: error, issuer: try parameters.text("iss", at: 2048), fields: fields)
    }

    /// Whether the answer is the right server's, so that no code goes to another one's token endpoint (the mix-up
    /// attack). `expected` is nil where the issuer is not known; `isPromised` where the server's metadata say that it
    /// always names itself, see ``ServerMetadata/namesIssuerInResponse``.
    package borrowing func checkIssuer(
        _ expected: String?, isPromised: Bool
    ) throws(AuthorizationResponseError) {
        switch (issuer, expected) {
        case (.some(let issuer), .some(let expected)):
            guard issuer == expected else { throw .otherIssuer }
        case (.none, _):
            guard !isPromised else { throw .missingIssuer }
        case (.some, .none):
            break
        }
    }

    static func isState(_ text: String) -> Bool {
        (1...512).contains(text.utf8.count) && text.utf8.allSatisfy(ASCII.isPrintable)
    }

    private static func readCode(
        _ parameters: borrowing CallbackParameters
    ) throws(AuthorizationResponseError) -> SecretBytes? {
        let code = parameters.secret("code")
        switch consume code {
        case .none:
            return nil
        case .some(let code):
            let isCode = code.withBytes { text in
                text.count <= maximumCodeLength && text.indices.allSatisfy { ASCII.isPrintable(text[$0]) }
            }
            guard isCode else { throw .malformed("code") }
            return code
        }
    }
}

/// The error that an authorization server sent the browser back with (RFC 6749 section 4.1.2.1).
package struct AuthorizationErrorResponse: Sendable, Equatable {
    /// 1 to 64 of `A-Z a-z 0-9 _ . -`; `unrecognized_error` for what is not.
    package let code: String
    /// The server's words for a person: at most 300 characters, printable, on one line. To be shown as a quotation.
    package let explanation: String?

    /// An error from what a server sent, made fit to be shown.
    package init(code: String, explanation: String? = nil) {
        self.code = ErrorReport.isCode(code.utf8.span) ? code : "unrecognized_error"
        self.explanation = explanation.flatMap(Self.shown)
    }

    init?(_ parameters: borrowing CallbackParameters) throws(AuthorizationResponseError) {
        guard let code = parameters.publicText("error") else { return nil }
        self.init(code: code, explanation: parameters.publicText("error_description"))
    }

    private static func shown(_ text: String) -> String? {
        var words = ""
        for scalar in text.unicodeScalars.prefix(4096) {
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator,
                .spaceSeparator:
                if !words.isEmpty, !words.hasSuffix(" ") { words.append(" ") }
            default:
                words.unicodeScalars.append(scalar)
            }
            guard words.unicodeScalars.count < 300 else { break }
        }
        while words.hasSuffix(" ") { words.removeLast() }
        return words.isEmpty ? nil : words
    }
}

/// Why what came to the callback address is no answer of an authorization server. Names parameters, never values.
package enum AuthorizationResponseError: Error, Sendable, Equatable, CustomStringConvertible {
    /// A pasted address is not the one that the browser was sent back to.
    case notTheRedirect
    /// More than ``AuthorizationResponse/maximumLength`` bytes or ``AuthorizationResponse/maximumCount`` parameters.
    case tooLarge
    /// The named parameter is there twice.
    case duplicate(String)
    /// The named parameter cannot be decoded, is too long or not printable.
    case malformed(String)
    /// Without a state nobody knows whose answer it is.
    case missingState
    /// Not an answer: the person may still be at the provider.
    case neitherCodeNorError
    /// Two answers in one.
    case codeAndError
    /// The server always names itself, but not here (RFC 9207 section 2.4).
    case missingIssuer
    /// Another server answered than was asked (RFC 9207 section 2.4).
    case otherIssuer

    /// A stable name.
    package var slug: String {
        switch self {
        case .notTheRedirect: "not_the_redirect"
        case .tooLarge: "response_too_large"
        case .duplicate, .malformed: "response_malformed"
        case .missingState: "state_missing"
        case .neitherCodeNorError: "code_missing"
        case .codeAndError: "response_ambiguous"
        case .missingIssuer, .otherIssuer: "issuer_mismatch"
        }
    }

    /// One sentence for whoever sits at the browser.
    package var description: String {
        switch self {
        case .notTheRedirect:
            "this is not the address that the browser ended at; paste all of it, from http to its end"
        case .tooLarge:
            "the address is longer than an answer can be; start connecting again"
        case .duplicate(let name):
            "the address has “\(name)” twice; start connecting again"
        case .malformed(let name):
            "“\(name)” in the address cannot be read; start connecting again, and copy the whole address if you paste it"
        case .missingState:
            "the address has no state, so nobody knows what it answers; open the link again"
        case .neitherCodeNorError:
            "the address has no authorization code; wait until the browser has come back from the provider"
        case .codeAndError:
            "the address has both a code and an error; start connecting again"
        case .missingIssuer:
            "the answer does not say which server it comes from, as that server always does; start connecting again"
        case .otherIssuer:
            "the answer comes from another server than the one that was asked; start connecting again"
        }
    }
}
