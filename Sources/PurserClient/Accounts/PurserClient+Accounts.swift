extension PurserClient {
    /// Every account in the caller's scope, each with its live credential (`getAccounts`).
    ///
    /// An account whose token has run out is waited for up to `timeout`, then listed without credential.
    ///
    /// - Parameters:
    ///   - provider: Only accounts of this provider.
    ///   - toolkit: Only accounts that were connected for this toolkit.
    ///   - userID: Only this user's accounts.
    ///   - session: Only what is pinned in this session.
    ///   - timeout: How long the daemon waits for tokens: up to 60 seconds, by default 5.
    /// - Returns: Accounts in the order in which they were connected.
    /// - Throws: ``PurserError``, or `CancellationError`.
    public func accounts(
        provider: String? = nil, toolkit: String? = nil, userID: String? = nil, session: String? = nil,
        timeout: Duration? = nil
    ) async throws -> [Account] {
        var parameters = JSONObject()
        parameters["provider"] = provider.map(JSONValue.string)
        parameters["toolkit"] = toolkit.map(JSONValue.string)
        parameters["userId"] = userID.map(JSONValue.string)
        parameters["sessionId"] = session.map(JSONValue.string)
        let answer = try await answer("getAccounts", parameters, waiting: timeout)
        return try answer.list("accounts", of: "account", Account.init)
    }

    /// The credentials of one account (`getConnectionCredentials`).
    ///
    /// - Parameters:
    ///   - connection: The connection's id, its alias, or the account's identifier.
    ///   - minimumValidity: Refreshes first if the token has less life than this: up to a day, in whole seconds.
    ///   - timeout: How long the daemon waits for a token: up to 60 seconds, by default 5.
    /// - Returns: The account with its credential.
    /// - Throws: ``PurserError``, or `CancellationError`.
    public func credentials(
        connection: String, minimumValidity: Duration? = nil, timeout: Duration? = nil
    ) async throws -> Credentials {
        try await credentials(["connectionId": .string(connection)], minimumValidity, timeout)
    }

    /// The credentials of the one account that a session has for a toolkit (`getConnectionCredentials`).
    ///
    /// - Parameters:
    ///   - session: The session's id.
    ///   - toolkit: What the account was connected for.
    ///   - connection: Which one it is, where the session has several.
    ///   - minimumValidity: Refreshes first if the token has less life than this: up to a day, in whole seconds.
    ///   - timeout: How long the daemon waits for a token: up to 60 seconds, by default 5.
    /// - Returns: The account with its credential.
    /// - Throws: ``PurserError``, or `CancellationError`.
    public func credentials(
        session: String, toolkit: String, connection: String? = nil, minimumValidity: Duration? = nil,
        timeout: Duration? = nil
    ) async throws -> Credentials {
        var parameters: JSONObject = ["sessionId": .string(session), "toolkit": .string(toolkit)]
        parameters["connectionId"] = connection.map(JSONValue.string)
        return try await credentials(parameters, minimumValidity, timeout)
    }

    /// Refreshes an account's token (`refreshAccount`). For a caller whose token the provider has refused:
    ///
    /// ```swift
    /// account = try await client.refresh(connection: account.connectionID, ifGeneration: account.generation)
    /// ```
    ///
    /// Any number of callers may do this at once; the provider is asked once.
    ///
    /// - Parameters:
    ///   - connection: The connection's id, its alias, or the account's identifier.
    ///   - ifGeneration: Refreshes only if this generation is still current; if not, the current account is answered at
    ///     once.
    ///   - timeout: How long the daemon waits for the refresh: up to 60 seconds, by default 30.
    /// - Returns: The account with the new token, or with the current one.
    /// - Throws: ``PurserError``, or `CancellationError`.
    public func refresh(
        connection: String, ifGeneration: Int? = nil, timeout: Duration? = nil
    ) async throws -> Account {
        var parameters: JSONObject = ["connectionId": .string(connection)]
        parameters["ifGeneration"] = ifGeneration.map(JSONValue.int)
        return try Account(try await answer("refreshAccount", parameters, waiting: timeout))
    }

    private func credentials(
        _ parameters: JSONObject, _ minimumValidity: Duration?, _ timeout: Duration?
    ) async throws -> Credentials {
        var parameters = parameters
        parameters["minValiditySeconds"] = minimumValidity.map { .int($0.wholeSeconds) }
        return try Credentials(try await answer("getConnectionCredentials", parameters, waiting: timeout))
    }

    /// Calls a method that can be told how long to wait for a provider. The call itself waits a little longer than
    /// that.
    func answer(
        _ method: String, _ parameters: JSONObject, waiting: Duration? = nil
    ) async throws -> AnswerReader {
        var parameters = parameters
        parameters["timeoutMs"] = waiting.map { .int($0.milliseconds) }
        let request = try RequestLine(method, .object(parameters))
        let timeout = waiting.map { max(limits.timeout, $0 + .seconds(15)) }
        return AnswerReader(value: try await answer(to: request, timeout: timeout), subject: "an answer")
    }
}

extension Duration {
    /// Milliseconds, rounded up, as many as fit.
    var milliseconds: Int { ceiling(unitsPerSecond: 1000) }

    /// Seconds, rounded up.
    var wholeSeconds: Int { ceiling(unitsPerSecond: 1) }

    private func ceiling(unitsPerSecond: Int64) -> Int {
        let (seconds, attoseconds) = components
        let (whole, isTooMany) = seconds.multipliedReportingOverflow(by: unitsPerSecond)
        if isTooMany { return seconds < 0 ? .min : .max }
        let attosecondsPerUnit = 1_000_000_000_000_000_000 / unitsPerSecond
        let rest = attoseconds / attosecondsPerUnit + (attoseconds % attosecondsPerUnit > 0 ? 1 : 0)
        let (sum, overflow) = whole.addingReportingOverflow(rest)
        return overflow ? (seconds < 0 ? .min : .max) : Int(sum)
    }
}
