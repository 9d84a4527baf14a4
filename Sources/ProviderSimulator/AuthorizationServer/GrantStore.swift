internal import ConnectedAccounts

/// What one user allowed one client, and the tokens that came of it.
struct SimulatedGrant: Sendable {
    var clientID: String
    /// Nil for a client's own grant (`client_credentials`).
    var userID: String?
    var scopes: [String]
    /// What it reaches, as it was when the user consented.
    var organisationIDs: [String] = []
    /// Names the consent, as Xero's `authentication_event_id`.
    var authenticationEventID = ""
    var isRevoked = false
    /// How many token sets were issued.
    var issues = 0
    /// Live ones, oldest first.
    var accessTokens: [String] = []
    /// Unspent ones, oldest first.
    var refreshTokens: [String] = []
}

/// An access token that has not been ended; its time may still be over.
struct SimulatedAccessToken: Sendable {
    var grantID: Int
    var issuedAt: Moment
    /// Nil: no end.
    var expiresAt: Moment?
    var scopes: [String]
}

/// A refresh token, unspent or spent.
struct SimulatedRefreshToken: Sendable {
    var grantID: Int
    var issuedAt: BootInstant
    var lastUsedAt: BootInstant?
    var spentAt: BootInstant?
}

/// Grants and their tokens. Knows nothing of requests or policies.
struct GrantStore: Sendable {
    /// How many live tokens of each kind one grant has; one more ends the oldest, as GitHub and Google do.
    static let tokensPerGrant = 64

    private(set) var grants: [SimulatedGrant] = []
    private(set) var accessTokens: [String: SimulatedAccessToken] = [:]
    private(set) var refreshTokens: [String: SimulatedRefreshToken] = [:]
    private var spentOrder: [String] = []
    /// How many spent refresh tokens are remembered, at least; up to twice as many are kept.
    var spentTokenLimit = 50_000

    mutating func add(_ grant: SimulatedGrant) -> Int {
        grants.append(grant)
        return grants.count - 1
    }

    mutating func changeGrant(_ id: Int, _ change: (inout SimulatedGrant) -> Void) {
        change(&grants[id])
    }

    /// Adds an access token, and forgets those of the grant whose time is over.
    mutating func add(accessToken token: String, _ record: SimulatedAccessToken) {
        let id = record.grantID
        let now = record.issuedAt.boot
        let over = grants[id].accessTokens.filter { accessTokens[$0]?.isLive(at: now) != true }
        let surplus = grants[id].accessTokens.filter { !over.contains($0) }.dropLast(Self.tokensPerGrant - 1)
        for old in over + surplus { endAccessToken(old) }
        accessTokens[token] = record
        grants[id].accessTokens.append(token)
    }

    /// Adds a refresh token. Returns the spent tokens that were forgotten to make room.
    mutating func add(refreshToken token: String, _ record: SimulatedRefreshToken) -> [String] {
        let id = record.grantID
        for old in grants[id].refreshTokens.dropLast(Self.tokensPerGrant - 1) { spend(old, at: record.issuedAt) }
        refreshTokens[token] = record
        grants[id].refreshTokens.append(token)
        return forgetSpentTokens()
    }

    mutating func noteUse(ofRefreshToken token: String, at now: BootInstant) {
        refreshTokens[token]?.lastUsedAt = now
    }

    /// Marks a refresh token as spent; one that is spent already keeps its first instant.
    mutating func spend(_ token: String, at now: BootInstant) {
        guard let record = refreshTokens[token], record.spentAt == nil else { return }
        refreshTokens[token]?.spentAt = now
        grants[record.grantID].refreshTokens.removeAll { $0 == token }
        spentOrder.append(token)
    }

    mutating func endAccessToken(_ token: String) {
        guard let record = accessTokens.removeValue(forKey: token) else { return }
        grants[record.grantID].accessTokens.removeAll { $0 == token }
    }

    mutating func endAccessTokens(ofGrant id: Int) {
        for token in grants[id].accessTokens { accessTokens.removeValue(forKey: token) }
        grants[id].accessTokens = []
    }

    /// Ends the grant and all its tokens. Its refresh tokens are still known, so that they can be refused by name.
    mutating func revoke(_ id: Int) {
        grants[id].isRevoked = true
        endAccessTokens(ofGrant: id)
    }

    /// The first grant of that client for that user, or for itself.
    func grantID(clientID: String, userID: String?) -> Int? {
        grants.firstIndex { $0.clientID == clientID && $0.userID == userID && !$0.isRevoked }
    }

    /// All live grants of that client for that user.
    func grantIDs(clientID: String, userID: String?) -> [Int] {
        grants.indices.filter {
            grants[$0].clientID == clientID && grants[$0].userID == userID && !grants[$0].isRevoked
        }
    }

    private mutating func forgetSpentTokens() -> [String] {
        // Half at once: so each token is moved once on average.
        guard spentOrder.count > 2 * spentTokenLimit else { return [] }
        let forgotten = Array(spentOrder.prefix(spentTokenLimit))
        spentOrder.removeFirst(spentTokenLimit)
        for token in forgotten { refreshTokens.removeValue(forKey: token) }
        return forgotten
    }
}

extension SimulatedAccessToken {
    func isLive(at now: BootInstant) -> Bool {
        guard let expiresAt else { return true }
        return now < expiresAt.boot
    }
}
