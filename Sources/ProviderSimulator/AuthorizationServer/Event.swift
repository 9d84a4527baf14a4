extension AuthorizationServer {
    /// Something that happened at the provider. Holds no token.
    package enum Event: Sendable, Equatable {
        /// A request came in, before anything is done about it.
        case received(Endpoint, clientID: String?)
        case issued(Issue)
        /// A user said yes at the authorization endpoint.
        case approved(account: String, clientID: String)
        /// A request was refused, with the error's code.
        case refused(Endpoint, clientID: String?, error: String)
        /// A spent refresh token was presented again.
        case reused(account: String, outcome: Reuse)
        /// A grant ended, by request or by the provider.
        case revoked(account: String)
        /// A fault was put in the way of a request.
        case fault(Fault, Endpoint)
        /// A connection was not let come about.
        case handshake(Fault.Handshake)
    }

    /// A token set that was issued.
    package struct Issue: Sendable, Equatable {
        /// As in the token request, such as `refresh_token`.
        package var grantType: String
        package var clientID: String
        /// The user's login or the client's id.
        package var account: String
        /// How many-th token set of its grant it is.
        package var number: Int
        package var lifetime: Duration?
        /// Whether the refresh token was replaced.
        package var rotated: Bool
    }

    /// What came of presenting a spent refresh token.
    package enum Reuse: String, Sendable {
        case refused
        case accepted
        case familyRevoked
    }
}

extension AuthorizationServer.Event: CustomStringConvertible {
    /// One line for a person to read.
    package var description: String {
        switch self {
        case .received(let endpoint, let clientID):
            "\(endpoint.rawValue) request from \(clientID ?? "an unknown client")"
        case .issued(let issue): issue.description
        case .approved(let account, let clientID): "\(account): allowed \(clientID)"
        case .refused(let endpoint, let clientID, let error):
            "\(endpoint.rawValue) request from \(clientID ?? "an unknown client") refused: \(error)"
        case .reused(let account, .refused): "\(account): a spent refresh token came again and was refused"
        case .reused(let account, .accepted): "\(account): a spent refresh token came again, within its grace"
        case .reused(let account, .familyRevoked): "\(account): a spent refresh token came again; the grant is revoked"
        case .revoked(let account): "\(account): the grant is revoked"
        case .fault(let fault, let endpoint): "\(endpoint.rawValue) request met the fault \(fault.name)"
        case .handshake(let handshake): "a connection met the fault \(Fault.tls(handshake).name)"
        }
    }
}

extension AuthorizationServer.Issue: CustomStringConvertible {
    /// One line for a person to read.
    package var description: String {
        let verb = grantType == "refresh_token" ? "refreshed" : "issued"
        let life = lifetime.map { "lives \($0.components.seconds) s" } ?? "has no end"
        return "\(account): \(verb), token set \(number) \(life)" + (rotated ? ", refresh token rotated" : "")
    }
}
