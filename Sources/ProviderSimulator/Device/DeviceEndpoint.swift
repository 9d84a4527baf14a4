internal import ConnectedAccounts

extension AuthorizationServer {
    static let deviceGrantType = "urn:ietf:params:oauth:grant-type:device_code"

    /// The device authorization endpoint (RFC 8628 section 3.1).
    ///
    /// Where ``consent`` decides at once, it decides here already.
    mutating func deviceAuthorizationAnswer(
        to incoming: IncomingRequest, at now: Moment, _ fresh: FreshTokens
    ) throws(RequestError) -> Answer {
        if let malformed = incoming.malformed { throw malformed }
        if dialect == .google, incoming.request.authorization != nil {
            throw .invalidRequest("client id and secret go in the form here")
        }
        let client = try deviceClient(of: incoming, needsSecret: false)
        guard client.usesDeviceFlow else {
            let code = dialect == .github ? "device_flow_disabled" : "unauthorized_client"
            throw RequestError(code: code, description: "the device flow is not switched on for this application")
        }
        devices.add(
            fresh.deviceCode,
            SimulatedDeviceCode(
                clientID: client.id, userCode: fresh.userCode, scopes: Self.scopes(in: incoming["scope"]),
                issuedAt: now.boot, lastPollAt: now.boot, interval: deviceInterval))
        switch consent {
        case .approve(let approval): approveDevice(userCode: fresh.userCode, approval, at: now)
        case .deny: denyDevice(userCode: fresh.userCode, at: now)
        case .page: break
        }
        let members = deviceMembers(fresh)
        return dialect.answersForms && !incoming.acceptsJSON ? .form(members) : .json(.object(members))
    }

    /// Google has another name for the page's address, Microsoft a message to show; only the rest have the complete address.
    private func deviceMembers(_ fresh: FreshTokens) -> [JSONValue.Member] {
        let page = issuer + "/device"
        var members: [JSONValue.Member] = [
            .init("device_code", .string(fresh.deviceCode)), .init("user_code", .string(fresh.userCode)),
            .init(dialect == .google ? "verification_url" : "verification_uri", .string(page)),
            .init("expires_in", .number(deviceCodeLifetime.components.seconds)),
            .init("interval", .number(deviceInterval.components.seconds)),
        ]
        switch dialect {
        case .standard:
            members.append(.init("verification_uri_complete", .string("\(page)?user_code=\(fresh.userCode)")))
        case .microsoft:
            let message = "To sign in, use a web browser to open the page \(page) and enter the code \(fresh.userCode)."
            members.append(.init("message", .string(message)))
        default: break
        }
        return members
    }

    /// The grant type of RFC 8628 section 3.4.
    mutating func deviceAnswer(
        to incoming: IncomingRequest, from client: Client, at now: Moment, _ fresh: FreshTokens
    ) throws(RequestError) -> Answer {
        guard let name = incoming["device_code"] else { throw .invalidRequest("device_code is missing") }
        guard let record = devices[name], record.clientID == client.id, record.standing != .redeemed else {
            throw .device("invalid_grant", "the device code is unknown, or was used before", .deviceCodeUnknown)
        }
        guard record.issuedAt.duration(to: now.boot) < deviceCodeLifetime else {
            throw .device("expired_token", "the device code is too old", .deviceCodeExpired)
        }
        try notePoll(of: name, record, at: now)
        switch record.standing {
        case .pending: throw .device("authorization_pending", "the user has not decided yet", .deviceCodePending)
        case .denied: throw .device("access_denied", "the user declined", .deviceDenied)
        case .redeemed: throw .device("invalid_grant", "the device code was used before", .deviceCodeUnknown)
        case .approved(let approval):
            devices.change(name) { $0.standing = .redeemed }
            let scopes = grantedScopes(record.scopes, clientID: client.id, approval)
            let grantID = open(grant(of: client, approval, scopes, fresh.event), at: now, fresh)
            return firstAnswer(
                to: incoming, Self.deviceGrantType, grantID, from: client, nonce: nil,
                bringsRefreshToken: bringsDeviceRefreshToken(client.policy, scopes), at: now, fresh)
        }
    }

    /// Refuses one that comes too soon, and makes the interval five seconds longer (RFC 8628 section 3.5).
    private mutating func notePoll(
        of name: String, _ record: SimulatedDeviceCode, at now: Moment
    ) throws(RequestError) {
        let isTooSoon = record.lastPollAt.duration(to: now.boot) < record.interval
        let interval = isTooSoon ? record.interval + .seconds(5) : record.interval
        devices.change(name) {
            $0.lastPollAt = now.boot
            $0.interval = interval
        }
        guard isTooSoon else { return }
        ledger.noteHastyPoll()
        let seconds = Int(interval.components.seconds)
        throw .device("slow_down", "wait \(seconds) s between requests", .deviceTooSoon(interval: seconds))
    }

    /// There is no `access_type` in a device flow: Google's always brings one.
    private func bringsDeviceRefreshToken(_ policy: ClientPolicy, _ scopes: [String]) -> Bool {
        guard case .scopes(let names) = policy.refreshTokenCondition else { return true }
        return !names.isDisjoint(with: scopes)
    }
}
