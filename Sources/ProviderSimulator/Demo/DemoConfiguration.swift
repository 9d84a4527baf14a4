package import SecretBytes

/// The daemon's whole configuration for a ``DemoWorld``: the text of a `purser.yaml`, and the credentials it refers to.
package struct DemoConfiguration: Sendable {
    /// A complete configuration; every secret in it is a `{credential: NAME}`.
    package let yaml: String
    package let connections: [DemoConnection]

    init(connections: [DemoConnection], baseURL: String, uid: UInt32, socket: String?) {
        self.connections = connections
        let sections = [
            socket.map { "socket: \(Self.quoted($0))\n" } ?? "",
            Self.section(
                "providers", DemoProvider.all.map { $0.simulated.configurationOverride(baseURL: baseURL) }),
            Self.section("authConfigs", DemoProvider.all.map(\.authConfig)),
            Self.section("connections", connections.map(Self.connection)),
            Self.section("agents", Self.agent(uid)),
        ]
        yaml = sections.joined()
    }

    /// The names that ``credential(named:)`` answers to.
    package var credentialNames: [String] {
        DemoProvider.all.map(\.secretName) + connections.map(\.credentialName)
    }

    /// What `{credential: NAME}` stands for; nil for any other name.
    package func credential(named name: String) -> SecretBytes? {
        if let provider = DemoProvider.all.first(where: { $0.secretName == name }) {
            return SecretBytes(utf8: provider.clientSecret)
        }
        return connections.first { $0.credentialName == name }?.credentialJSON
    }

    private static func section(_ name: String, _ lines: [String]) -> String {
        "\(name):\n" + lines.map { "  \($0)\n" }.joined()
    }

    private static func connection(_ connection: DemoConnection) -> String {
        "- { id: \(connection.id), userId: \(connection.userID), authConfig: \(connection.authConfigID), "
            + "alias: \(connection.alias), credentials: { credential: \(connection.credentialName) } }"
    }

    private static func agent(_ uid: UInt32) -> [String] {
        [
            "- name: demo",
            "  match: { uid: \(uid) }",
            "  grants:",
            "    - { users: [\"*\"], toolkits: [\"*\"], connections: [\"*\"], operations: [\"*\"] }",
        ]
    }

    /// A double-quoted YAML scalar (YAML 1.2 section 7.3.1), which JSON's strings are as well.
    static func quoted(_ text: String) -> String { JSONValue.string(text).text }
}

extension DemoProvider {
    fileprivate var authConfig: String {
        let scopes = scopes.map(DemoConfiguration.quoted).joined(separator: ", ")
        return "\(authConfigID): { provider: \(simulated.slug), clientId: \(clientID), "
            + "clientSecret: { credential: \(secretName) }, scopes: [\(scopes)] }"
    }
}
