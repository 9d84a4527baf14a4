internal import ConnectedAccounts
internal import JSON
internal import JSONRPC

/// The end of `connectedAccounts.initiate` where a provider has a say: it has taken the key, or the tokens, or refused them,
/// and has said whose they are.
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
        let isReady = connection.standing.servesToken(at: moment.now)
        if let refusal, first.isNew, !isReady {
            remove(first.slot)
            throw .bornDead(refusal)
        }
        guard refusal != nil || moment.isLast || isReady else {
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

extension RPCError {
    fileprivate static func bornDead(_ reason: StatusReason) -> RPCError {
        let problem =
            switch reason {
            case .anotherAccount: "these tokens are another account's than they are said to be"
            case .alreadyConnected: "this account is connected already"
            default: "the provider refuses these credentials"
            }
        return .invalidParams(
            "\(problem) (\(reason.slug)), so nothing was connected",
            data: ["parameter": "config", "statusReason": .string(reason.slug)])
    }
}
