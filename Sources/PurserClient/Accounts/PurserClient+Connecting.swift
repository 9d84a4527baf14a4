internal import JSON

extension PurserClient {
    /// Asks for a user's consent (`connectedAccounts.link`): send the user to the link, then
    /// ``waitForConnection(_:timeout:)``.
    ///
    /// - Parameters:
    ///   - userID: Whose account it will be.
    ///   - authConfigID: The client registration to connect it with.
    ///   - callbackURL: Where the browser goes on to afterwards, with `status` and `connected_account_id` in its query.
    ///   - alias: A name for the connection.
    ///   - allowsMultiple: Whether it may stand beside another account that this user has of this auth config.
    ///   - flow: How consent is asked for; by default in a browser, where the provider has that.
    /// - Returns: The link, which lives for ten minutes.
    /// - Throws: ``PurserError``, or `CancellationError`.
    public func link(
        userID: String, authConfigID: String, callbackURL: String? = nil, alias: String? = nil,
        allowsMultiple: Bool = false, flow: ConnectionLink.Flow? = nil
    ) async throws -> ConnectionLink {
        var parameters: JSONObject = ["userId": .string(userID), "authConfigId": .string(authConfigID)]
        parameters["callbackUrl"] = callbackURL.map(JSONValue.string)
        parameters["alias"] = alias.map(JSONValue.string)
        if allowsMultiple { parameters["allowMultiple"] = true }
        parameters["flow"] = flow.map { .string($0.rawValue) }
        return try ConnectionLink(try await answer("connectedAccounts.link", parameters))
    }

    /// Connects an account with what the caller has of it already (`connectedAccounts.initiate`).
    ///
    /// - Parameters:
    ///   - userID: Whose account it will be.
    ///   - authConfigID: The scheme by which it is connected.
    ///   - config: The key, password, or tokens, as the contract describes them for the scheme. They are plain strings
    ///     of the caller's; what is made of them to be sent is wiped.
    ///   - callbackURL: As for a link, where consent is needed after all.
    ///   - alias: A name for the connection.
    ///   - allowsMultiple: Whether it may stand beside another account that this user has of this auth config.
    ///   - allowsNonRefreshable: Whether a token may be taken that ends and cannot be refreshed.
    /// - Returns: The connection, or the link that it still needs.
    /// - Throws: ``PurserError``, or `CancellationError`.
    public func initiate(
        userID: String, authConfigID: String, config: JSONObject? = nil, callbackURL: String? = nil,
        alias: String? = nil, allowsMultiple: Bool = false, allowsNonRefreshable: Bool = false
    ) async throws -> ConnectionOutcome {
        var parameters: JSONObject = ["userId": .string(userID), "authConfigId": .string(authConfigID)]
        parameters["config"] = config.map(JSONValue.object)
        parameters["callbackUrl"] = callbackURL.map(JSONValue.string)
        parameters["alias"] = alias.map(JSONValue.string)
        if allowsMultiple { parameters["allowMultiple"] = true }
        if allowsNonRefreshable { parameters["allowNonRefreshable"] = true }
        return try ConnectionOutcome(try await answer("connectedAccounts.initiate", parameters))
    }

    /// Hands in the address that a browser on another machine ended at (`connectedAccounts.completeLink`).
    ///
    /// - Parameter redirectURL: The whole address. It holds an authorization code.
    /// - Returns: The connection; whether it came about is its status.
    /// - Throws: ``PurserError``, or `CancellationError`.
    @discardableResult
    public func completeLink(redirectURL: Secret) async throws -> ConnectionOutcome {
        let request = try RequestLine("connectedAccounts.completeLink", member: "redirectUrl", secret: redirectURL)
        return try ConnectionOutcome(
            AnswerReader(value: try await answer(to: request), subject: "an answer"))
    }

    /// Waits until the user of a link has finished, or its time is over (`connectedAccounts.waitForConnection`).
    ///
    /// - Parameters:
    ///   - connection: The link's id.
    ///   - timeout: How long the daemon waits: up to 10 minutes, by default one.
    /// - Returns: The connection; whether it came about is its ``ConnectedAccount/status``.
    /// - Throws: ``PurserError``, or `CancellationError`. With the name ``RPCError/Name/timeout`` the link is still
    ///   open: wait again.
    public func waitForConnection(_ connection: String, timeout: Duration? = nil) async throws -> ConnectedAccount {
        try await shownConnection(connection, timeout: timeout).account
    }

    /// Refreshes a connection where that can help; where it cannot, opens a link for its user
    /// (`connectedAccounts.refresh`).
    ///
    /// - Parameters:
    ///   - connection: The connection's id, its alias, or the account's identifier.
    ///   - timeout: How long the daemon waits for the refresh: up to 60 seconds, by default 30.
    /// - Returns: The connection as it is then, or the link that it needs.
    /// - Throws: ``PurserError``, or `CancellationError`.
    public func refreshConnection(_ connection: String, timeout: Duration? = nil) async throws -> ConnectionOutcome {
        try ConnectionOutcome(
            try await answer("connectedAccounts.refresh", ["id": .string(connection)], waiting: timeout))
    }

    /// Ends a connection for good (`connectedAccounts.delete`).
    ///
    /// - Parameters:
    ///   - connection: The connection's id, its alias, or the account's identifier. One account of several, named by its
    ///     own identifier, is taken out alone.
    ///   - revokes: Whether its tokens are ended at the provider, too.
    /// - Returns: What became of each token there, or of the one account.
    /// - Throws: ``PurserError``, or `CancellationError`.
    @discardableResult
    public func delete(connection: String, revokes: Bool = true) async throws -> Deletion {
        var parameters: JSONObject = ["id": .string(connection)]
        if !revokes { parameters["revoke"] = false }
        let answer = try await answer("connectedAccounts.delete", parameters)
        return try Deletion(answer)
    }

    /// Gives a connection a name of its user's own, or takes it away (`connectedAccounts.update`).
    ///
    /// - Parameters:
    ///   - alias: Unique among the user's connections of its toolkit; "" for none.
    ///   - connection: The connection's id, its alias, or the account's identifier.
    /// - Returns: The connection with its new name.
    /// - Throws: ``PurserError``, or `CancellationError`.
    @discardableResult
    public func setAlias(_ alias: String, of connection: String) async throws -> ConnectedAccount {
        try await shownConnection(settingAlias: alias, of: connection).account
    }
}

/// A connection as a typed value, and as the daemon wrote it but without `state`, which may hold secrets.
package struct ShownConnection: Sendable {
    /// The value.
    package let account: ConnectedAccount

    /// What the daemon wrote.
    package let json: JSONValue

    init(_ answer: AnswerReader) throws(PurserError) {
        account = try ConnectedAccount(answer)
        json = JSONValue(answer.value, omitting: "state")
    }
}

extension PurserClient {
    /// As ``waitForConnection(_:timeout:)``.
    package func shownConnection(_ connection: String, timeout: Duration?) async throws -> ShownConnection {
        try ShownConnection(
            try await answer(
                "connectedAccounts.waitForConnection", ["id": .string(connection)], waiting: timeout ?? .seconds(60)))
    }

    /// As ``setAlias(_:of:)``.
    package func shownConnection(settingAlias alias: String, of connection: String) async throws -> ShownConnection {
        try ShownConnection(
            try await answer("connectedAccounts.update", ["id": .string(connection), "alias": .string(alias)]))
    }
}
