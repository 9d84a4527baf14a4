internal import JSON

extension PurserClient {
    /// Which connections ``connectedAccounts(_:)`` lists: those that fit every part that is given.
    public struct Filter: Sendable, Hashable {
        /// Of these users.
        public var userIDs: [String]?

        /// Connected for these toolkits.
        public var toolkits: [String]?

        /// In these states.
        public var statuses: [ConnectionStatus]?

        /// Of these client registrations.
        public var authConfigIDs: [String]?

        /// With these ids.
        public var connectionIDs: [String]?

        /// Every connection in the caller's scope, unless a part is given.
        public init(
            userIDs: [String]? = nil, toolkits: [String]? = nil, statuses: [ConnectionStatus]? = nil,
            authConfigIDs: [String]? = nil, connectionIDs: [String]? = nil
        ) {
            self.userIDs = userIDs
            self.toolkits = toolkits
            self.statuses = statuses
            self.authConfigIDs = authConfigIDs
            self.connectionIDs = connectionIDs
        }
    }

    /// The connections in the caller's scope, oldest first (`connectedAccounts.list`, as many calls as it takes).
    ///
    /// - Throws: ``PurserError``, or `CancellationError`.
    public func connectedAccounts(_ filter: Filter = Filter()) async throws -> [ConnectedAccount] {
        var accounts: [ConnectedAccount] = []
        try await forEachPage(filter) { (page) throws(PurserError) in
            accounts += try page.list("items", of: "connected account", ConnectedAccount.init)
        }
        return accounts
    }

    /// The same as the daemon wrote them, but without `state`, which may hold secrets.
    package func connectedAccountsAsJSON(_ filter: Filter) async throws -> [JSONValue] {
        var accounts: [JSONValue] = []
        try await forEachPage(filter) { (page) throws(PurserError) in
            accounts += try page.list("items", of: "connected account") { JSONValue($0.value, omitting: "state") }
        }
        return accounts
    }

    /// One connection, by its id, alias, or account's identifier (`connectedAccounts.get`).
    ///
    /// - Throws: ``PurserError``, or `CancellationError`.
    public func connectedAccount(_ connection: String) async throws -> ConnectedAccount {
        try ConnectedAccount(
            try await answer("connectedAccounts.get", ["id": .string(connection)]))
    }

    /// Lets a disabled connection give credentials again (`connectedAccounts.enable`).
    ///
    /// - Throws: ``PurserError``, or `CancellationError`.
    public func enable(connection: String) async throws {
        _ = try await answer("connectedAccounts.enable", ["id": .string(connection)])
    }

    /// Keeps a connection from giving credentials until it is enabled (`connectedAccounts.disable`).
    ///
    /// - Throws: ``PurserError``, or `CancellationError`.
    public func disable(connection: String) async throws {
        _ = try await answer("connectedAccounts.disable", ["id": .string(connection)])
    }

    /// Calls page after page. A daemon holds fewer connections than this many pages have.
    private func forEachPage(
        _ filter: Filter, _ body: (AnswerReader) throws(PurserError) -> Void
    ) async throws {
        var parameters = filter.parameters
        parameters["limit"] = 1000
        for _ in 0..<1000 {
            let page = try await answer("connectedAccounts.list", parameters)
            try body(page)
            guard let cursor = page.optionalText("nextCursor") else { return }
            parameters["cursor"] = .string(cursor)
        }
        throw PurserError.protocolViolation("a list of connections that does not end")
    }
}

extension PurserClient.Filter {
    fileprivate var parameters: JSONObject {
        var parameters = JSONObject()
        func set(_ key: String, _ names: [String]?) {
            parameters[key] = names.map { .array($0.map(JSONValue.string)) }
        }
        set("userIds", userIDs)
        set("toolkitSlugs", toolkits)
        set("statuses", statuses?.map(\.rawValue))
        set("authConfigIds", authConfigIDs)
        set("connectedAccountIds", connectionIDs)
        return parameters
    }
}
