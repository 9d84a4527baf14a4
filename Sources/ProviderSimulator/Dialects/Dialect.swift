extension AuthorizationServer {
    /// Which provider's manners the server has: its paths, the form of its errors and answers, its API.
    package enum Dialect: String, Sendable, CaseIterable {
        /// As the RFCs say.
        case standard
        case github
        case google
        case xero
        case notion
        case atlassian
        case myob
        case salesforce
        case microsoft

        /// RFC 8628. Salesforce's is another one, and the rest have none.
        var hasDeviceFlow: Bool {
            switch self {
            case .standard, .github, .google, .microsoft: true
            case .xero, .notion, .atlassian, .myob, .salesforce: false
            }
        }

        /// Whether there is something at `/revoke`. GitHub's is part of its API; Microsoft and MYOB have none at all.
        var hasRevocationEndpoint: Bool {
            switch self {
            case .github, .microsoft, .myob: false
            case .standard, .google, .xero, .notion, .atlassian, .salesforce: true
            }
        }

        /// Whether a code challenge is looked at (RFC 7636); Notion and MYOB do not know of it.
        var knowsCodeChallenges: Bool { self != .notion && self != .myob }

        /// Whether the scope `openid` brings an id token.
        var signsIdentities: Bool {
            switch self {
            case .standard, .google, .xero, .salesforce, .microsoft: true
            case .github, .notion, .atlassian, .myob: false
            }
        }

        /// Whether a consent is for one organisation, which the person picks.
        var asksForOrganisation: Bool { self == .notion || self == .myob || self == .salesforce }

        /// Whether the answer is a form where the client does not ask for JSON.
        var answersForms: Bool { self == .github }
    }
}
