import DaemonConfiguration
import OAuth
import StrictYAML
import Testing

struct ConfigurationRefusalTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var text: String
        /// Each line without the file's name.
        var problems: [String]
        var testDescription: String { name }

        init(_ name: String, _ text: String, _ problems: String...) {
            self.name = name
            self.text = text
            self.problems = problems
        }
    }

    private static let privateHost = "needs the name of a host, such as id.corp.example, without scheme and port"

    static let general: [Row] = [
        Row("an empty file", "", "1: needs a mapping (key: value), not nothing"),
        Row("a list", "- a", "1: needs a mapping (key: value), not a list"),
        Row("broken syntax", "socket: [", "2: not YAML: did not find expected node content"),
        Row("an unknown key", "sockets: /x", "1: sockets: unknown key; did you mean socket?"),
        Row(
            "a key of something else", "logLevel: debug",
            "1: logLevel: unknown key; allowed are socket, socketMode, socketGroup, callback, masking, privateHosts, providersDirectory, providers, authConfigs, "
                + "connections, agents, export"),
        Row("a relative socket", "socket: run/x", "1: socket: needs an absolute path of at most 107 bytes"),
        Row(
            "a socket path that bind(2) cannot take", "socket: /\(String(repeating: "x", count: 107))",
            "1: socket: needs an absolute path of at most 107 bytes"),
        Row("a number for a socket", "socket: 7580", "1: socket: needs a text, not a number; write it in quotes"),
        Row("nothing for a socket", "socket:", "1: socket: needs a text, not nothing"),
        Row(
            "a mode without quotes", "socketMode: 0660",
            "1: socketMode: needs an octal mode in quotes, such as \"0660\""),
        Row(
            "a mode in symbols", "socketMode: 'u=rw'", "1: socketMode: needs an octal mode in quotes, such as \"0660\""),
        Row(
            "a mode that is not octal", "socketMode: '0680'",
            "1: socketMode: needs an octal mode in quotes, such as \"0660\""),
        Row(
            "a mode with set-user-id", "socketMode: '4755'",
            "1: socketMode: needs an octal mode in quotes, such as \"0660\""),
        Row("an unknown group", "socketGroup: none", "1: socketGroup: this machine has no group of this name"),
        Row(
            "a group that cannot be looked up", "socketGroup: remote",
            "1: socketGroup: the group cannot be looked up now (errno 5); try again"),
        Row(
            "a callback for the whole network", "callback: { listen: '0.0.0.0:7580' }",
            "1: callback.listen: needs a loopback address with a port, such as 127.0.0.1:7580 or [::1]:7580"),
        Row(
            "private hosts that are no names",
            "privateHosts: ['https://a.example', 'a.example:443', '10.0.0.1', localhost, '[::1]', '*.a.example', 'a.example/x', 7]",
            "1: privateHosts[0]: \(privateHost)", "1: privateHosts[1]: \(privateHost)",
            "1: privateHosts[2]: \(privateHost)", "1: privateHosts[3]: \(privateHost)",
            "1: privateHosts[4]: \(privateHost)", "1: privateHosts[5]: \(privateHost)",
            "1: privateHosts[6]: \(privateHost)", "1: privateHosts[7]: needs a text, not a number; write it in quotes"),
        Row("one private host", "privateHosts: a.example", "1: privateHosts: needs a list, not a text"),
        Row(
            "a callback without a port", "callback: { listen: '127.0.0.1' }",
            "1: callback.listen: needs a loopback address with a port, such as 127.0.0.1:7580 or [::1]:7580"),
        Row(
            "a callback on port 0", "callback: { listen: '127.0.0.1:0' }",
            "1: callback.listen: needs a loopback address with a port, such as 127.0.0.1:7580 or [::1]:7580"),
        Row(
            "a callback with a path", "callback: { listen: '127.0.0.1:80/x' }",
            "1: callback.listen: needs a loopback address with a port, such as 127.0.0.1:7580 or [::1]:7580"),
        Row("a callback without listen", "callback: {}", "1: callback: listen is missing"),
        Row("an unknown masking", "masking: none", "1: masking: needs one of prefix, full, off"),
        Row(
            "a provider with a typo", "providers: { acme: { displayname: A, issuer: 'https://a.example' } }",
            "1: providers.acme.displayname: unknown key; did you mean displayName?",
            "1: providers.acme: displayName is missing"),
        Row(
            "an unencrypted provider", "providers: { acme: { displayName: A, issuer: 'http://a.example' } }",
            "1: providers.acme.issuer: \(EndpointAddressError.notSecure)"),
    ]

    @Test(
        "A wrong file is refused, with line, key and what to do",
        arguments: general + authConfigs + connections + agents)
    func refuses(_ row: Row) {
        let error = #expect(throws: ConfigurationError.self) { try load(row.text) }
        #expect(error?.problems.map(\.description) == row.problems.map { "purser.yaml:\($0)" })
    }

    @Test("A refusal repeats nothing that could be a secret", arguments: general + authConfigs + connections + agents)
    func repeatsNoSecret(_ row: Row) {
        let error = #expect(throws: ConfigurationError.self) { try load(row.text) }
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test("All mistakes of a file are said at once")
    func allAtOnce() throws {
        let text = """
            socketMode: 660
            masking: partial
            authConfigs:
              ac_a: { provider: gogle, clientId: c }
            connections:
              - { id: con_1, userId: u, authConfig: ac_b, credentials: inline }
            agents:
              - { name: a, match: { uid: x }, grants: [] }
            """
        let error = #expect(throws: ConfigurationError.self) { try load(text) }
        #expect(error?.problems.map(\.location.line) == [1, 2, 4, 6, 6, 8])
    }

    @Test("A granted toolkit that no auth config has is worth a warning")
    func uselessGrant() throws {
        let text =
            "agents: [{ name: a, match: { uid: 0 }, grants: [{ users: [u], toolkits: [gmail], connections: ['*'], "
            + "operations: ['accounts:read'] }] }]"
        #expect(
            try load(text).warnings == [
                "purser.yaml:1: agents[0].grants[0].toolkits[0]: no auth config has this toolkit, so nothing is granted by it"
            ])
    }
}
