import PurserClient
import Testing

@testable import PurserCommand

/// Whole commands against a daemon that the test plays.
@Suite(.timeLimit(.minutes(1)))
struct CommandTests {
    static let explanation =
        #"{"peer":{"uid":1,"gid":1,"groups":[],"pid":1},"agent":"a","matchedBy":{"uid":1},"operations":[],"decision":null}"#

    static func connection(_ id: String, status: String = "ACTIVE", expiresAt: String = "null") -> String {
        """
        {"id":"\(id)","userId":"u","toolkit":{"slug":"github"},"authConfig":{"id":"ac_1","authScheme":"OAUTH2"},\
        "status":"\(status)","statusReason":null,"alias":null,"identity":{"accountIdentifier":"octocat","displayName":\
        "octocat","accounts":[{"accountIdentifier":"octocat","displayName":"octocat"},{"accountIdentifier":"b","displayName"\
        :"b"}]},"state":{"authScheme":"OAUTH2","val":{"access_token":"gho_live"}},"expiresAt":\(expiresAt),\
        "lastRefreshedAt":null,"nextRefreshAt":null,"refreshFailures":0,"generation":1,"createdAt":"2026-06-01T00:00:00Z",\
        "updatedAt":"2026-06-01T00:00:00Z"}
        """
    }

