internal import JSON

/// One user's view with pinned accounts, bound to the agent that made it. Nothing else exists in it.
public struct Session: Sendable, Hashable {
    /// The session's id, to pass to ``PurserClient/credentials(session:toolkit:connection:minimumValidity:timeout:)``.
    public let id: String

    /// Whose accounts these are.
    public let userID: String

    /// Connection ids by toolkit.
    public let connectedAccounts: [String: [String]]

    /// When the session ends by itself.
    public let expiresAt: Timestamp

    /// Which toolkits a new session has, where accounts are not named.
    public enum Toolkits: Sendable, Hashable {
        /// Only these.
        case enable([String])
        /// All but these.
        case disable([String])
    }

    init(_ session: AnswerReader) throws(PurserError) {
        id = try session.text("sessionId")
        userID = try session.text("userId")
        expiresAt = try session.timestamp("expiresAt")
        connectedAccounts = try session.object("connectedAccounts", "a session").connections()
    }
}

extension Session.Toolkits {
    var parameter: JSONValue {
        switch self {
        case .enable(let toolkits): ["enable": .array(toolkits.map(JSONValue.string))]
        case .disable(let toolkits): ["disable": .array(toolkits.map(JSONValue.string))]
        }
    }
}

extension AnswerReader {
    fileprivate func connections() throws(PurserError) -> [String: [String]] {
        var connections: [String: [String]] = [:]
        for (toolkit, ids) in value.members {
            connections[toolkit.string ?? ""] = ids.elements.compactMap(\.string)
        }
        return connections
    }
}
