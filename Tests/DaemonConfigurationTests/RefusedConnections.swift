extension ConfigurationRefusalTests {
    private static func connection(_ text: String) -> String {
        "authConfigs: { ac_a: { provider: github, clientId: c }, ac_b: { provider: google, toolkit: gmail, clientId: c } }\n"
            + "connections:\n" + text
    }

    static let connections: [Row] = [
        Row(
            "no id", connection("- { userId: u, authConfig: ac_a, credentials: { file: /x } }"),
            "3: connections[0]: id is missing"),
        Row(
            "an id of another kind",
            connection("- { id: ca_1, userId: u, authConfig: ac_a, credentials: { file: /x } }"),
            "3: connections[0].id: an id begins with con_ and goes on with 1 to 64 letters, digits, '_' and '-'"),
        Row(
            "an id twice",
            connection(
                "- { id: con_1, userId: u, authConfig: ac_a, credentials: { file: /x } }\n"
                    + "- { id: con_1, userId: v, authConfig: ac_a, credentials: { file: /y } }"),
            "4: connections[1]: the connection con_1 is already on line 3"),
        Row(
            "no user", connection("- { id: con_1, authConfig: ac_a, credentials: { file: /x } }"),
            "3: connections[0]: userId is missing"),
        Row(
            "a user that is a number",
            connection("- { id: con_1, userId: 123, authConfig: ac_a, credentials: { file: /x } }"),
            "3: connections[0].userId: needs a text, not a number; write it in quotes"),
        Row(
            "an unknown auth config",
            connection("- { id: con_1, userId: u, authConfig: ac_c, credentials: { file: /x } }"),
            "3: connections[0].authConfig: there is no auth config of this id; did you mean ac_a?"),
        Row(
            "an auth config that was refused above",
            "authConfigs: { ac_a: { provider: github } }\n"
                + "connections: [{ id: con_1, userId: u, authConfig: ac_a, credentials: { file: /x } }]",
            "1: authConfigs.ac_a: clientId is missing"),
        Row(
            "no credentials", connection("- { id: con_1, userId: u, authConfig: ac_a }"),
            "3: connections[0]: credentials is missing"),
        Row(
            "an inline token", connection("- { id: con_1, userId: u, authConfig: ac_a, credentials: gho_hunter2 }"),
            "3: connections[0].credentials: a secret is not written here; put it into a file and write { file: PATH }, or "
                + "{ credential: NAME }"),
        Row(
            "inline tokens as the file would have them",
            connection("- { id: con_1, userId: u, authConfig: ac_a, credentials: { access_token: hunter2 } }"),
            "3: connections[0].credentials: unknown key; allowed is credential or file",
            "3: connections[0].credentials: needs either credential or file"),
        Row(
            "an alias twice",
            connection(
                "- { id: con_1, userId: u, authConfig: ac_a, alias: work, credentials: { file: /x } }\n"
                    + "- { id: con_2, userId: v, authConfig: ac_a, alias: work, credentials: { file: /x } }\n"
                    + "- { id: con_3, userId: u, authConfig: ac_b, alias: work, credentials: { file: /x } }\n"
                    + "- { id: con_4, userId: u, authConfig: ac_a, alias: work, credentials: { file: /x } }"),
            "6: connections[3]: the alias is already on line 3; it must be unique for its user and toolkit"),
        Row(
            "an alias like an id",
            connection("- { id: con_1, userId: u, authConfig: ac_a, alias: con_2, credentials: { file: /x } }"),
            "3: connections[0].alias: an alias cannot look like a connection's id (con_…)"),
        Row(
            "a mapping of connections", connection("  con_1: { userId: u }"),
            "2: connections: needs a list, not a mapping"),
    ]
}
