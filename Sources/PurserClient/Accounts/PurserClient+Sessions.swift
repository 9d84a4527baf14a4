extension PurserClient {
    /// Makes a session: a user's view in which just the accounts given now exist (`session.create`).
    ///
    /// - Parameters:
    ///   - userID: Whose accounts.
    ///   - connectedAccounts: Exactly these, by toolkit, each an id, alias or identifier. Without them, all of the
    ///     user's accounts that the caller may use at this moment.
    ///   - toolkits: Which toolkits to leave in or out, where `connectedAccounts` is not given.
    ///   - lifetime: From a minute to a week, by default a day.
    ///   - requireExplicitSelection: Whether to ask for a choice even where a toolkit has one account.
    /// - Returns: The session, which this agent alone can use.
    /// - Throws: ``PurserError``, or `CancellationError`.
    public func createSession(
        userID: String, connectedAccounts: [String: [String]]? = nil, toolkits: Session.Toolkits? = nil,
        lifetime: Duration? = nil, requireExplicitSelection: Bool = false
    ) async throws -> Session {
        var parameters: JSONObject = ["userId": .string(userID)]
        parameters["connectedAccounts"] = connectedAccounts.map { accounts in
            .object(JSONObject(distinct: accounts.map { ($0.key, .array($0.value.map(JSONValue.string))) }))
        }
        parameters["toolkits"] = toolkits?.parameter
        parameters["expiresInSeconds"] = lifetime.map { .int($0.wholeSeconds) }
        if requireExplicitSelection { parameters["requireExplicitSelection"] = true }
        return try Session(try await answer("session.create", parameters))
    }

    /// A session of this agent (`session.get`).
    ///
    /// - Throws: ``PurserError``, or `CancellationError`.
    public func session(_ id: String) async throws -> Session {
        try Session(try await answer("session.get", ["sessionId": .string(id)]))
    }

    /// Ends a session of this agent (`session.close`).
    ///
    /// - Throws: ``PurserError``, or `CancellationError`.
    public func closeSession(_ id: String) async throws {
        _ = try await answer("session.close", ["sessionId": .string(id)])
    }

    /// Makes a session, lends it to `body`, and ends it afterwards, be it by return, error or cancellation.
    ///
    /// The parameters are those of
    /// ``createSession(userID:connectedAccounts:toolkits:lifetime:requireExplicitSelection:)``.
    ///
    /// - Throws: ``PurserError`` or `CancellationError` while it is made, and what `body` throws.
    public func withSession<Result>(
        userID: String, connectedAccounts: [String: [String]]? = nil, toolkits: Session.Toolkits? = nil,
        lifetime: Duration? = nil, requireExplicitSelection: Bool = false, _ body: (Session) async throws -> Result
    ) async throws -> Result {
        let session = try await createSession(
            userID: userID, connectedAccounts: connectedAccounts, toolkits: toolkits, lifetime: lifetime,
            requireExplicitSelection: requireExplicitSelection)
        // A notification needs no waiting, so it works in a cancelled task as well. If it fails, the session ends by
        // itself.
        defer { try? notify("session.close", ["sessionId": .string(session.id)]) }
        return try await body(session)
    }
}
