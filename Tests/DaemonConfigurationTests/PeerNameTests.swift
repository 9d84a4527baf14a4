import ConnectedAccounts
import DaemonConfiguration
import Glibc
import Testing

struct PeerNameTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var rule: String
        var match: PeerMatch
        var warning: String?
        var testDescription: String { rule }
    }

    static let rows: [Row] = [
        Row(rule: "user: research", match: PeerMatch(uid: 1001)),
        Row(rule: "uid: 1001", match: PeerMatch(uid: 1001)),
        Row(rule: "group: agents", match: PeerMatch(gid: 1500)),
        Row(rule: "gid: 0", match: PeerMatch(gid: 0)),
        Row(rule: "user: research, group: agents", match: PeerMatch(uid: 1001, gid: 1500)),
        Row(rule: "user: research, uid: 1001", match: PeerMatch(uid: 1001)),
        Row(
            rule: "user: nobody-here", match: PeerMatch(unresolvedName: "user nobody-here"),
            warning: "user: this machine has no user of this name, so the rule matches nobody until a reload finds it"),
        Row(
            rule: "group: nobody-here, uid: 5", match: PeerMatch(uid: 5, unresolvedName: "group nobody-here"),
            warning: "group: this machine has no group of this name, so the rule matches nobody until a reload finds it"
        ),
        Row(
            rule: "user: remote", match: PeerMatch(unresolvedName: "user remote"),
            warning: "user: the user cannot be looked up (errno 5), so the rule matches nobody until a reload"),
        Row(
            rule: "user: research, uid: 0", match: PeerMatch(uid: 0, unresolvedName: "user research"),
            warning: "user: this user has another number than the one given beside it, so the rule matches nobody"),
        Row(
            rule: "uid: 0, unit: agent.service", match: PeerMatch(uid: 0, unresolvedName: "unit agent.service"),
            warning: "unit: unit is not supported by this version, so the rule matches nobody"),
        Row(
            rule: "executable: /usr/bin/agent", match: PeerMatch(unresolvedName: "executable /usr/bin/agent"),
            warning: "executable: executable is not supported by this version, so the rule matches nobody"),
    ]

    @Test("A rule has the numbers of its names, and matches nobody where one is not known", arguments: rows)
    func resolves(_ row: Row) throws {
        let configuration = try load("agents: [{ name: a, match: { \(row.rule) }, grants: [] }]")
        let match = try #require(configuration.agents.first?.match)
        #expect(match == row.match)
        #expect(configuration.warnings == (row.warning.map { ["purser.yaml:1: agents[0].match.\($0)"] } ?? []))
        let peer = Peer(uid: row.match.uid ?? 77, gid: row.match.gid ?? 77, pid: 1)
        #expect(match.matches(peer) == (row.warning == nil))
    }

    @Test("The machine's own names are found, and others are not")
    func system() throws {
        let names = SystemNameResolver()
        #expect(try names.uid(ofUser: "root") == 0)
        #expect(try names.gid(ofGroup: "root") == 0)
        #expect(try names.uid(ofUser: "no such user, surely") == nil)
        #expect(try names.gid(ofGroup: "no such group, surely") == nil)
        #expect(try names.uid(ofUser: "") == nil)
    }
}
