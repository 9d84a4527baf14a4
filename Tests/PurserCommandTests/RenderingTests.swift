import PurserClient
import SecretBytes
import Testing

@testable import PurserCommand

struct RenderingTests {
    private static let plain = Palette(isOn: false)

    @Test(arguments: [
        (Int64(0), "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h"), (11_520, "3 h 12 min"),
        (86_400, "1 d"), (97_200, "1 d 3 h"), (-5, "0 s"),
    ])
    func aLengthOfTimeIsShownInItsTwoLargestUnits(_ seconds: Int64, _ expected: String) {
        #expect(timeText(seconds: seconds) == expected)
    }

    @Test(
        arguments: [
            (0, "now"), (240, "in 4 min"), (-240, "4 min ago"), (.max - 1_780_272_000, "in 2912292 d"),
        ] as [(Int64, String)])
    func aTimeIsShownByItsDistance(_ offset: Int64, _ expected: String) {
        #expect(Timestamp(unixSeconds: Run.now.unixSeconds + offset).relative(to: Run.now) == expected)
    }

    @Test(arguments: [
        (#"{}"#, "{}\n"),
        (#"[]"#, "[]\n"),
        (#""a,b:{}[]""#, "\"a,b:{}[]\"\n"),
        (#"{"a":1,"b":[true,null]}"#, "{\n  \"a\": 1,\n  \"b\": [\n    true,\n    null\n  ]\n}\n"),
        (#"{"a":{},"b":[[]]}"#, "{\n  \"a\": {},\n  \"b\": [\n    []\n  ]\n}\n"),
        (#"["quote\"","back\\"]"#, "[\n  \"quote\\\"\",\n  \"back\\\\\"\n]\n"),
        ("[\"\u{9B}2J\u{7F}\",\"é\"]", "[\n  \"\\u009b2J\\u007f\",\n  \"é\"\n]\n"),
    ])
    func jsonIsIndentedAndStaysTheSameJSON(_ json: String, _ expected: String) throws {
        let text = indentedJSON(json.utf8.span).withBytes { bytes in
            String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self)
        }
        #expect(text == expected)
        #expect(try JSONValue(parsing: text) == JSONValue(parsing: json))
    }

    static let status: JSONValue = [
        "version": "1.0", "pid": 42, "uptimeSeconds": 11_520, "health": "degraded",
        "nextRefreshAt": "2026-06-01T00:04:00Z",
        "accounts": ["INITIATED": 0, "ACTIVE": 12, "INACTIVE": 0, "EXPIRED": 1, "FAILED": 1, "REVOKED": 0],
        "refreshes": ["inFlight": 1, "queued": 2, "succeeded": 3, "failed": 4],
        "vault": [
            "protection": "memfd_secret", "records": 14, "bytes": 4096, "droppedRecords": 0, "isKept": true,
            "setAside": 0,
        ],
        "configuration": [
            "path": "/etc/purser/purser.yaml", "loadedAt": "2026-05-31T23:00:00Z",
            "warnings": ["first", "second\u{1B}[2J"],
        ],
        "endpoints": [
            ["tokenURL": "https://a.example/t", "state": "healthy", "consecutiveFailures": 0, "retryAt": nil],
            [
                "tokenURL": "https://b.example/t", "state": "failing", "consecutiveFailures": 3,
                "retryAt": "2026-06-01T00:00:12Z",
            ],
        ],
        "audit": ["written": 5, "dropped": 6],
    ]

    @Test func theStatusSaysEverythingOnItsLine() {
        #expect(
            statusText(Self.status, now: Run.now, palette: Self.plain) == """
                purserd         1.0, pid 42, up 3 h 12 min: degraded
                accounts        12 active, 1 expired, 1 failed
                next refresh    in 4 min (2026-06-01T00:04:00Z)
                refreshes       1 in flight, 2 queued; 3 succeeded, 4 failed
                vault           memfd_secret, 14 records, 4096 bytes, 0 dropped, kept across restarts
                configuration   /etc/purser/purser.yaml, loaded 1 h ago
                                warning: first
                                warning: second\u{FFFD}[2J
                providers       https://a.example/t: healthy
                                https://b.example/t: failing, 3 failures in a row, tried again in 12 s
                audit           5 written, 6 dropped

                """)
    }

    @Test func theStatusSaysWhatARestartLosesAndWhatAnExportEnded() {
        let status: JSONValue = [
            "vault": ["isKept": false, "setAside": 2, "exportedAt": "2026-05-31T23:59:57Z"]
        ]
        let text = statusText(status, now: Run.now, palette: Self.plain)
        #expect(text.contains("? dropped, lost at a restart, 2 earlier set aside\n"))
        #expect(text.contains("handed over     by an export, 3 s ago: nothing is refreshed until a restart\n"))
    }

    @Test func theStatusOfAnotherVersionIsShownAsFarAsItGoes() {
        #expect(
            statusText(["version": "9"], now: Run.now, palette: Self.plain) == """
                purserd         9, pid ?: ?
                next refresh    none is planned

                """)
        #expect(statusText(nil, now: Run.now, palette: Self.plain).hasPrefix("purserd"))
    }

    @Test func whoamiShowsIdentityAgentAndOperations() {
        let answer: JSONValue = [
            "peer": ["uid": 1001, "gid": 100, "groups": [100, 27], "pid": 7, "user": "ada", "unit": "agent.service"],
            "agent": "research", "matchedBy": ["user": "ada", "uid": 1001],
            "operations": ["accounts:read", "credentials:read"], "decision": nil,
        ]
        #expect(
            whoamiText(answer, palette: Self.plain) == """
                you are         uid 1001 (ada), gid 100, groups 100 27, pid 7, unit agent.service
                agent           research, matched by user ada and uid 1001
                allowed         accounts:read, credentials:read

                """)
    }

    @Test func whoamiTellsAStrangerWhatToDo() {
        let answer: JSONValue = [
            "peer": ["uid": 1003, "gid": 1003, "groups": [], "pid": 7], "agent": nil, "matchedBy": nil,
            "operations": [],
            "decision": [
                "operation": "tools:execute", "connectionId": nil, "allowed": false, "grant": nil, "reason": "no agent",
            ],
        ]
        #expect(
            whoamiText(answer, palette: Self.plain) == """
                you are         uid 1003, gid 1003, pid 7
                agent           none: no access; the operator can add an agent whose match fits you, such as { uid: 1003 }
                allowed         nothing
                decision        tools:execute: denied: no agent

                """)
    }

    @Test func aDecisionNamesTheGrant() {
        let answer: JSONValue = [
            "decision": ["operation": "o", "connectionId": "con_1", "allowed": true, "grant": 2, "reason": "it does"]
        ]
        let text = whoamiText(answer, palette: Palette(isOn: true))
        #expect(text.contains("o on con_1: \u{1B}[32mallowed\u{1B}[0m by grant 2: it does\n"))
    }

    @Test(
        arguments: [
            ([:], true), (["NO_COLOR": ""], true), (["NO_COLOR": "1"], false), (["TERM": "dumb"], false),
            (["TERM": "xterm"], true),
        ] as [([String: String], Bool)])
    func coloursAreForThoseWhoWantThem(_ variables: [String: String], _ expected: Bool) {
        #expect(CommandOutput.wantsColours { variables[$0] } == expected)
    }

    @Test func anErrorListsTheCandidates() {
        let error = RPCError(
            code: -32003, name: .ambiguousAccount, message: "Name one.",
            data: [
                "candidates": [
                    ["connectionId": "con_1", "accountIdentifier": "a\u{1B}", "status": "ACTIVE", "alias": nil]
                ]
            ])
        #expect(
            errorText(.rpc(error), isJSON: false, width: nil) == """
                purser: AMBIGUOUS_ACCOUNT: Name one.
                  CONNECTION  ACCOUNT  STATUS
                  con_1       a\u{FFFD}       ACTIVE

                """)
        #expect(
            errorText(.rpc(error), isJSON: true, width: nil)
                == #"{"error":{"code":-32003,"message":"Name one.","data":{"candidates":[{"connectionId":"con_1","accountIdentifier":"a\u001b","status":"ACTIVE","alias":null}],"code":"AMBIGUOUS_ACCOUNT"}}}"#
                + "\n")
    }

    @Test func anErrorIsOneLineWhateverTheDaemonSays() {
        let error = PurserError.rpc(RPCError(code: -32001, name: .forbidden, message: "two\nlines"))
        #expect(
            errorText(error, isJSON: false, width: nil)
                == "purser: FORBIDDEN: two\u{FFFD}lines See who the daemon takes you for: purser whoami\n")
    }
}
