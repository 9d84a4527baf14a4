internal import ConnectedAccounts
internal import DaemonConfiguration
internal import OAuth
internal import ProviderCatalog

/// How long tokens live that were not asked for here.
extension BrokerState {
    /// What is known of the tokens' life; nil where there is nothing to live.
    func life(
        of tokens: borrowing TokenSet, given: CredentialsBox?, _ authConfig: AuthConfig, generation: UInt64,
        now: BootInstant
    ) -> TokenLife? {
        switch authConfig.definition.authScheme {
        case .clientCredentials, .jwtBearer, .serviceAccount:
            return TokenLife(generation: 0, obtainedAt: now, lifetime: .zero, isRefreshable: true)
        case .oauth2:
            guard tokens.has(.accessToken) || tokens.has(.refreshToken) else { return nil }
            var life = TokenLife(
                generation: generation, obtainedAt: now,
                lifetime: lifetime(of: given?.expiresAt, tokens, authConfig, now: now),
                isRefreshable: tokens.has(.refreshToken) && authConfig.endpoints.tokenEndpoint != nil)
            // One that has run out long ago is shown with its own end.
            if let end = given?.expiresAt, end < wall(now), life.lifetime == .zero {
                life.obtainedAt = now.advanced(by: .seconds(end.seconds - wall(now).seconds))
            }
            return life
        case .apiKey, .bearerToken, .basic:
            guard given != nil else { return nil }
            return TokenLife(generation: generation, obtainedAt: now, lifetime: nil, isRefreshable: false)
        }
    }

    /// R5, for a token that was not asked for here: what came with it, its own expiry, the catalogue's value.
    private func lifetime(
        of expiresAt: WallInstant?, _ tokens: borrowing TokenSet, _ authConfig: AuthConfig, now: BootInstant
    ) -> Duration? {
        guard tokens.has(.accessToken) else { return .zero }
        if let expiresAt { return .seconds(max(0, expiresAt.seconds - wall(now).seconds)) }
        let own = tokens.with(.accessToken) { JWTLifetime.read($0, now: wall(now).seconds) } ?? nil
        guard tokens.has(.refreshToken) else { return own }
        return own ?? authConfig.provider.refresh.accessTokenLifetime
    }
}
