import PurserClient
import Testing

@testable import PurserCommand

/// The commands that complete, end, pause, name and refresh connections.
@Suite(.timeLimit(.minutes(1)))
struct ManagementCommandTests {
    private typealias Played = ConnectCommandTests

    private static let completed = #"{"id":"con_new","status":"ACTIVE","statusReason":null,"redirectUrl":null}"#

    private static func completingDaemon(account: String = Played.account()) throws -> PlayedDaemon {
        try PlayedDaemon([
            "connectedAccounts.completeLink": completed, "connectedAccounts.waitForConnection": account,
        ])
    }

    @Test(arguments: [(["http://a?code=c"], ""), (["-"], " http://a?code=c\n")])
    func anAddressIsHandedInFromEitherPlace(_ arguments: [String], _ input: String) async throws {
        let daemon = try Self.completingDaemon()
        let run = await Run(["complete-link", "--socket", daemon.path] + arguments, input: input)
        #expect(run.status == 0)
        #expect(run.output == "github account octocat is connected as con_new for ada\n")
        #expect(daemon.requests.first == #"connectedAccounts.completeLink {"redirectUrl":"http://a?code=c"}"#)
    }

    @Test func aLinkThatFailsIsAFailure() async throws {
        let daemon = try Self.completingDaemon(account: Played.account("FAILED", reason: #""access_denied""#))
        let run = await Run(["complete-link", "--socket", daemon.path, "http://a?error=access_denied"])
        #expect(run.status == 1)
        #expect(run.errors.contains("consent was refused at the provider"))
    }

    @Test(arguments: [
        ["http://a?code=s3cret", "x"], ["x", "http://a?code=s3cret"], ["--bogus", "http://a?code=s3cret"],
    ])
    func aWrongCommandLineDoesNotRepeatTheCode(_ arguments: [String]) async {
        let run = await Run(["complete-link"] + arguments)
        #expect(run.status == 2)
        #expect(!run.errors.contains("s3cret"))
        #expect(!run.output.contains("s3cret"))
    }

    @Test func noAddressIsRefusedWithoutACall() async throws {
        let daemon = try Self.completingDaemon()
        let run = await Run(["complete-link", "-", "--socket", daemon.path], input: " \n")
        #expect(run.status == 2)
        #expect(run.errors == "purser: there is no address to hand in\n")
        #expect(daemon.requests.isEmpty)
    }

    @Test func helpWarnsOfAddressesAsArguments() async {
        #expect(await Run(["complete-link", "--help"]).output.contains("seen by other"))
    }

    static let ends =
        #"{"success":true,"tokens":[{"token":"refresh_token","outcome":"revoked"},{"token":"access_token","outcome":"unreachable"},{"token":"access_token","outcome":"new\u001b"}]}"#

    @Test func disconnectSaysWhichTokensAreDead() async throws {
        let daemon = try PlayedDaemon(["connectedAccounts.delete": Self.ends])
        let run = await Run(["disconnect", "work", "--socket", daemon.path])
        #expect(run.status == 0)
        #expect(
            run.output == """
                work is deleted here, with its tokens.
                  refresh token: dead; the provider has revoked it
                  access token: may live on, since the provider could not be reached; end the access there
                  access token: new\u{FFFD}

                """)
        #expect(daemon.requests == [#"connectedAccounts.delete {"id":"work"}"#])
    }

    @Test func disconnectCanKeepTheGrant() async throws {
        let daemon = try PlayedDaemon(["connectedAccounts.delete": #"{"success":true,"tokens":[]}"#])
        let run = await Run(["disconnect", "work", "--keep-grant", "--socket", daemon.path])
        #expect(run.output.hasSuffix("The provider was not asked to end anything; what it gave out lives on there.\n"))
        #expect(daemon.requests == [#"connectedAccounts.delete {"id":"work","revoke":false}"#])
    }

    @Test func disconnectOfOneAccountSaysThatTheOthersStay() async throws {
        let answer =
            #"{"success":true,"tokens":[],"account":{"accountIdentifier":"org-2","outcome":"revoked"}}"#
        let daemon = try PlayedDaemon(["connectedAccounts.delete": answer])
        #expect(
            await Run(["disconnect", "org-2", "--socket", daemon.path]).output == """
                org-2 is deleted here; the other accounts of its connection stay.
                  at the provider: dead; the provider has revoked it

                """)
        #expect(await Run(["disconnect", "org-2", "--json", "--socket", daemon.path]).output == answer + "\n")
    }

    @Test func disconnectAsJSONIsTheAnswer() async throws {
        let daemon = try PlayedDaemon(["connectedAccounts.delete": Self.ends])
        #expect(await Run(["disconnect", "work", "--json", "--socket", daemon.path]).output == Self.ends + "\n")
    }

    @Test(arguments: [("enable", "work is enabled.\n"), ("disable", "work is disabled; it gives no credentials.\n")])
    func aConnectionIsPausedAndResumed(_ command: String, _ said: String) async throws {
        let daemon = try PlayedDaemon(["connectedAccounts.\(command)": #"{"success":true}"#])
        #expect(await Run([command, "work", "--socket", daemon.path]).output == said)
        #expect(
            await Run([command, "work", "--json", "--socket", daemon.path]).output == "{\"success\":true}\n")
        #expect(daemon.requests.first == #"connectedAccounts.\#(command) {"id":"work"}"#)
    }

    @Test(arguments: [
        (["work"], "work", "con_new is called work.\n"), ([], "", "con_new has no alias.\n"),
    ])
    func anAliasIsGivenAndTakenAway(_ arguments: [String], _ sent: String, _ said: String) async throws {
        let alias = sent.isEmpty ? "null" : "\"\(sent)\""
        let account = Played.account().replacing("\"alias\":null", with: "\"alias\":\(alias)")
        let daemon = try PlayedDaemon(["connectedAccounts.update": account])
        let run = await Run(["alias", "con_new"] + arguments + ["--socket", daemon.path])
        #expect(run.output == said)
        #expect(daemon.requests == [#"connectedAccounts.update {"id":"con_new","alias":"\#(sent)"}"#])
        let json = await Run(["alias", "con_new", "--json", "--socket", daemon.path] + arguments)
        #expect(json.output.contains("\"alias\":\(alias)"))
        #expect(!json.output.contains("gho_live"))
    }

    @Test func aRefreshSaysWhatItCameTo() async throws {
        let daemon = try PlayedDaemon(["connectedAccounts.refresh": Self.completed])
        let run = await Run(["refresh", "work", "--socket", daemon.path])
        #expect(run.output == "con_new is ACTIVE; its token is fresh.\n")
        let json = await Run(["refresh", "work", "--json", "--socket", daemon.path])
        #expect(json.output == #"{"id":"con_new","status":"ACTIVE","statusReason":null}"# + "\n")
    }

    @Test func whereOnlyTheUserCanHelpARefreshAsksThem() async throws {
        let daemon = try PlayedDaemon([
            "connectedAccounts.refresh": Played.link, "connectedAccounts.waitForConnection": Played.account(),
        ])
        let run = await Run(["refresh", "work", "--socket", daemon.path])
        #expect(run.errors.contains("https://github.test/authorize?state=s"))
        #expect(run.output == "github account octocat is connected as con_new for ada\n")
    }

    @Test func theVersionIsAResult() async throws {
        let run = await Run(["--version"])
        #expect(run.status == 0)
        #expect(run.output == "\(Purser.version)\n")
        #expect(run.errors.isEmpty)
    }
}
