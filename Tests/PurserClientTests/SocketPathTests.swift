import Testing

@testable import PurserClient

struct SocketPathTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var variables: [String: String]
        var exists: Bool
        var expected: String
    }

    static let rows = [
        Row(testDescription: "nothing is set", variables: [:], exists: true, expected: "/run/purser/purser.sock"),
        Row(
            testDescription: "the variable wins",
            variables: ["PURSER_SOCKET": "/srv/p.sock", "XDG_RUNTIME_DIR": "/run/user/1000"], exists: true,
            expected: "/srv/p.sock"),
        Row(
            testDescription: "an empty variable is none",
            variables: ["PURSER_SOCKET": "", "XDG_RUNTIME_DIR": "/run/user/1000"], exists: true,
            expected: "/run/user/1000/purser/purser.sock"),
        Row(
            testDescription: "the user's socket does not exist", variables: ["XDG_RUNTIME_DIR": "/run/user/1000"],
            exists: false, expected: "/run/purser/purser.sock"),
        Row(
            testDescription: "a relative directory is none", variables: ["XDG_RUNTIME_DIR": "run"], exists: true,
            expected: "/run/purser/purser.sock"),
    ]

    @Test(arguments: rows)
    func theDefaultIsTheFirstThatApplies(_ row: Row) {
        let socket = SocketPath.resolved(variable: { row.variables[$0] }, exists: { _ in row.exists })
        #expect(socket.path == row.expected)
    }

    static let hints: [(PurserError, String)] = [
        (.daemonNotRunning(path: "/run/purser/purser.sock"), "systemctl start purserd.socket"),
        (.daemonNotRunning(path: "/run/user/1000/purser/purser.sock"), "systemctl --user start purserd.socket"),
        (.daemonNotRunning(path: "/srv/p.sock"), "purserd --config FILE"),
        (.permissionDenied(path: "/srv/p.sock", group: "purser"), "usermod --append --groups purser USER"),
        (.permissionDenied(path: "/srv/p.sock", group: nil), "socketMode"),
        (.systemCallFailed("socket", errno: 24), "socket failed: Too many open files"),
        (.timedOut(method: "getAccounts", after: .seconds(3)), "no answer to getAccounts within 3.0 seconds"),
        (.rpc(RPCError(code: -32001, name: .forbidden, message: "why")), "FORBIDDEN: why"),
    ]

    @Test(arguments: hints)
    func anErrorSaysWhatToDoNext(_ error: PurserError, _ hint: String) {
        #expect(error.description.contains(hint))
        #expect(!error.description.contains("\n"))
    }
}
