/// A consent that was asked for and is not given yet.
package struct PendingLink: Sendable, Equatable {
    /// How the user's answer arrives.
    package enum Flow: Sendable, Equatable {
        /// Through a browser, with an authorization code (RFC 6749 section 4.1).
        case browser
        /// The user enters a code on another device (RFC 8628).
        case device
    }

    /// The connection that is to get the tokens.
    package let connectionID: String
    package let userID: String
    package let authConfigID: String
    /// The name of the agent that began it.
    package let agent: String
    package let flow: Flow
    /// Where the browser goes on to afterwards; nil: the daemon's own page is the end.
    package let callbackURL: String?
    package var expiresAt: BootInstant
    /// What the browser's answer is known by: a keyed hash of the `state`. Nil where none was sent.
    package let stateHash: String?
    /// The authorization server that must have sent the answer (RFC 9207), as known when the user was sent to it.
    package var issuer: String?
    /// Whether it has promised to name itself.
    package var issuerIsPromised = false
    /// How long to wait between polls in the device flow.
    package var pollInterval: Duration?

    package init(
        connectionID: String, userID: String, authConfigID: String, agent: String, flow: Flow, callbackURL: String?,
        expiresAt: BootInstant, stateHash: String?
    ) {
        self.connectionID = connectionID
        self.userID = userID
        self.authConfigID = authConfigID
        self.agent = agent
        self.flow = flow
        self.callbackURL = callbackURL
        self.expiresAt = expiresAt
        self.stateHash = stateHash
    }
}

/// The links that wait for a user, each found by its connection or by its `state`. Bounded.
package struct LinkRegister: Sendable {
    /// A link lives so long.
    package static let lifetime: Duration = .seconds(600)
    /// Links that one agent may have open.
    package static let limitPerAgent = 100

    private var links: [String: PendingLink] = [:]
    private var byState: [String: String] = [:]
    /// Those whose answer has come and is being exchanged: no second answer is taken.
    private var claimed: Set<String> = []
    /// By the connection's id.
    package var unsaved = UnsavedKeys()

    /// The connections whose browser links are new since they were last taken.
    private var newBrowserLinks: [String] = []

    package init() {}

    package var count: Int { links.count }
    package var isEmpty: Bool { links.isEmpty }

    /// Whether a browser may come back for one of them.
    package var expectsBrowser: Bool { links.values.contains { $0.flow == .browser } }

    package subscript(connectionID: String) -> PendingLink? { links[connectionID] }

    package func isClaimed(_ connectionID: String) -> Bool { claimed.contains(connectionID) }

    /// The unfinished link of this user and auth config, which a new one replaces.
    package func unfinished(userID: String, authConfigID: String) -> PendingLink? {
        links.values.first { $0.userID == userID && $0.authConfigID == authConfigID }
    }

    /// Whether the agent may open one more, once these are over.
    package func hasRoom(for agent: String, without replaced: Set<String>) -> Bool {
        links.values.count { $0.agent == agent && !replaced.contains($0.connectionID) } < Self.limitPerAgent
    }

    /// False if the agent has too many open. A link of the same connection is replaced.
    package mutating func insert(_ link: PendingLink) -> Bool {
        remove(link.connectionID)
        guard links.values.count(where: { $0.agent == link.agent }) < Self.limitPerAgent else { return false }
        links[link.connectionID] = link
        unsaved.note(link.connectionID)
        if let state = link.stateHash { byState[state] = link.connectionID }
        if link.flow == .browser { newBrowserLinks.append(link.connectionID) }
        return true
    }

    /// The connections whose links wait for a browser, and did not when this was asked last.
    package mutating func takeNewBrowserLinks() -> [String] {
        guard !newBrowserLinks.isEmpty else { return [] }
        defer { newBrowserLinks = [] }
        return newBrowserLinks
    }

    /// In the device flow.
    package mutating func setPollInterval(_ interval: Duration, of connectionID: String) {
        links[connectionID]?.pollInterval = interval
        unsaved.note(connectionID)
    }

    /// The link that waits for this `state`.
    package func find(stateHash: String) -> PendingLink? { byState[stateHash].flatMap { links[$0] } }

    /// The link that waits for this `state`, once: from then on no other answer finds it.
    package mutating func claim(stateHash: String, now: BootInstant) -> PendingLink? {
        guard let id = byState[stateHash], let link = links[id], link.expiresAt > now else { return nil }
        byState[stateHash] = nil
        claimed.insert(id)
        unsaved.note(id)
        return link
    }

    package mutating func remove(_ connectionID: String) {
        guard let link = links.removeValue(forKey: connectionID) else { return }
        claimed.remove(connectionID)
        newBrowserLinks.removeAll { $0 == connectionID }
        unsaved.note(connectionID)
        if let state = link.stateHash { byState[state] = nil }
    }

    /// Takes out those whose time is up; one whose answer is being exchanged gets a little longer.
    package mutating func takeExpired(now: BootInstant) -> [PendingLink] {
        let expired = links.values.filter { deadline($0) <= now }.sorted { $0.connectionID < $1.connectionID }
        for link in expired { remove(link.connectionID) }
        return expired
    }

    package var nextExpiry: BootInstant? { links.values.map { deadline($0) }.min() }

    private func deadline(_ link: PendingLink) -> BootInstant {
        claimed.contains(link.connectionID) ? link.expiresAt.advanced(by: .seconds(120)) : link.expiresAt
    }
}
