import LineServer
import Testing

@testable import PurserClient

/// What the typed calls send, and what they make of answers.
@Suite(.timeLimit(.minutes(1)))
struct TypedCallTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var call: @Sendable (PurserClient) async throws -> Void
        var expected: String
    }

    static let rows =
        [
            Row(testDescription: "accounts", call: { _ = try await $0.accounts() }, expected: #"getAccounts {}"#),
            Row(
                testDescription: "accounts, narrowed",
                call: {
                    _ = try await $0.accounts(
                        provider: "google", toolkit: "gmail", userID: "u", session: "ses_1",
                        timeout: .milliseconds(1500))
                },
                expected:
                    #"getAccounts {"provider":"google","toolkit":"gmail","userId":"u","sessionId":"ses_1","timeoutMs":1500}"#
            ),
            Row(
                testDescription: "credentials of a connection",
                call: { _ = try await $0.credentials(connection: "work", minimumValidity: .seconds(90)) },
                expected: #"getConnectionCredentials {"connectionId":"work","minValiditySeconds":90}"#),
            Row(
                testDescription: "credentials in a session",
                call: { _ = try await $0.credentials(session: "ses_1", toolkit: "gmail", connection: "work") },
                expected: #"getConnectionCredentials {"sessionId":"ses_1","toolkit":"gmail","connectionId":"work"}"#),
            Row(
                testDescription: "refresh",
                call: { _ = try await $0.refresh(connection: "con_1", ifGeneration: 3, timeout: .seconds(30)) },
                expected: #"refreshAccount {"connectionId":"con_1","ifGeneration":3,"timeoutMs":30000}"#),
            Row(
                testDescription: "a session with pinned accounts",
                call: {
                    _ = try await $0.createSession(
                        userID: "u", connectedAccounts: ["github": ["work"]], lifetime: .seconds(3600),
                        requireExplicitSelection: true)
                },
                expected:
                    #"session.create {"userId":"u","connectedAccounts":{"github":["work"]},"expiresInSeconds":3600,"requireExplicitSelection":true}"#
            ),
            Row(
                testDescription: "a session without a toolkit",
                call: { _ = try await $0.createSession(userID: "u", toolkits: .disable(["xero"])) },
                expected: #"session.create {"userId":"u","toolkits":{"disable":["xero"]}}"#),
            Row(
                testDescription: "a session", call: { _ = try await $0.session("ses_1") },
                expected: #"session.get {"sessionId":"ses_1"}"#),
            Row(
                testDescription: "the end of a session", call: { _ = try await $0.closeSession("ses_1") },
                expected: #"session.close {"sessionId":"ses_1"}"#),
            Row(
                testDescription: "connections",
                call: {
                    _ = try await $0.connectedAccounts(
                        .init(
                            userIDs: ["u"], toolkits: ["gmail"], statuses: [.failed], authConfigIDs: ["ac_1"],
                            connectionIDs: ["con_1"]))
                },
                expected:
                    #"connectedAccounts.list {"userIds":["u"],"toolkitSlugs":["gmail"],"statuses":["FAILED"],"authConfigIds":["ac_1"],"connectedAccountIds":["con_1"],"limit":1000}"#
            ),
            Row(
                testDescription: "a connection", call: { _ = try await $0.connectedAccount("work") },
                expected: #"connectedAccounts.get {"id":"work"}"#),
            Row(
                testDescription: "enable", call: { try await $0.enable(connection: "work") },
                expected: #"connectedAccounts.enable {"id":"work"}"#),
            Row(
                testDescription: "disable", call: { try await $0.disable(connection: "work") },
                expected: #"connectedAccounts.disable {"id":"work"}"#),
        ] + connecting

    private static let connecting = [
        Row(
            testDescription: "a link",
            call: { _ = try await $0.link(userID: "u", authConfigID: "ac_1") },
            expected: #"connectedAccounts.link {"userId":"u","authConfigId":"ac_1"}"#),
        Row(
            testDescription: "a link, all said",
            call: {
                _ = try await $0.link(
                    userID: "u", authConfigID: "ac_1", callbackURL: "http://a", alias: "work", allowsMultiple: true,
                    flow: .device)
            },
            expected:
                #"connectedAccounts.link {"userId":"u","authConfigId":"ac_1","callbackUrl":"http://a","alias":"work","allowMultiple":true,"flow":"device"}"#
        ),
        Row(
            testDescription: "a key",
            call: {
                _ = try await $0.initiate(
                    userID: "u", authConfigID: "ac_1", config: ["apiKey": "k"], alias: "work", allowsMultiple: true,
                    allowsNonRefreshable: true)
            },
            expected:
                #"connectedAccounts.initiate {"userId":"u","authConfigId":"ac_1","config":{"apiKey":"k"},"alias":"work","allowMultiple":true,"allowNonRefreshable":true}"#
        ),
        Row(
            testDescription: "a pasted address",
            call: { _ = try await $0.completeLink(redirectURL: Secret(copying: "http://a?code=\"é".utf8.span)) },
            expected: #"connectedAccounts.completeLink {"redirectUrl":"http://a?code=\"é"}"#),
        Row(
            testDescription: "waiting for a user", call: { _ = try await $0.waitForConnection("con_1") },
            expected: #"connectedAccounts.waitForConnection {"id":"con_1","timeoutMs":60000}"#),
        Row(
            testDescription: "waiting for a user longer",
            call: { _ = try await $0.waitForConnection("con_1", timeout: .seconds(600)) },
            expected: #"connectedAccounts.waitForConnection {"id":"con_1","timeoutMs":600000}"#),
        Row(
            testDescription: "refresh or link",
            call: { _ = try await $0.refreshConnection("work", timeout: .seconds(5)) },
            expected: #"connectedAccounts.refresh {"id":"work","timeoutMs":5000}"#),
        Row(
            testDescription: "delete", call: { try await $0.delete(connection: "work") },
            expected: #"connectedAccounts.delete {"id":"work"}"#),
        Row(
            testDescription: "delete here only", call: { try await $0.delete(connection: "work", revokes: false) },
            expected: #"connectedAccounts.delete {"id":"work","revoke":false}"#),
        Row(
            testDescription: "an alias", call: { try await $0.setAlias("", of: "work") },
            expected: #"connectedAccounts.update {"id":"work","alias":""}"#),
    ]

    @Test(arguments: rows)
    func eachCallSendsWhatTheContractAsksFor(_ row: Row) async throws {
        let talk = try await Conversation()
        let client = talk.client
        async let end = error { try await row.call(client) }
        let request = try await talk.nextRequest()
        let parameters = request["params"] ?? nil
        #expect("\(request["method"]?.string ?? "") \(parameters)" == row.expected)
        talk.peer.hangUp()
        #expect(await end == .connectionClosed)
    }

    @Test func eachSchemeHasItsCredential() async throws {
        let common =
            #""accountIdentifier":"a","displayName":"A","provider":"p","toolkit":"t","accessTokenExpiresAt":null,"scopes":"one two","connectedAt":"2026-06-01T00:00:00Z","status":"ACTIVE","statusReason":null,"generation":2"#
        let server = try serverAnswering(
            """
            {"accounts":[{"connectionId":"1",\(common),"accessToken":"s1","tenantId":"x","clientSecret":"s5"},\
            {"connectionId":"2",\(common),"apiKey":"s2"},{"connectionId":"3",\(common),"username":"u","password":"s3"},\
            {"connectionId":"4",\(common),"token":"s4"},{"connectionId":"5",\(common)}]}
            """)
        let client = try await PurserClient.connect(to: SocketPath(server.path))
        let accounts = try await client.accounts()
        let revealed = accounts.map { account -> String? in
            switch account.credential {
            case .accessToken(let secret): secret.withString { "accessToken \($0)" }
            case .apiKey(let secret): secret.withString { "apiKey \($0)" }
            case .basic(let username, let secret): secret.withString { "basic \(username) \($0)" }
            case .bearerToken(let secret): secret.withString { "bearerToken \($0)" }
            case nil: nil
            }
        }
        #expect(revealed == ["accessToken s1", "apiKey s2", "basic u s3", "bearerToken s4", nil])
        #expect(accounts[0].clientSecret?.withString { $0 } == "s5")
        #expect(accounts[0].details == ["tenantId": "x"])
        #expect(accounts[0].scopes == ["one", "two"])
        #expect(accounts[0].generation == 2)
        #expect(accounts[0].credential?.accessToken != nil)
        #expect(accounts[1].credential?.accessToken == nil)
    }

    @Test func whatTheContractPromisesAndIsMissingIsNamed() async throws {
        let server = try serverAnswering(#"{"accounts":[{"connectionId":"con_1"}]}"#)
        let client = try await PurserClient.connect(to: SocketPath(server.path))
        #expect(
            await error { _ = try await client.accounts() }
                == .protocolViolation("account without 'accountIdentifier'"))
        #expect(
            await error { _ = try await client.session("s") } == .protocolViolation("an answer without 'sessionId'"))
    }

    @Test func aListIsReadPageByPageToItsEnd() async throws {
        let server = try LineServer { line in
            guard let request = try? JSONValue(parsing: line), let id = request["id"]?.int else { return nil }
            let result =
                switch request["params"]?["cursor"]?.string {
                case nil: #"{"items":[{"id":"con_1","state":{"val":{"access_token":"x"}}}],"nextCursor":"two"}"#
                case "two": #"{"items":[{"id":"con_2"}],"nextCursor":null}"#
                default: "null"
                }
            return #"{"jsonrpc":"2.0","id":\#(id),"result":\#(result)}"#
        }
        let client = try await PurserClient.connect(to: SocketPath(server.path))
        let items = try await client.connectedAccountsAsJSON(.init())
        #expect(items == [["id": "con_1"], ["id": "con_2"]])
    }

    @Test func aListWithoutEndIsNotReadForEver() async throws {
        let server = try serverAnswering(#"{"items":[],"nextCursor":"again"}"#)
        let client = try await PurserClient.connect(to: SocketPath(server.path))
        let failure = await error { _ = try await client.connectedAccounts() }
        #expect(failure == .protocolViolation("a list of connections that does not end"))
    }

    @Test func aSessionIsClosedHoweverItsUseEnds() async throws {
        struct Stop: Error {}
        let talk = try await Conversation()
        let client = talk.client
        let use = Task { try await client.withSession(userID: "u") { $0.id } }
        try await answerCreation("ses_1", talk)
        #expect(try await use.value == "ses_1")
        #expect(try await talk.nextRequest()["params"] == ["sessionId": "ses_1"])
        for id in ["ses_throw", "ses_cancel"] {
            let use = Task {
                try await client.withSession(userID: "u") { session in
                    if session.id == "ses_throw" { throw Stop() }
                    unsafe withUnsafeCurrentTask { unsafe $0?.cancel() }
                    try Task.checkCancellation()
                }
            }
            try await answerCreation(id, talk)
            await #expect(throws: (any Error).self) { try await use.value }
            let request = try await talk.nextRequest()
            #expect(request["method"] == "session.close")
            #expect(request["params"] == ["sessionId": .string(id)])
        }
    }

    private func answerCreation(_ session: String, _ talk: Conversation) async throws {
        let expiresAt: JSONValue = "2026-06-02T00:00:00Z"
        talk.answer(
            try await talk.nextID(),
            ["sessionId": .string(session), "userId": "u", "connectedAccounts": [:], "expiresAt": expiresAt])
    }
}
