import Testing

@testable import ConnectedAccounts

@Suite("Agents and their grants")
struct AgentTests {
    static let peer = Peer(uid: 1000, gid: 100, groups: [27, 4], pid: 42)

    struct MatchRow: Sendable, CustomTestStringConvertible {
        var name: String
        var match: PeerMatch
        var matches: Bool

        var testDescription: String { name }
    }

    @Test(
        "All that a rule gives must hold, and a rule that gives nothing matches nobody",
        arguments: [
            MatchRow(name: "nothing given", match: PeerMatch(), matches: false),
            MatchRow(name: "the uid", match: PeerMatch(uid: 1000), matches: true),
            MatchRow(name: "another uid", match: PeerMatch(uid: 0), matches: false),
            MatchRow(name: "the group", match: PeerMatch(gid: 100), matches: true),
            MatchRow(name: "a supplementary group", match: PeerMatch(gid: 4), matches: true),
            MatchRow(name: "a group of others", match: PeerMatch(gid: 0), matches: false),
            MatchRow(name: "uid and group", match: PeerMatch(uid: 1000, gid: 27), matches: true),
            MatchRow(name: "uid, but not the group", match: PeerMatch(uid: 1000, gid: 5), matches: false),
            MatchRow(name: "group, but not the uid", match: PeerMatch(uid: 1001, gid: 100), matches: false),
            MatchRow(name: "an unknown name alone", match: PeerMatch(unresolvedName: "ghost"), matches: false),
            MatchRow(
                name: "an unknown name beside what holds", match: PeerMatch(uid: 1000, unresolvedName: "ghost"),
                matches: false),
        ])
    func matching(row: MatchRow) {
        #expect(row.match.matches(Self.peer) == row.matches)
    }

    @Test("The first agent that matches decides, however much a later one would allow")
    func firstWins() {
        let agents = [
            Agent(name: "nobody", match: PeerMatch(), grants: []),
            Agent(name: "ghost", match: PeerMatch(uid: 1000, unresolvedName: "ghost"), grants: []),
            Agent(name: "narrow", match: PeerMatch(gid: 27), grants: []),
            Agent(name: "wide", match: PeerMatch(uid: 1000), grants: [grant(operations: Operation.allCases)]),
        ]
        #expect(agents.first(matching: Self.peer)?.name == "narrow")
        #expect(agents.reversed().first(matching: Self.peer)?.name == "wide")
        #expect(agents.first(matching: Peer(uid: 7, gid: 7, pid: 1)) == nil)
    }

    @Test("What the grants allow on one connection is the union of those that cover it, and of no others")
    func union() {
        let agent = Agent(
            name: "research", match: PeerMatch(uid: 1000),
            grants: [
                grant(users: ["ann"], toolkits: ["github"], operations: [.accountsRead]),
                grant(users: ["ann"], toolkits: ["github", "gmail"], operations: [.credentialsRead, .accountsRead]),
                grant(users: ["bob"], operations: [.accountsManage]),
                grant(connections: ["con_1"], operations: [.toolsExecute]),
            ])
        func allowed(_ user: String, _ toolkit: String, _ id: String) -> [ConnectedAccounts.Operation] {
            agent.operations(userID: user, toolkit: toolkit, connectionID: id).operations
        }
        #expect(allowed("ann", "github", "con_2") == [.accountsRead, .credentialsRead])
        #expect(allowed("ann", "gmail", "con_1") == [.accountsRead, .credentialsRead, .toolsExecute])
        #expect(allowed("ann", "xero", "con_2") == [])
        #expect(allowed("bob", "xero", "con_2") == [.accountsManage])
        #expect(allowed("eve", "github", "con_2") == [])
        #expect(agent.allowsSomewhere(.toolsExecute) && !agent.allowsSomewhere(.daemonRead))
    }

    @Test("A star covers everything, and only a grant of stars covers all there will ever be")
    func stars() {
        #expect(NameSet(["*"]) == .all && NameSet(["github", "*"]) == .all)
        #expect(NameSet([]) == .only([]) && !NameSet([]).contains("github"))
        #expect(NameSet(["git*"]).contains("git*") && !NameSet(["git*"]).contains("github"))
        #expect(grant().coversEverything && grant().covers(userID: "", toolkit: "", connectionID: ""))
        #expect(!grant(users: ["ann"]).coversEverything)
        #expect(!grant(toolkits: ["github"]).coversEverything)
        #expect(!grant(connections: ["con_1"]).coversEverything)
        #expect(!grant(users: []).covers(userID: "ann", toolkit: "github", connectionID: "con_1"))
    }

    private func grant(
        users: [String] = ["*"], toolkits: [String] = ["*"], connections: [String] = ["*"],
        operations: [ConnectedAccounts.Operation] = [.accountsRead]
    ) -> Grant {
        Grant(
            users: NameSet(users), toolkits: NameSet(toolkits), connections: NameSet(connections),
            operations: OperationSet(operations))
    }
}

@Suite("Operations")
struct OperationTests {
    typealias Operation = ConnectedAccounts.Operation

    @Test("The names are those of the contract, in its order")
    func names() {
        #expect(
            Operation.allCases.map(\.rawValue) == [
                "accounts:read", "credentials:read", "clientSecret:read", "accounts:refresh", "accounts:connect",
                "accounts:manage", "sessions:create", "tools:execute", "events:read", "daemon:read", "daemon:export",
            ])
    }

    @Test(
        "A name is read exactly as it is written, or not at all",
        arguments: [
            "", "*", "accounts", "accounts:", "Accounts:Read", "accounts:read ", "accountsRead", "clientsecret:read",
        ])
    func unknownNames(name: String) {
        #expect(Operation(rawValue: name) == nil)
    }

    @Test("Every subset comes back from its set as it was put in")
    func roundTrip() {
        for bits in 0..<(1 << Operation.allCases.count) {
            let chosen = Operation.allCases.enumerated().filter { bits & (1 << $0.offset) != 0 }.map(\.element)
            let set = OperationSet(chosen.reversed())
            if set.operations != chosen || set.isEmpty != chosen.isEmpty { Issue.record("\(chosen)") }
        }
        #expect(OperationSet.all.operations == Operation.allCases)
        #expect(OperationSet().isEmpty)
    }

    @Test("Union and superset are those of sets")
    func algebra() {
        var random = SeededRandom(seed: 2)
        for _ in 0..<300 {
            let one = Set(Operation.allCases.filter { _ in random.chance(40) })
            let other = Set(Operation.allCases.filter { _ in random.chance(40) })
            var united = OperationSet(one)
            united.formUnion(OperationSet(other))
            #expect(Set(united.operations) == one.union(other))
            #expect(OperationSet(one).isSuperset(of: OperationSet(other)) == one.isSuperset(of: other))
            #expect(Operation.allCases.allSatisfy { OperationSet(one).contains($0) == one.contains($0) })
        }
    }
}
