/// The page that a person sees after consent, made from values alone.
///
/// It has no script and loads nothing; whatever a provider or a caller supplied is escaped, bounded and stripped of
/// characters that change how the rest of a line reads.
package struct CallbackPage: Sendable, Equatable {
    /// What the page says.
    package enum Content: Sendable, Equatable {
        case connected(Connection)
        case failed(Failure)
        case unknownState
        case refused(Refusal)
    }

    package let content: Content

    package init(_ content: Content) {
        self.content = content
    }

    /// The HTTP status that it is served with.
    package var status: Int {
        if case .refused(let refusal) = content { return refusal.rawValue }
        return 200
    }

    /// The document, in UTF-8.
    package var html: [UInt8] { CallbackPageDocument(CallbackPageWords(content)).html }
}

extension CallbackPage {
    /// Which account of which provider is connected for whom.
    package struct Connection: Sendable, Equatable {
        /// As people know it: `GitHub`.
        package var provider: String
        /// As people know it: `octocat`. Nil where the provider names none.
        package var account: String?
        package var userID: String
        package var alias: String?
        /// More that helps to recognise it, such as the workspace or the organisations. Eight at most are shown.
        package var details: [Detail]

        package struct Detail: Sendable, Equatable {
            package var name: String
            package var value: String

            package init(name: String, value: String) {
                self.name = name
                self.value = value
            }
        }

        package init(
            provider: String, account: String?, userID: String, alias: String? = nil, details: [Detail] = []
        ) {
            self.provider = provider
            self.account = account
            self.userID = userID
            self.alias = alias
            self.details = details
        }
    }

    /// Which connection did not come about, and why.
    package struct Failure: Sendable, Equatable {
        /// As people know it: `GitHub`.
        package var provider: String
        package var userID: String
        package var reason: Reason

        package init(provider: String, userID: String, reason: Reason) {
            self.provider = provider
            self.userID = userID
            self.reason = reason
        }
    }

    /// What went wrong. No text here may be a secret.
    package enum Reason: Sendable, Equatable {
        /// The person declined (`access_denied`).
        case denied
        /// The link was open for too long.
        case expired
        /// The provider ended it with another error code.
        case providerRefused(error: String)
        /// The provider could not be reached, or failed, while the code was exchanged.
        case providerUnavailable
        /// A check of the answer failed: issuer, nonce, signature, a missing code.
        case untrustedAnswer
        /// The provider does not say whose account it is.
        case namelessAccount
        /// The provider does not let this account be connected as it is.
        case accountRefused(error: String)
        /// The answer was used before, or came too late.
        case codeSpent
        /// A newer link took its place.
        case replaced
        /// The owner ended while the code was exchanged.
        case interrupted
        /// The owner's registration at the provider is incomplete, or asks for too little.
        case brokenSetup(reason: String)
        /// The owner cannot keep another account.
        case noRoom
        /// This connection belongs to another account. Nil where the names are not known.
        case otherAccount(expected: String?, received: String?)
        /// The account, whose name may not be known, is connected for this user already.
        case alreadyConnected(account: String?)
        /// For a reason that has no words of its own; it is shown.
        case unexplained(reason: String)
    }

    /// Why a request gets no page of its own. The value is its HTTP status.
    package enum Refusal: Int, Sendable, Equatable, CaseIterable {
        case malformed = 400
        case notFound = 404
        case methodNotAllowed = 405
        case tooSlow = 408
        case hasBody = 413
        case wrongHost = 421
        case headTooLarge = 431
        /// The outcome of a callback is not there yet.
        case unanswered = 504
    }
}
