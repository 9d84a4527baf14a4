import JSON
import ProviderSimulator
import Testing

/// A row of the table: what must come out when one of the eight providers is connected, read, refreshed and let go.
///
/// The rows are in `SeedTable.swift`. Nothing but the provider's addresses differs from the catalogue's file.
struct SeedProvider: Sendable, CustomTestStringConvertible {
    /// One account of the grant, as alfe's method lists it.
    struct Account: Sendable {
        /// The value of the selector.
        var identifier: String
        var displayName: String
        /// The provider's own fields.
        var fields: [String: JSONTree] = [:]
        /// Those among them that the provider makes up anew each time.
        var randomFields: Set<String> = []
        /// The headers of a call of the API besides `Authorization`.
        var headers: [String: String] = [:]
    }

    /// How a caller has the token refreshed.
    enum Refreshing: Sendable, Equatable {
        /// By the provider's own method, which takes the selector.
        case own(String)
        /// alfe has no method for it: `refreshAccount`.
        case refreshAccount
        /// Nobody can: NOT_REFRESHABLE.
        case never
    }

    let provider: SimulatedProvider
    /// alfe's method that lists the accounts.
    let accountsMethod: String
    let selector: String
    /// Scopes of the auth config, beside the catalogue's.
    var extraScopes: [String] = []

    /// The authorization address's parameters, beside those of every provider.
    let asks: [String: String]
    var usesPKCE = true
    /// What the redirect says besides the code.
    var redirectFields: Set<String> = []

    let accounts: [Account]
    /// The scopes as every answer shows them.
    let scopes: String
    /// Nil: the access token has no end, and `accessTokenExpiresAt` is null.
    let lifetime: Duration?

    var apiBaseURL: String
    /// A call below it that the simulator's API answers.
    let call: String

    let refreshing: Refreshing
    /// Whether a refresh brings another refresh token.
    var rotates = true
    /// Whether a refresh ends the access token before.
    var endsOldAccessToken = false

    /// What `connectedAccounts.delete` says of the tokens.
    let ends: [String]
    /// Whether the tokens live on at the provider.
    var outlivesDeletion = false

    var testDescription: String { provider.slug }

    static func api(_ provider: SimulatedProvider, _ path: String = "") -> String {
        "\(SimulatedWeb.base)/\(provider.slug)/api\(path)"
    }

    /// The configuration's `providers`: the catalogue's addresses replaced by the simulator's. Salesforce is called where its
    /// token answer says, as in truth.
    var override: String {
        let line = provider.configurationOverride(baseURL: SimulatedWeb.base)
        guard provider == .salesforce else { return line }
        return line.replacing(#""apiBaseURL":"\#(Self.api(.salesforce))""#, with: #""apiBaseURL":"{instanceUrl}""#)
    }
}
