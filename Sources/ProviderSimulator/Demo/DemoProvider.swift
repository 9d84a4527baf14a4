/// A provider of a ``DemoWorld``: all that can be simulated are there, each with one client.
struct DemoProvider {
    let simulated: SimulatedProvider

    static let all = SimulatedProvider.allCases.map(DemoProvider.init)

    var clientID: String { "sim-client-\(simulated.slug)" }

    var clientSecret: String { "sim_cs_\(simulated.slug)" }

    var authConfigID: String { "ac_demo_" + simulated.slug.replacing("-", with: "_") }

    /// The name under which the configuration refers to the client secret.
    var secretName: String { "demo-client-\(simulated.slug)" }

    /// What is asked for besides the catalogue's own.
    var scopes: [String] {
        switch simulated {
        case .github: ["repo", "read:org"]
        case .google: ["openid", "email", "https://www.googleapis.com/auth/calendar.readonly"]
        case .xero: ["offline_access", "openid", "accounting.invoices.read"]
        case .atlassian: ["read:jira-work"]
        case .microsoft: ["Calendars.Read"]
        case .githubAppUser, .notion, .myob, .salesforce: []
        }
    }

    /// The provider with its one client and its users, and nobody connected. Whoever links an account decides on its page.
    ///
    /// GitHub's and Xero's refresh tokens rotate, as they do in truth; Google's stays, as Google's does.
    func server(accessTokenLifetime: Duration) -> AuthorizationServer {
        let policy = simulated == .github ? ClientPolicy.githubExpiringOAuthApp : simulated.policy
        return simulated.server(
            clientID: clientID, clientSecret: clientSecret, redirectURIs: DemoWorld.redirectURIs, users: users,
            policy: policy.with { $0.accessTokenLifetime = accessTokenLifetime })
    }

    /// Who is connected from the start, and somebody who is not.
    private var users: [AuthorizationServer.User] {
        DemoLogin.all.filter { $0.provider == simulated }.map(\.user) + [
            AuthorizationServer.User(
                id: "sub-9001", number: 9001, login: "cleo", email: "cleo@new.example", name: "Cleo",
                organisations: [
                    .init(id: "00000000-0000-4000-8000-000000000091", name: "Cleo's Cafe"),
                    .init(id: "00000000-0000-4000-8000-000000000092", name: "Cleo's Cinema"),
                ])
        ]
    }
}
