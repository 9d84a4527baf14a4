import PurserClient
import SecretBytes
import Synchronization
import Testing

@testable import PurserCommand

/// `purser connect` against a daemon and a person that the test plays.
@Suite(.timeLimit(.minutes(1)))
struct ConnectCommandTests {
    static let link =
        #"{"id":"con_new","status":"INITIATED","redirectUrl":"https://github.test/authorize?state=s","expiresAt":"2026-06-01T00:10:00Z"}"#
    static let deviceLink =
        #"{"id":"con_new","status":"INITIATED","redirectUrl":null,"expiresAt":"2026-06-01T00:10:00Z","userCode":"WDJB-MJHT","verificationUri":"https://github.test/device","verificationUriComplete":"https://github.test/device?c=WDJB-MJHT"}"#
    static let integrations =
        #"{"integrations":[{"provider":"github","toolkit":"github","displayName":"GitHub","authConfigId":"ac_1","connections":[]},{"provider":"google","toolkit":"gmail","displayName":"Gmail","authConfigId":"ac_gmail","connections":[]},{"provider":"google","toolkit":"drive","displayName":"Drive","authConfigId":"ac_drive","connections":[]}]}"#
    static let pending =
        #"{"error":{"code":-32008,"message":"wait again","data":{"code":"TIMEOUT","connectionId":"con_new"}}}"#

    static func account(_ status: String = "ACTIVE", reason: String = "null") -> String {
        """
        {"id":"con_new","userId":"ada","toolkit":{"slug":"github"},"authConfig":{"id":"ac_1","authScheme":"OAUTH2"},\
        "status":"\(status)","statusReason":\(reason),"alias":null,"identity":{"accountIdentifier":"octocat",\
        "displayName":"octocat","accounts":[{"accountIdentifier":"octocat","displayName":"octocat"}]},\
        "state":{"authScheme":"OAUTH2","val":{"access_token":"gho_live"}},"expiresAt":null,"lastRefreshedAt":null,\
        "nextRefreshAt":null,"refreshFailures":0,"generation":1,"createdAt":"2026-06-01T00:00:00Z",\
        "updatedAt":"2026-06-01T00:00:00Z"}
        """
    }

    static func daemon(link: String = link, account: String = account()) throws -> PlayedDaemon {
        try PlayedDaemon([
            "listIntegrations": integrations, "connectedAccounts.link": link,
            "connectedAccounts.waitForConnection": account,
        ])
    }

    static let waited = #"connectedAccounts.waitForConnection {"id":"con_new","timeoutMs":60000}"#