    struct Failure: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var arguments: [String]
        var answers: [String: String] = [:]
        var expected: Int32
        var said: String
    }

    private static func error(_ name: String) -> String {
        #"{"error":{"code":-1,"message":"why","data":{"code":"\#(name)"}}}"#
    }

    static let failures = [
        Failure(
            testDescription: "an error of the daemon", arguments: ["status"],
            answers: ["daemon.status": error("INTERNAL_ERROR")], expected: 1, said: "purser: INTERNAL_ERROR: why\n"),
        Failure(
            testDescription: "an error of the daemon as JSON", arguments: ["status", "--json"],
            answers: ["daemon.status": error("INTERNAL_ERROR")], expected: 1,
            said: #"{"error":{"code":-1,"message":"why","data":{"code":"INTERNAL_ERROR"}}}"# + "\n"),
        Failure(
            testDescription: "forbidden", arguments: ["accounts"],
            answers: ["connectedAccounts.list": error("FORBIDDEN")],
            expected: 4, said: "purser: FORBIDDEN: why See who the daemon takes you for: purser whoami\n"),
        Failure(
            testDescription: "no answer in time", arguments: ["status", "--timeout", "0.01"], expected: 3,
            said: "purser: no answer to daemon.status within 0.01 seconds"),
        Failure(
            testDescription: "an answer that breaks the contract", arguments: ["accounts"],
            answers: ["connectedAccounts.list": "{}"], expected: 3, said: "purser: what answered is not purserd"),
        Failure(
            testDescription: "parameters that are no JSON", arguments: ["call", "x", "{"], expected: 2,
            said: "purser: the parameters are not JSON: the text ends before its value is complete, at byte 1\n"),
        Failure(
            testDescription: "parameters that are no object", arguments: ["call", "x", "5"], expected: 2,
            said: "purser: the parameters must be a JSON object"),
        Failure(
            testDescription: "an unknown command", arguments: ["bogus"], expected: 2,
            said: "Error: Unexpected argument 'bogus'"),
        Failure(
            testDescription: "no command", arguments: [], expected: 2, said: "OVERVIEW: Asks purserd"),
        Failure(
            testDescription: "a missing argument", arguments: ["call"], expected: 2,
            said: "Error: Missing expected argument"),
        Failure(
            testDescription: "an endless timeout", arguments: ["status", "--timeout", "inf"], expected: 2,
            said: "Error: The value 'inf' is invalid for '--timeout <seconds>'"),
        Failure(
            testDescription: "a connection without operation", arguments: ["whoami", "--connection", "c"], expected: 2,
            said: "Error: --connection needs --operation."),
    ]

    @Test(arguments: failures)
    func eachFailureHasItsExitCodeAndItsWords(_ row: Failure) async throws {
        let daemon = try PlayedDaemon(row.answers)
        let run = await Run(row.arguments.isEmpty ? [] : row.arguments + ["--socket", daemon.path])
        #expect(run.status == row.expected)
        #expect(run.errors.hasPrefix(row.said), "\(run.errors)")
        #expect(run.output.isEmpty)
    }

    @Test func withoutADaemonTheWayToStartItIsTold() async {
        let run = await Run(["status", "--socket", "/nonexistent/purser.sock"])
        #expect(run.status == 3)
        #expect(run.errors.hasPrefix("purser: no daemon at /nonexistent/purser.sock; start it: "))
    }

    @Test(arguments: [["--help"], ["help"], ["help", "call"], ["call", "--help"]])
    func helpIsAResult(_ arguments: [String]) async {
        let run = await Run(arguments)
        #expect(run.status == 0)
        #expect(run.output.hasPrefix("OVERVIEW: "))
        #expect(run.errors.isEmpty)
    }

    @Test func helpDocumentsEachExitCode() async {
        let help = await Run(["--help"]).output
        for code in 0...4 { #expect(help.contains("\n  \(code)  ")) }
    }

    @Test func optionsStandBeforeTheCommandOrBehindIt() async throws {
        let daemon = try PlayedDaemon(["daemon.explain": Self.explanation])
        let before = await Run(["--socket", daemon.path, "--json", "whoami"])
        let behind = await Run(["whoami", "--socket", daemon.path, "--json"])
        #expect(before.output == Self.explanation + "\n")
        #expect(behind.output == before.output)
    }

    @Test func callPrintsTheResultAsTheDaemonWroteIt() async throws {
        let result = #"{"b":1.0,"a":["gho_live",9007199254740993123]}"#
        let daemon = try PlayedDaemon(["echo": result])
        let run = await Run(["call", "--socket", daemon.path, "echo", #"{ "x" : 1 }"#])
        #expect(run.output == result + "\n")
        #expect(daemon.requests == [#"echo {"x":1}"#])
    }

    @Test func callIndentsForPeople() async throws {
        let daemon = try PlayedDaemon(["echo": #"{"a":[]}"#])
        #expect(await Run(["call", "--socket", daemon.path, "echo"], isTerminal: true).output == "{\n  \"a\": []\n}\n")
        #expect(
            await Run(["call", "--socket", daemon.path, "echo", "--json"], isTerminal: true).output == "{\"a\":[]}\n")
    }

    @Test func callReadsParametersFromStandardInput() async throws {
        let daemon = try PlayedDaemon(["echo": "true"])
        let run = await Run(["call", "--socket", daemon.path, "echo", "-"], input: "[\"key\"]\n")
        #expect(run.status == 0)
        #expect(daemon.requests == [#"echo ["key"]"#])
    }

    @Test func accountsAreATableWithoutSecrets() async throws {
        let items = [
            Self.connection("con_1", expiresAt: #""2026-06-01T00:43:00Z""#), Self.connection("con_2", status: "FAILED"),
        ]
        let daemon = try PlayedDaemon([
            "connectedAccounts.list": #"{"items":[\#(items.joined(separator: ","))],"nextCursor":null}"#
        ])
        let run = await Run(["accounts", "--socket", daemon.path, "--user", "u", "--toolkit", "github"])
        #expect(
            run.output == """
                CONNECTION  USER  TOOLKIT  ACCOUNT     STATUS  TOKEN ENDS
                con_1       u     github   octocat +1  ACTIVE  in 43 min
                con_2       u     github   octocat +1  FAILED

                """)
        #expect(
            daemon.requests == [#"connectedAccounts.list {"userIds":["u"],"toolkitSlugs":["github"],"limit":1000}"#])
        let json = await Run(["accounts", "--socket", daemon.path, "--json"])
        #expect(json.output.hasPrefix(#"{"items":[{"id":"con_1","userId":"u""#))
        #expect(json.output.hasSuffix("\"nextCursor\":null}\n"))
        #expect(!json.output.contains("gho_live"))
    }

    @Test func accountsOfAProviderAreThoseOfItsAuthConfigs() async throws {
        let integrations =
            #"{"integrations":[{"provider":"google","authConfigId":"ac_gmail"},{"provider":"github","authConfigId":"ac_1"}]}"#
        let daemon = try PlayedDaemon([
            "listIntegrations": integrations, "connectedAccounts.list": #"{"items":[],"nextCursor":null}"#,
        ])
        let run = await Run(["accounts", "--socket", daemon.path, "--provider", "google"])
        #expect(run.status == 0)
        #expect(run.output.isEmpty)
        #expect(run.errors == "No such connected account is in your scope; see: purser whoami\n")
        #expect(
            daemon.requests == [
                "listIntegrations null", #"connectedAccounts.list {"authConfigIds":["ac_gmail"],"limit":1000}"#,
            ])
    }

    @Test func accountsOfAProviderThatIsNotThereAreNone() async throws {
        let daemon = try PlayedDaemon(["listIntegrations": #"{"integrations":[]}"#])
        let run = await Run(["accounts", "--socket", daemon.path, "--provider", "xero", "--json"])
        #expect(run.output == #"{"items":[],"nextCursor":null}"# + "\n")
        #expect(daemon.requests == ["listIntegrations null"])
    }

    @Test(arguments: [(true, Int32(0)), (false, 4)])
    func whoamiEndsWithTheDecision(_ isAllowed: Bool, _ expected: Int32) async throws {
        let decision = #"{"operation":"o","connectionId":"c","allowed":\#(isAllowed),"grant":null,"reason":"r"}"#
        let daemon = try PlayedDaemon(["daemon.explain": Self.explanation.replacingDecision(with: decision)])
        let run = await Run(["whoami", "--socket", daemon.path, "--operation", "o", "--connection", "c"])
        #expect(run.status == expected)
        #expect(run.output.contains("decision        o on c: \(isAllowed ? "allowed" : "denied"): r\n"))
        #expect(run.errors.isEmpty)
        #expect(daemon.requests == [#"daemon.explain {"operation":"o","connectionId":"c"}"#])
    }
}

extension String {
    fileprivate func replacingDecision(with decision: String) -> String {
        String(dropLast("null}".count)) + decision + "}"
    }
}
