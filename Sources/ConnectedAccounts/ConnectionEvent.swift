/// Something that happened to a connection, as it stood when it was noticed.
package struct ConnectionEvent: Sendable, Equatable {
    /// What happened; the raw value is the event's type on the wire.
    package enum Kind: String, Sendable, CaseIterable {
        /// It is there, in whatever status but INITIATED.
        case created = "connection.created"
        /// It has a new, living token set.
        case refreshed = "connection.refreshed"
        /// Its token ends soon, and was not or cannot be refreshed.
        case expiring = "connection.expiring"
        case expired = "connection.expired"
        case failed = "connection.failed"
        case revoked = "connection.revoked"
        /// It is ACTIVE again after EXPIRED, FAILED or REVOKED.
        case recovered = "connection.recovered"
        case disabled = "connection.disabled"
        case enabled = "connection.enabled"
        case deleted = "connection.deleted"
    }

    package let kind: Kind
    package let connectionID: String
    package let userID: String
    package let toolkit: String
    package let status: ConnectionStatus
    package var reason: StatusReason?
    package let generation: UInt64

    init(_ kind: Kind, of connection: Connection, at now: BootInstant) {
        self.kind = kind
        connectionID = connection.id
        userID = connection.userID
        toolkit = connection.toolkit
        (status, reason) = connection.standing.status(at: now)
        generation = connection.generation
    }

    /// The end of a connection that is there no more.
    init(deletionOf known: KnownConnection) {
        kind = .deleted
        connectionID = known.id
        userID = known.userID
        toolkit = known.toolkit
        status = known.isDisabled ? .inactive : known.condition
        reason = nil
        generation = known.generation
    }
}
