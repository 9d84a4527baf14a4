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

    /// The user has not given, or refused, consent yet.
    package static let consentPending = StatusReason("consent_pending")
    /// The link was not completed in its ten minutes.
    package static let linkExpired = StatusReason("link_expired")
    /// A newer link of the same user and auth config took its place.
    package static let linkReplaced = StatusReason("link_replaced")
    /// The provider's answer says that the user refused.
    package static let accessDenied = StatusReason("access_denied")
    /// The browser's answer, or the id token, is not what was asked for.
    package static let linkRejected = StatusReason("link_rejected")
    /// The daemon ended while the provider's answer was exchanged; a code is good for one exchange.
    package static let linkInterrupted = StatusReason("link_interrupted")
    /// There are tokens, and whose they are could not be read yet; asked again by itself.
    package static let identityPending = StatusReason("identity_pending")
    /// The provider does not say whose account it is, so it cannot be told from another.
    package static let identityUnknown = StatusReason("identity_unknown")
    /// No browser could come back: the daemon's port is another program's, or cannot be opened.
    package static let callbackUnavailable = StatusReason("callback_unavailable")
    /// The tokens belong to another account than the connection's own.
    package static let anotherAccount = StatusReason("another_account")
    /// The account is connected already, as another connection of the same user.
    package static let alreadyConnected = StatusReason("already_connected")
    /// The provider gave an access token that ends, and no refresh token.
    package static let notRefreshable = StatusReason("not_refreshable")
}

/// What a provider has said of a grant for good; only a new login takes it back.
package enum GrantVerdict: Sendable, Equatable {
    case rejected(StatusReason)
    case revoked(StatusReason)
    /// A refresh was sent and never answered, and may not be sent again.
    case uncertain
}

/// What came of asking a user for consent, as long as there are no tokens.
package enum LinkOutcome: Sendable, Equatable {
    case open
    /// Not completed in time, or replaced.
    case expired(StatusReason)
    case failed(StatusReason)
}

/// A connection's standing: the facts from which its status follows at any instant.
///
/// The status is derived, never stored, so time alone moves it and nothing can forget to.
package struct ConnectionStanding: Sendable, Equatable {
    package var isDisabled = false
    /// Being deleted: gives nothing out any more, while its tokens are ended at the provider.
    package var isEnding = false
    /// The tokens are new, and whose they are is not known yet: until then they are nobody's (R11).
    package var awaitsIdentity = false
    package var verdict: GrantVerdict?
    /// Why the last refresh did not succeed, until one does.
    package var lastFailure: StatusReason?
    /// Nil while there are no credentials at all.
    package var life: TokenLife?
    /// Nil where the connection did not come by a link, or has tokens.
    package var link: LinkOutcome?
    /// Why the last link of a connection that has had tokens came to nothing, until the next one.
    package var linkFailure: StatusReason?

    package init(life: TokenLife? = nil) {
        self.life = life
    }

    package func status(at now: BootInstant) -> (status: ConnectionStatus, reason: StatusReason?) {
        if isDisabled || isEnding { return (.inactive, .disabledByCaller) }
        switch verdict {
        case .revoked(let reason): return (.revoked, linkFailure ?? reason)
        case .rejected(let reason): return (.failed, linkFailure ?? reason)
        case .uncertain, nil: break
        }
        guard let life else { return statusWithoutTokens }
        if awaitsIdentity { return (.initiated, .identityPending) }
        guard life.hasEnded(at: now) else { return (.active, nil) }
        if verdict == .uncertain { return (.expired, linkFailure ?? .uncertain) }
        guard life.isRefreshable else { return (.expired, linkFailure ?? .noRefreshToken) }
        return (.expired, lastFailure ?? .refreshPending)
    }

    private var statusWithoutTokens: (ConnectionStatus, StatusReason?) {
        switch link {
        case .open: (.initiated, .consentPending)
        case .expired(let reason): (.expired, reason)
        case .failed(let reason): (.failed, reason)
        case nil: (.expired, .credentialsMissing)
        }
    }

    /// Whether a person has to connect the account (again): nothing that the daemon can do brings a token.
    package func needsConsent(at now: BootInstant) -> Bool {
        switch verdict {
        case .rejected, .revoked: return true
        case .uncertain, nil: break
        }
        guard let life else { return true }
        return life.hasEnded(at: now) && (verdict == .uncertain || !life.isRefreshable)
    }

    /// Whether the token is over, and a refresh that succeeds brings another.
    package func awaitsRefresh(at now: BootInstant) -> Bool {
        guard !isDisabled, !isEnding, !awaitsIdentity, verdict == nil, let life else { return false }
        return life.hasEnded(at: now) && life.isRefreshable
    }

    /// Whether the access token may be handed out: a failed refresh never takes a living one away, a revocation does.
    package func servesToken(at now: BootInstant) -> Bool {
        guard !isDisabled, !isEnding, !awaitsIdentity, let life, !life.hasEnded(at: now) else { return false }
        if case .revoked = verdict { return false }
        return true
    }
}