    @Test func whoseAccountItIsIsSaid() async throws {
        let daemon = try Self.daemon()
        let run = await Run(["connect", "github", "--socket", daemon.path])
        #expect(run.status == 0)
        #expect(run.output == "GitHub account octocat is connected as con_new for ada\n")
        #expect(
            run.errors == """
                Open this in a browser:
                  https://github.test/authorize?state=s
                If that browser is on another machine, it ends at an address that it cannot open; hand that address in \
                with: purser complete-link -

                """)
        #expect(
            daemon.requests == [
                "listIntegrations null", #"connectedAccounts.link {"userId":"ada","authConfigId":"ac_1"}"#, Self.waited,
            ])
    }

    @Test func everyOptionReachesTheDaemon() async throws {
        let daemon = try Self.daemon(link: Self.deviceLink)
        let run = await Run([
            "connect", "ac_any", "--user", "u", "--alias", "work", "--another", "--device", "--callback-url",
            "http://127.0.0.1/x", "--socket", daemon.path,
        ])
        #expect(run.output == "github account octocat is connected as con_new for ada\n")
        #expect(
            daemon.requests.first
                == #"connectedAccounts.link {"userId":"u","authConfigId":"ac_any","callbackUrl":"http://127.0.0.1/x","alias":"work","allowMultiple":true,"flow":"device"}"#
        )
    }

    @Test func asJSONItIsTheConnectionWithoutSecrets() async throws {
        let daemon = try Self.daemon()
        let run = await Run(["connect", "github", "--json", "--socket", daemon.path])
        #expect(run.output.hasPrefix(#"{"id":"con_new","userId":"ada""#))
        #expect(run.output.hasSuffix("}\n"))
        #expect(!run.output.contains("gho_live"))
        #expect(run.errors.contains("https://github.test/authorize?state=s"))
    }

    @Test func withoutALoginNameTheUserMustBeNamed() async throws {
        let daemon = try Self.daemon()
        var person = Person.absent
        person.loginName = nil
        let run = await Run(["connect", "github", "--socket", daemon.path], person: person)
        #expect(run.status == 2)
        #expect(run.errors == "purser: your login name is not known; pass --user\n")
        #expect(daemon.requests.isEmpty)
    }

    // MARK: Which auth config

    @Test(arguments: ["ac_gmail", "gmail"])
    func aToolkitOrAnIDNamesOneOfSeveral(_ name: String) async throws {
        let daemon = try Self.daemon()
        let run = await Run(["connect", name, "--socket", daemon.path])
        #expect(run.status == 0)
        #expect(daemon.requests.contains(#"connectedAccounts.link {"userId":"ada","authConfigId":"ac_gmail"}"#))
    }

    @Test func ofSeveralNoneIsChosenSilently() async throws {
        let daemon = try Self.daemon()
        let run = await Run(["connect", "google", "--socket", daemon.path])
        #expect(run.status == 2)
        #expect(
            run.errors == """
                purser: several auth configs fit 'google'; name one of them:
                  ac_gmail  Gmail, provider google
                  ac_drive  Drive, provider google

                """)
        #expect(daemon.requests == ["listIntegrations null"])
    }

    @Test func anUnknownProviderIsAnsweredWithTheKnownOnes() async throws {
        let daemon = try Self.daemon()
        let run = await Run(["connect", "xero", "--socket", daemon.path])
        #expect(run.status == 2)
        #expect(
            run.errors.hasPrefix("purser: no auth config for 'xero' is known to you; name one by its id:\n  ac_1  "))
        let empty = try PlayedDaemon(["listIntegrations": #"{"integrations":[]}"#])
        let other = await Run(["connect", "xero", "--socket", empty.path])
        #expect(other.status == 2)
        #expect(other.errors.hasSuffix("name one by its id, ac_…, from the daemon's configuration\n"))
    }

    // MARK: What can go wrong

    @Test(arguments: [
        ("FAILED", "access_denied", "consent was refused at the provider"),
        ("EXPIRED", "link_expired", "nobody completed the link in time"),
        ("EXPIRED", "link_replaced", "a newer link took the place of this one"),
        ("FAILED", "link_rejected", "the provider's answer is not what was asked for"),
        ("FAILED", "another_account", "this is another account than the one connected before"),
        ("FAILED", "already_connected", "this account is connected already"),
        ("FAILED", "not_refreshable", "the provider gave a token that ends"),
        ("FAILED", "invalid_client", "start again; if it happens once more"),
    ])
    func whatWentWrongIsSaid(_ status: String, _ reason: String, _ said: String) async throws {
        let daemon = try Self.daemon(account: Self.account(status, reason: "\"\(reason)\""))
        let run = await Run(["connect", "github", "--socket", daemon.path])
        #expect(run.status == 1)
        #expect(run.output.isEmpty)
        #expect(run.errors.contains("\npurser: con_new is \(status) (\(reason)): \(said)"))
        let json = await Run(["connect", "github", "--json", "--socket", daemon.path])
        #expect(json.status == 1)
        #expect(json.output.contains(#""statusReason":"\#(reason)""#))
        #expect(!json.errors.contains("purser: con_new"))
    }

    @Test func aSecondAccountMustBeAskedFor() async throws {
        let daemon = try PlayedDaemon([
            "connectedAccounts.link":
                #"{"error":{"code":-32009,"message":"why","data":{"code":"ALREADY_CONNECTED","connectionId":"con_1"}}}"#
        ])
        let run = await Run(["connect", "ac_1", "--socket", daemon.path])
        #expect(run.status == 1)
        #expect(
            run.errors
                == "purser: ALREADY_CONNECTED: why It is con_1. To connect another one beside it: purser connect --another\n"
        )
    }

    @Test func aLinkIsWaitedForUntilItsEnd() async throws {
        let daemon = try PlayedDaemon { method, before in
            guard method == "connectedAccounts.waitForConnection" else { return Self.link }
            return before < 3 ? Self.pending : Self.account()
        }
        let run = await Run(["connect", "ac_1", "--socket", daemon.path])
        #expect(run.status == 0)
        #expect(daemon.requests.suffix(4) == [Self.waited, Self.waited, Self.waited, Self.waited])
    }

    @Test func afterTheLinksEndItIsOver() async throws {
        let daemon = try Self.daemon(account: Self.pending)
        let atItsEnd = try #require(Timestamp(rfc3339: "2026-06-01T00:10:00Z"))
        let run = await Run(["connect", "ac_1", "--socket", daemon.path], now: { atItsEnd })
        #expect(run.status == 1)
        #expect(run.errors.hasSuffix("purser: con_new: the link's time is over; start again\n"))
        #expect(daemon.requests.last == #"connectedAccounts.waitForConnection {"id":"con_new","timeoutMs":1000}"#)
    }

    @Test func aDaemonThatStartsAnewIsAskedAgain() async throws {
        let daemon = try PlayedDaemon { method, before in
            guard method == "connectedAccounts.waitForConnection" else { return Self.link }
            return before == 0
                ? #"{"error":{"code":-32013,"message":"m","data":{"code":"SHUTTING_DOWN"}}}"# : Self.account()
        }
        let slept = Mutex<[Duration]>([])
        var person = Person.absent
        person.sleep = { duration in slept.withLock { $0.append(duration) } }
        let run = await Run(["connect", "ac_1", "--socket", daemon.path], person: person)
        #expect(run.status == 0)
        #expect(slept.withLock { $0 } == [.seconds(1)])
    }

    @Test func otherErrorsEndTheWaiting() async throws {
        let daemon = try Self.daemon(account: #"{"error":{"code":-32001,"message":"m","data":{"code":"FORBIDDEN"}}}"#)
        let run = await Run(["connect", "ac_1", "--socket", daemon.path])
        #expect(run.status == 4)
        #expect(run.errors.contains("purser: FORBIDDEN: m"))
    }

    @Test func controlCLeavesTheLinkOpenAndSaysSo() async throws {
        let daemon = try PlayedDaemon(["connectedAccounts.link": Self.link])
        var person = Person.absent
        person.interruption = {}
        let run = await Run(["connect", "ac_1", "--socket", daemon.path], person: person)
        #expect(run.status == 130)
        #expect(
            run.errors.hasSuffix(
                "purser: interrupted; the link stays open and ends in 10 min. What came of it: purser accounts\n"))
        #expect(!daemon.requests.contains { $0.contains("delete") })
    }
}
