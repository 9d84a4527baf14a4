/// The state of a connection as the wire shows it.
package enum ConnectionStatus: String, Sendable, CaseIterable {
    /// A link was begun and not completed.
    case initiated = "INITIATED"
    case active = "ACTIVE"
    /// Paused by a caller: gives no credentials, executes nothing.
    case inactive = "INACTIVE"
    /// The token's life is over and no refresh has succeeded yet, or can.
    case expired = "EXPIRED"
    /// The provider rejected this grant: its user must connect again.
    case failed = "FAILED"
    /// Withdrawn, by us or as the provider says.
    case revoked = "REVOKED"
}

/// Why a connection is not ACTIVE; a stable slug, documented in `Protocol/README.md`.
package struct StatusReason: Sendable, Hashable {
    package var slug: String

    package init(_ slug: String) {
        self.slug = slug
    }

    /// The token ran out and its refresh is on the way.
    package static let refreshPending = StatusReason("refresh_pending")
    /// The provider cannot be reached or does not answer as it should; tried again by itself.
    package static let upstreamUnavailable = StatusReason("upstream_unavailable")
    /// The token ran out and the grant came without a refresh token.
    package static let noRefreshToken = StatusReason("no_refresh_token")
    package static let disabledByCaller = StatusReason("disabled_by_caller")
    /// A refresh was sent and never answered, and this provider's tokens may not be presented again.
    package static let uncertain = StatusReason("uncertain")
    /// The configuration names the connection, but its credentials could not be read.
    package static let credentialsMissing = StatusReason("credentials_missing")
}

/// What a provider has said of a grant for good; only a new login takes it back.
package enum GrantVerdict: Sendable, Equatable {
    case rejected(StatusReason)
    case revoked(StatusReason)
    /// A refresh was sent and never answered, and may not be sent again.
    case uncertain
}

/// A connection's standing: the facts from which its status follows at any instant.
///
/// The status is derived, never stored, so time alone moves it and nothing can forget to.
package struct ConnectionStanding: Sendable, Equatable {
    package var isDisabled = false
    package var verdict: GrantVerdict?
    /// Why the last refresh did not succeed, until one does.
    package var lastFailure: StatusReason?
    /// Nil while there are no credentials at all.
    package var life: TokenLife?

    package init(life: TokenLife? = nil) {
        self.life = life
    }

    package func status(at now: BootInstant) -> (status: ConnectionStatus, reason: StatusReason?) {
        if isDisabled { return (.inactive, .disabledByCaller) }
        switch verdict {
        case .revoked(let reason): return (.revoked, reason)
        case .rejected(let reason): return (.failed, reason)
        case .uncertain, nil: break
        }
        guard let life else { return (.expired, .credentialsMissing) }
        guard life.hasEnded(at: now) else { return (.active, nil) }
        if verdict == .uncertain { return (.expired, .uncertain) }
        guard life.isRefreshable else { return (.expired, .noRefreshToken) }
        return (.expired, lastFailure ?? .refreshPending)
    }

    /// Whether the access token may be handed out: a failed refresh never takes a living one away, a revocation does.
    package func servesToken(at now: BootInstant) -> Bool {
        guard !isDisabled, let life, !life.hasEnded(at: now) else { return false }
        if case .revoked = verdict { return false }
        return true
    }
}
