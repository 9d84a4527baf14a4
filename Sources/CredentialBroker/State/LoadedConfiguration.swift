internal import ConnectedAccounts

/// The parts of the configuration that are looked at while calls are answered.
struct LoadedConfiguration: Sendable {
    var agents: [Agent] = []
    var masking = Masking.prefix
    var warnings: [String] = []
    /// Where browsers come back to.
    var redirectURI = ""
    var loadedAt = WallInstant(seconds: 0)
}
