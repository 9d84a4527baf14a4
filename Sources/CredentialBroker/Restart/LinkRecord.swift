internal import ConnectedAccounts
internal import JSON
internal import SecretBytes

/// What the vault keeps of a link that waits for its user, beside its secrets.
struct LinkRecord {
    var link: PendingLink
    /// Its answer had come, and was being exchanged.
    var isClaimed: Bool

    func written() -> SecretBuffer {
        var json = JSONWriter()
        json.object { json in
            json.member("connectionId", link.connectionID)
            json.member("userId", link.userID)
            json.member("authConfigId", link.authConfigID)
            json.member("agent", link.agent)
            json.member("isDevice", link.flow == .device)
            json.member("callbackUrl", link.callbackURL)
            json.member("expiresAt", link.expiresAt.nanoseconds)
            json.member("stateHash", link.stateHash)
            json.member("issuer", link.issuer)
            json.member("issuerIsPromised", link.issuerIsPromised)
            json.member("pollInterval", link.pollInterval.map { Int($0.nanoseconds) })
            json.member("isClaimed", isClaimed)
        }
        return json.finish()
    }
}

extension LinkRecord {
    /// Nil if it is not what ``written()`` writes.
    init?(reading payload: Span<UInt8>) {
        guard let root = RecordJSON.parse(payload), let connectionID = root["connectionId"]?.string,
            let userID = root["userId"]?.string, let authConfigID = root["authConfigId"]?.string,
            let agent = root["agent"]?.string, let expiresAt = root["expiresAt"]?.int
        else { return nil }
        link = PendingLink(
            connectionID: connectionID, userID: userID, authConfigID: authConfigID, agent: agent,
            flow: root["isDevice"]?.bool == true ? .device : .browser, callbackURL: root["callbackUrl"]?.string,
            expiresAt: BootInstant(nanoseconds: Int64(expiresAt)), stateHash: root["stateHash"]?.string)
        link.issuer = root["issuer"]?.string
        link.issuerIsPromised = root["issuerIsPromised"]?.bool ?? false
        link.pollInterval = root["pollInterval"]?.int.map { .nanoseconds($0) }
        isClaimed = root["isClaimed"]?.bool ?? false
    }
}
