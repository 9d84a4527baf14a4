internal import ConnectedAccounts

/// An authorization code and what it was given for.
struct SimulatedCode: Sendable {
    var clientID: String
    var approval: Approval
    var scopes: [String]
    /// As the request named it, if it did.
    var redirectURI: String?
    var codeChallenge: String?
    var nonce: String?
    var bringsRefreshToken: Bool
    var authenticationEventID: String
    var issuedAt: BootInstant
    /// The grant that it was redeemed for.
    var grantID: Int?
}

/// The codes that were issued, redeemed ones included; the oldest are forgotten.
struct CodeStore: Sendable {
    private static let limit = 10_000

    private var codes: [String: SimulatedCode] = [:]
    private var order: [String] = []

    subscript(code: String) -> SimulatedCode? { codes[code] }

    mutating func add(_ code: String, _ record: SimulatedCode) {
        codes[code] = record
        order.append(code)
        // Half at once: so each code is moved once on average.
        guard order.count > 2 * Self.limit else { return }
        for old in order.prefix(Self.limit) { codes[old] = nil }
        order.removeFirst(Self.limit)
    }

    mutating func noteRedemption(of code: String, grantID: Int) { codes[code]?.grantID = grantID }
}

extension AuthorizationServer {
    /// Makes a code for an approved request, and the organisations' connections that the approval brings.
    mutating func issueCode(
        for request: AuthorizationRequest, _ approval: Approval, at now: Moment, _ fresh: FreshTokens
    ) -> String {
        let scopes = grantedScopes(request.scopes, clientID: request.client.id, approval)
        codes.add(
            fresh.code,
            SimulatedCode(
                clientID: request.client.id, approval: approval, scopes: scopes,
                redirectURI: request.namesRedirectURI ? request.redirectURI : nil,
                codeChallenge: request.codeChallenge, nonce: request.nonce,
                bringsRefreshToken: bringsRefreshToken(request, approval.userID, scopes),
                authenticationEventID: fresh.event, issuedAt: now.boot))
        return fresh.code
    }

    /// What the user gave of what was asked. At GitHub a request without scopes brings all that the user gave before.
    func grantedScopes(_ asked: [String], clientID: String, _ approval: Approval) -> [String] {
        guard asked.isEmpty, dialect == .github else {
            return asked.filter { !approval.withheldScopes.contains($0) }
        }
        var union: [String] = []
        for grant in store.grants
        where grant.clientID == clientID && grant.userID == approval.userID && !grant.isRevoked {
            union += grant.scopes.filter { !union.contains($0) }
        }
        return union
    }

    private func bringsRefreshToken(
        _ request: AuthorizationRequest, _ userID: String, _ scopes: [String]
    ) -> Bool {
        switch request.client.policy.refreshTokenCondition {
        case .always: true
        case .scopes(let names): !names.isDisjoint(with: scopes)
        case .offlineAccess:
            request.parameters["access_type"] == "offline"
                && (request.prompts.contains("consent")
                    || store.grantID(clientID: request.client.id, userID: userID) == nil)
        }
    }
}
