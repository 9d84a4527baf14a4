extension ConfigurationRefusalTests {
    private static func agent(_ match: String = "uid: 1", grant: String? = nil) -> String {
        "agents: [{ name: a, match: { \(match) }, grants: [\(grant.map { "{ \($0) }" } ?? "")] }]"
    }

    static let agents: [Row] = [
        Row("no name", "agents: [{ match: { uid: 0 }, grants: [] }]", "1: agents[0]: name is missing"),
        Row("no match", "agents: [{ name: a, grants: [] }]", "1: agents[0]: match is missing"),
        Row("no grants", "agents: [{ name: a, match: { uid: 0 } }]", "1: agents[0]: grants is missing"),
        Row(
            "a name twice",
            "agents:\n- { name: a, match: { uid: 0 }, grants: [] }\n- { name: a, match: { uid: 1 }, grants: [] }",
            "3: agents[1]: there is already an agent of this name on line 2"),
        Row("an empty match", agent(""), "1: agents[0].match: matches nobody; give user, uid, group or gid"),
        Row("a misspelt match", agent("usr: root"), "1: agents[0].match.usr: unknown key; did you mean user?"),
        Row(
            "a user by number", agent("user: 0"),
            "1: agents[0].match.user: needs a text, not a number; write it in quotes"),
        Row("a number by name", agent("uid: root"), "1: agents[0].match.uid: needs a whole number, not a text"),
        Row("a negative number", agent("uid: -1"), "1: agents[0].match.uid: needs a number from 0 to 4294967294"),
        Row(
            "the number that is none", agent("gid: 4294967295"),
            "1: agents[0].match.gid: needs a number from 0 to 4294967294"),
        Row(
            "a grant that leaves something open", agent(grant: "users: ['*'], toolkits: ['*'], connections: ['*']"),
            "1: agents[0].grants[0]: operations is missing"),
        Row(
            "a grant to one user in a text",
            agent(grant: "users: u, toolkits: ['*'], connections: ['*'], operations: ['*']"),
            "1: agents[0].grants[0].users: needs a list, not a text"),
        Row(
            "an unknown toolkit",
            agent(grant: "users: ['*'], toolkits: [gmial], connections: ['*'], operations: ['*']"),
            "1: agents[0].grants[0].toolkits[0]: there is no toolkit of this name; did you mean gmail?"),
        Row(
            "a connection by its alias",
            agent(grant: "users: ['*'], toolkits: ['*'], connections: [work], operations: ['*']"),
            "1: agents[0].grants[0].connections[0]: "
                + "an id begins with con_ and goes on with 1 to 64 letters, digits, '_' and '-'"),
        Row(
            "a misspelt operation",
            agent(grant: "users: ['*'], toolkits: ['*'], connections: ['*'], operations: ['account:read']"),
            "1: agents[0].grants[0].operations[0]: unknown operation; did you mean accounts:read?"),
        Row(
            "an unknown operation",
            agent(grant: "users: ['*'], toolkits: ['*'], connections: ['*'], operations: [sudo]"),
            "1: agents[0].grants[0].operations[0]: unknown operation; there are accounts:read, credentials:read, "
                + "clientSecret:read, accounts:refresh, accounts:connect, accounts:manage, sessions:create, tools:execute, "
                + "events:read, daemon:read, daemon:export and \"*\""),
        Row(
            "an alias of YAML", "agents:\n- &a { name: a, match: { uid: 0 }, grants: [] }\n- *a",
            "2: agents[0]: anchors (&name) are not supported; write the value out where it is needed",
            "3: agents[1]: aliases (*name) are not supported; write the value out"),
        Row(
            "a star that YAML takes for an alias", "agents: [{ name: a, match: { uid: 0 }, grants: [{ users: [*] }] }]",
            "1: not YAML: did not find expected alphabetic or numeric character"),
    ]
}
