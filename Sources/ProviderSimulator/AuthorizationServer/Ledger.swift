extension AuthorizationServer {
    /// What was asked of the provider, for tests to judge a client by. Counts requests whatever became of them, those
    /// that met a fault included.
    package struct Ledger: Sendable {
        /// How many of the tokens that were presented more than once are kept by name.
        private static let namedTokenLimit = 10_000
        /// How many authorization requests are kept.
        private static let authorizationLimit = 100

        private struct Key: Hashable {
            var endpoint: Endpoint
            var clientID: String
        }

        private var requests: [Key: Int] = [:]
        private var presentations: [String: Int] = [:]
        private var presentedTwice: Set<String> = []

        /// Refresh tokens that came more than once: none, if no request failed and the client does its work well.
        package private(set) var refreshTokensPresentedTwice = 0
        /// Presentations of a refresh token that was already spent: what a client must never do unless the answer was lost.
        package private(set) var presentationsOfSpentTokens = 0
        /// Presentations of a refresh token that this provider never issued, or has forgotten.
        package private(set) var presentationsOfUnknownTokens = 0
        /// Token sets issued in answer to a refresh.
        package private(set) var refreshes = 0
        /// Authorization codes that came after they were redeemed: what a client must never do.
        package private(set) var replayedCodes = 0
        /// Device codes that were asked about sooner than the interval allows.
        package private(set) var hastyPolls = 0
        /// Live grants and tokens that were ended by request of a client.
        package private(set) var revocations = 0
        /// The parameters of the newest 100 authorization requests that were in order, the newest last; a form of the page
        /// counts again.
        package private(set) var authorizationRequests: [[String: String]] = []
        /// Faults that were put in the way of a request, by name.
        package private(set) var faults: [String: Int] = [:]

        /// Requests to an endpoint, by one client or by all. A client that is not registered counts as the empty name.
        package func requests(to endpoint: Endpoint, by clientID: String? = nil) -> Int {
            requests.reduce(0) { sum, entry in
                let counts = entry.key.endpoint == endpoint && (clientID == nil || entry.key.clientID == clientID)
                return counts ? sum + entry.value : sum
            }
        }

        /// How often a refresh token was presented.
        package func presentations(of refreshToken: String) -> Int { presentations[refreshToken, default: 0] }

        /// The refresh tokens that were presented more than once, at most the first 10 000 of them.
        package var tokensPresentedTwice: [String] { presentedTwice.sorted() }

        mutating func noteRequest(to endpoint: Endpoint, by clientID: String?) {
            requests[Key(endpoint: endpoint, clientID: clientID ?? ""), default: 0] += 1
        }

        mutating func notePresentation(of refreshToken: String, _ standing: RefreshTokenStanding) {
            switch standing {
            case .unknown:
                presentationsOfUnknownTokens += 1
                return
            case .spent: presentationsOfSpentTokens += 1
            case .unspent: break
            }
            presentations[refreshToken, default: 0] += 1
            guard presentations[refreshToken] == 2 else { return }
            refreshTokensPresentedTwice += 1
            if presentedTwice.count < Self.namedTokenLimit { presentedTwice.insert(refreshToken) }
        }

        mutating func noteRefresh() { refreshes += 1 }

        mutating func noteReplayedCode() { replayedCodes += 1 }

        mutating func noteHastyPoll() { hastyPolls += 1 }

        mutating func noteRevocation() { revocations += 1 }

        mutating func noteAuthorization(_ parameters: [String: String]) {
            authorizationRequests = authorizationRequests.suffix(Self.authorizationLimit - 1) + [parameters]
        }

        mutating func note(_ fault: Fault) { faults[fault.name, default: 0] += 1 }

        /// Drops the counts of tokens that the provider no longer knows; the sums stay.
        mutating func forget(_ refreshTokens: [String]) {
            for token in refreshTokens { presentations.removeValue(forKey: token) }
        }
    }

    /// What the provider knows of a refresh token when it is presented.
    enum RefreshTokenStanding {
        case unknown
        case unspent
        case spent
    }
}
