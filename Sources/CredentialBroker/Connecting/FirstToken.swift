internal import ConnectedAccounts
internal import JSON
internal import JSONRPC

/// The end of `connectedAccounts.initiate` with a key that tokens are got with: the provider has taken it, or refused it.
struct FirstToken: Sendable {
    /// How long the provider is waited for. The connection is made in any case, and goes on trying.
    static var timeout: Duration { .seconds(10) }

    var slot: Int
    var connectionID: String
    /// Whether there was no such connection before.
    var isNew: Bool
}

extension BrokerState {
    /// What is born dead is not kept; a connection that was there before says what has become of it.
    mutating func attempt(
        _ first: FirstToken, _ moment: Moment, into result: inout JSONWriter
    ) throws(RPCError) -> Progress {
        guard let connection = directory[first.slot], connection.id == first.connectionID else { throw .forbidden }
        let refusal = refusal(of: connection)
        if let refusal, first.isNew, !connection.standing.servesToken(at: moment.now) {
            remove(first.slot)
            throw .invalidParams(
                "the provider refuses these credentials (\(refusal.slug)), so nothing was connected",
                data: ["parameter": "config", "statusReason": .string(refusal.slug)])
        }
        guard refusal != nil || moment.isLast || connection.standing.servesToken(at: moment.now) else {
            return .wait([first.slot])
        }
        write(connection, redirectURL: nil, now: moment.now, into: &result)
        return .done
    }

    private func refusal(of connection: Connection) -> StatusReason? {
        switch connection.standing.verdict {
        case .rejected(let reason), .revoked(let reason): reason
        case .uncertain, nil: rejectedApps[connection.registration]
        }
    }
}
