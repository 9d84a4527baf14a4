internal import ConnectedAccounts

/// An authorization server whose refresh tokens are good for one use: whoever presents a spent one loses the grant.
///
/// Refresh tokens are `canary-refresh-GRANT-N`, access tokens `access-GRANT-N`, with N growing from 1.
package struct OneUseProvider: Sendable {
    package struct Grant: Sendable {
        package var current = 1
        package var isDead = false
        /// The token before is still taken so long after it was first used; nil: once.
        package var grace: Duration?
        /// False: the refresh token stays, and answers do not repeat it.
        package var rotates = true
        package var lifetime: Int? = 3600
        var spentAt: BootInstant?

        package init() {}
    }

    package var grants: [String: Grant] = [:]
    /// How often each refresh token was received.
    package private(set) var presented: [String: Int] = [:]
    /// Tokens presented though they were spent and their grace was over.
    package private(set) var reused: [String] = []

    package init() {}

    package static func refreshToken(_ grant: String, _ number: Int) -> String { "canary-refresh-\(grant)-\(number)" }
    package static func accessToken(_ grant: String, _ number: Int) -> String { "access-\(grant)-\(number)" }

    /// Carries a refresh out, whatever becomes of the answer.
    package mutating func receive(_ request: ReceivedRequest) -> Reaction {
        guard request.parameters["grant_type"] == "refresh_token", let token = request.refreshToken else {
            return .error("unsupported_grant_type")
        }
        presented[token, default: 0] += 1
        let parts = token.split(separator: "-")
        guard parts.count == 4, let number = Int(parts[3]), var grant = grants[String(parts[2])] else {
            return .error("invalid_grant")
        }
        let name = String(parts[2])
        defer { grants[name] = grant }
        if grant.isDead { return .error("invalid_grant") }
        if number == grant.current {
            // A token that stays is not numbered, only the access tokens are.
            guard grant.rotates else { return answer(name, grant, number: presented[token, default: 1] + 1) }
            grant.spentAt = request.at
            grant.current += 1
            return answer(name, grant, number: grant.current)
        }
        if number == grant.current - 1, let grace = grant.grace, let spentAt = grant.spentAt,
            spentAt.duration(to: request.at) < grace
        {
            return answer(name, grant, number: grant.current)
        }
        reused.append(token)
        grant.isDead = true
        return .error("invalid_grant")
    }

    private func answer(_ name: String, _ grant: Grant, number: Int) -> Reaction {
        var body = #"{"access_token":"\#(Self.accessToken(name, number))","token_type":"Bearer""#
        if let lifetime = grant.lifetime { body += #","expires_in":\#(lifetime)"# }
        if grant.rotates { body += #","refresh_token":"\#(Self.refreshToken(name, number))""# }
        return .answer(body + "}")
    }
}
