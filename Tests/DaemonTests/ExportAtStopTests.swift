import ConnectedAccounts
import DaemonConfiguration
import Testing

@testable import Daemon

@Suite("Whether the export at the stop will be made is said at the start")
struct ExportAtStopTests {
    private static let own = Peer(uid: 990, gid: 991, groups: [4], pid: 1)

    private static func agent(
        _ name: String, _ match: PeerMatch, users: [String] = ["*"], _ operations: [String]
    ) -> Agent {
        let grant = Grant(
            users: NameSet(users), toolkits: .all, connections: .all,
            operations: OperationSet(operations.compactMap { Operation(rawValue: $0) }))
        return Agent(name: name, match: match, grants: [grant])
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let agents: [Agent]
        /// What the warning says; nil where there is none.
        let said: String?
    }

    private static let anOperator = agent("operator", PeerMatch(uid: 0), ["daemon:export"])

    static let rows = [
        Row(testDescription: "no agent", agents: [], said: "(uid 990) matches no agent, and so has no daemon:export"),
        Row(testDescription: "another user's", agents: [anOperator], said: "(uid 990) matches no agent"),
        Row(
            testDescription: "its own", agents: [anOperator, agent("reboot", PeerMatch(uid: 990), ["daemon:export"])],
            said: nil),
        Row(
            testDescription: "its group's", agents: [agent("reboot", PeerMatch(gid: 991), ["daemon:export"])],
            said: nil),
        Row(
            testDescription: "its own, for other things", agents: [agent("own", PeerMatch(uid: 990), ["daemon:read"])],
            said: "is agent own, which has no daemon:export on everything"),
        Row(
            testDescription: "its own, for one user",
            agents: [agent("own", PeerMatch(uid: 990), users: ["user_1"], ["daemon:export"])],
            said: "is agent own, which has no daemon:export on everything"),
        Row(
            testDescription: "its own, behind another that matches",
            agents: [
                agent("all", PeerMatch(gid: 4), ["accounts:read"]),
                agent("reboot", PeerMatch(uid: 990), ["daemon:export"]),
            ], said: "is agent all, which has no daemon:export on everything"),
    ]

    @Test("By the rule that would decide then", arguments: rows)
    func rules(_ row: Row) {
        var configuration = PurserConfiguration()
        configuration.exportKey = .credential("purser-export-key")
        configuration.agents = row.agents
        let said = configuration.obstaclesToExport(as: Self.own)
        #expect(said.count == (row.said == nil ? 0 : 1))
        if let words = row.said { #expect(said.first?.contains(words) == true) }
    }

    @Test("Without a key there is none, whatever the rules")
    func key() {
        var configuration = PurserConfiguration()
        configuration.agents = [Self.agent("reboot", PeerMatch(uid: 990), ["daemon:export"])]
        #expect(configuration.obstaclesToExport(as: Self.own).first?.contains("there is no key") == true)
    }
}
