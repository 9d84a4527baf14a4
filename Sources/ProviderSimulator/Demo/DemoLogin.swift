/// A login of somebody at a provider, and the connection that it makes in Purser.
struct DemoLogin {
    var provider: SimulatedProvider
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
        default: .object([])
        }
    }
}
