/// The providers of a ``DemoWorld``. Their names are slugs of the daemon's catalogue, whose token addresses the demo's
/// configuration replaces.
enum DemoProvider: String, CaseIterable {
    case github
    case google
    case xero

    var clientID: String { "sim-client-\(rawValue)" }

    var clientSecret: String { "sim_cs_\(rawValue)" }

    var authConfigID: String { "ac_demo_\(rawValue)" }

    /// The name under which the configuration refers to the client secret.
    var secretName: String { "demo-client-\(rawValue)" }

    /// What it is a simulation of.
    var simulated: SimulatedProvider {
        switch self {
        case .github: .github
        case .google: .google
        case .xero: .xero
        }
    }

    var authentication: AuthorizationServer.AuthenticationMethod { simulated.authentication }

    var scopes: [String] {
        switch self {
        case .github: ["repo", "read:org"]
        case .google: ["openid", "email", "https://www.googleapis.com/auth/calendar.readonly"]
        case .xero: ["offline_access", "openid", "accounting.invoices.read"]
        }
    }

    /// The provider with its one client, and nobody connected. Whoever links an account decides on its page.
    ///
    /// GitHub's and Xero's refresh tokens rotate, as they do in truth; Google's stays, as Google's does.
    func server(accessTokenLifetime: Duration) -> AuthorizationServer {
        let policy = self == .github ? ClientPolicy.githubExpiringOAuthApp : simulated.policy
        return simulated.server(
            clientID: clientID, clientSecret: clientSecret, redirectURIs: DemoWorld.redirectURIs,
            policy: policy.with { $0.accessTokenLifetime = accessTokenLifetime })
    }
}

/// A login of somebody at a provider, and the connection that it makes in Purser.
struct DemoLogin {
    var provider: DemoProvider
    var purserUserID: String
    var connectionID: String
    var alias: String
    var user: AuthorizationServer.User

    static let all: [DemoLogin] = [
        DemoLogin(
            provider: .github, purserUserID: "user_ada", connectionID: "con_ada_work", alias: "work",
            user: .init(id: "1001", number: 1001, login: "ada-work", email: "ada@work.example", name: "Ada (work)")),
        DemoLogin(
            provider: .github, purserUserID: "user_ada", connectionID: "con_ada_personal", alias: "personal",
            user: .init(
                id: "1002", number: 1002, login: "ada-personal", email: "ada@home.example", name: "Ada (personal)")),
        DemoLogin(
            provider: .google, purserUserID: "user_ada", connectionID: "con_ada_google", alias: "ada-google",
            user: .init(id: "sub-2001", number: 2001, login: "ada", email: "ada@home.example", name: "Ada")),
        DemoLogin(
            provider: .google, purserUserID: "user_bob", connectionID: "con_bob_google", alias: "bob-google",
            user: .init(id: "sub-2002", number: 2002, login: "bob", email: "bob@home.example", name: "Bob")),
        DemoLogin(
            provider: .xero, purserUserID: "user_bob", connectionID: "con_bob_xero", alias: "books",
            user: .init(
                id: "sub-3001", number: 3001, login: "bob", email: "bob@books.example", name: "Bob",
                organisations: [
                    .init(id: "00000000-0000-4000-8000-000000000001", name: "Bob's Bakery"),
                    .init(id: "00000000-0000-4000-8000-000000000002", name: "Bob's Books"),
                ])),
    ]

    /// Who the connection is for, in the words of the daemon's own answers: the selector under its name, a name to
    /// show, and what calls to the provider need. A Xero grant has an account for each organisation.
    var account: JSONValue {
        switch provider {
        case .github:
            .object([
                .init("login", .string(user.login)), .init("displayName", .string(user.name)),
                .init("id", .number(Int64(user.number))),
            ])
        case .google:
            .object([.init("email", .string(user.email)), .init("displayName", .string(user.name))])
        case .xero:
            .array(
                user.organisations.map { organisation in
                    .object([
                        .init("organizationId", .string(organisation.id)),
                        .init("displayName", .string(organisation.name)), .init("tenantId", .string(organisation.id)),
                    ])
                })
        }
    }
}
