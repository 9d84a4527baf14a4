import LineServer
import PurserClient
import SecretBytes
import Synchronization
import Testing

@testable import PurserCommand

/// How a link is brought before its user: a browser, a code, a pasted address, a line that moves.
@Suite(.timeLimit(.minutes(1)))
struct ConsentTests {
    private typealias Played = ConnectCommandTests

    private static let prompt = "Paste that address here:\n"

    private final class Opened: Sendable {
        let addresses = Mutex<[String]>([])

        func person(succeeds: Bool = true) -> Person {
            var person = Person.absent
            person.openBrowser = { address in
                self.addresses.withLock { $0.append(address) }
                return succeeds
            }
            return person
        }
    }

    @Test func aBrowserIsOpenedWhereThereIsOne() async throws {
        let (daemon, opened) = (try Played.daemon(), Opened())
        let run = await Run(["connect", "ac_1", "--socket", daemon.path], person: opened.person())
        #expect(run.status == 0)
        #expect(opened.addresses.withLock { $0 } == ["https://github.test/authorize?state=s"])
        #expect(
            run.errors
                == "Your browser asks for your consent. If it does not open, visit:\n  https://github.test/authorize?state=s\n"
        )
    }

    @Test func noBrowserIsOpenedAgainstTheUsersWill() async throws {
        let (daemon, opened) = (try Played.daemon(), Opened())
        let run = await Run(["connect", "ac_1", "--no-browser", "--socket", daemon.path], person: opened.person())
        #expect(run.errors.hasPrefix("Open this in a browser:\n"))
        #expect(opened.addresses.withLock { $0 }.isEmpty)
    }

    @Test func aBrowserThatCannotBeStartedIsNotPromised() async throws {
        let (daemon, opened) = (try Played.daemon(), Opened())
        let run = await Run(["connect", "ac_1", "--socket", daemon.path], person: opened.person(succeeds: false))
        #expect(run.errors.hasPrefix("Open this in a browser:\n"))
    }

    @Test func theDeviceFlowShowsCodeAndAddress() async throws {
        let daemon = try Played.daemon(link: Played.deviceLink)
        var person = Person.absent
        person.readLine = { throw CommandFailure(.usage, "nothing is to be pasted here") }
        let run = await Run(["connect", "ac_1", "--device", "--socket", daemon.path], person: person)
        #expect(run.status == 0)
        #expect(
            run.errors == """
                Open this in a browser, on any machine:
                  https://github.test/device
                and enter the code:
                  WDJB-MJHT

                """)
    }

    @Test func theDeviceFlowOpensTheAddressThatHasTheCode() async throws {
        let (daemon, opened) = (try Played.daemon(link: Played.deviceLink), Opened())
        let run = await Run(["connect", "ac_1", "--device", "--socket", daemon.path], person: opened.person())
        #expect(opened.addresses.withLock { $0 } == ["https://github.test/device?c=WDJB-MJHT"])
        #expect(run.errors.contains("  https://github.test/device\n"))
        #expect(run.errors.hasSuffix("  WDJB-MJHT\n"))
    }

    @Test func whatAProviderSendsDoesNotMoveTheCursor() async throws {
        let link = Played.deviceLink.replacing("WDJB-MJHT", with: #"W\u001b[2JX\u000aY"#)
        let daemon = try Played.daemon(link: link)
        let run = await Run(["connect", "ac_1", "--device", "--socket", daemon.path])
        #expect(run.status == 0)
        #expect(!run.errors.contains("\u{1B}"))
    }

    // MARK: Pasting

    /// Types these lines, one after the other, and then nothing.
    private static func typing(_ lines: [String]) -> Person {
        let remaining = Mailbox<String>()
        for line in lines { remaining.put(line) }
        var person = Person.absent
        person.readLine = { await remaining.take().map { SecretLine(SecretBytes(utf8: $0)) } }
        return person
    }

    /// A daemon that takes the second address, and not the first one.
    private static func daemonThatTakesTheSecond() throws -> PlayedDaemon {
        let isTaken = Mutex(false)
        return try PlayedDaemon { method, before in
            switch method {
            case "connectedAccounts.link": return Played.link
            case "connectedAccounts.completeLink":
                if before == 0 {
                    return #"{"error":{"code":-32602,"message":"no link waits","data":{"code":"INVALID_PARAMS"}}}"#
                }
                isTaken.withLock { $0 = true }
                return #"{"id":"con_new","status":"ACTIVE","statusReason":null,"redirectUrl":null}"#
            default: return isTaken.withLock { $0 } ? Played.account() : Played.pending
            }
        }
    }

    @Test func anAddressIsPastedAgainUntilItIsRight() async throws {
        let daemon = try Self.daemonThatTakesTheSecond()
        let person = Self.typing([
            "", " http://127.0.0.1/callback?code=first \r", "\thttp://127.0.0.1/callback?code=second",
        ])
        let run = await Run(["connect", "ac_1", "--socket", daemon.path], person: person)
        #expect(run.status == 0)
        #expect(run.output == "github account octocat is connected as con_new for ada\n")
        #expect(
            daemon.requests.filter { $0.hasPrefix("connectedAccounts.completeLink") } == [
                #"connectedAccounts.completeLink {"redirectUrl":"http://127.0.0.1/callback?code=first"}"#,
                #"connectedAccounts.completeLink {"redirectUrl":"http://127.0.0.1/callback?code=second"}"#,
            ])
        #expect(
            run.errors.hasSuffix(
                Self.prompt + "purser: INVALID_PARAMS: no link waits\nPaste the address again, all of it:\n"))
        #expect(!run.errors.contains("code="))
    }

    @Test func theEndOfTheInputDoesNotEndTheWaiting() async throws {
        let daemon = try PlayedDaemon { method, before in
            guard method == "connectedAccounts.waitForConnection" else { return Played.link }
            return before == 0 ? Played.pending : Played.account()
        }
        var person = Person.absent
        person.readLine = { nil }
        let run = await Run(["connect", "ac_1", "--socket", daemon.path], person: person)
        #expect(run.status == 0)
    }

    @Test func nothingIsToBePastedWhereABrowserWasOpened() async throws {
        let (daemon, opened) = (try Played.daemon(), Opened())
        var person = opened.person()
        person.readLine = { throw CommandFailure(.usage, "nothing is to be pasted here") }
        let run = await Run(["connect", "ac_1", "--socket", daemon.path], person: person)
        #expect(run.status == 0)
        #expect(!run.errors.contains("Paste"))
    }

    // MARK: Progress

    @Test func aTerminalShowsALineThatMovesAndGoes() async throws {
        let ticks = Mutex(0)
        let daemon = try PlayedDaemon { method, _ in
            guard method == "connectedAccounts.waitForConnection" else { return Played.link }
            return ticks.withLock { $0 } > 2 ? Played.account() : Played.pending
        }
        var person = Person.absent
        person.sleep = { _ in
            if ticks.withLock({ ticks in
                ticks += 1
                return ticks > 2
            }) {
                await untilCancelled()
                throw CancellationError()
            }
        }
        let run = await Run(
            ["connect", "ac_1", "--socket", daemon.path], width: 80, person: person, hasErrorTerminal: true)
        let line = "Waiting for your consent; the link lives for 10 min"
        #expect(run.status == 0)
        #expect(
            run.errors.hasSuffix(
                "\r| \(line)\r/ \(line)\r- \(line)\r" + String(repeating: " ", count: line.count + 2) + "\r"))
    }

    @Test func withoutATerminalNothingMoves() async throws {
        let daemon = try Played.daemon()
        let run = await Run(["connect", "ac_1", "--socket", daemon.path])
        #expect(!run.errors.contains("\r"))
    }

    @Test func aProgressLineFitsAndCoversTheOneBefore() {
        var line = ProgressLine(width: 10)
        #expect(line.next("123456789") == "\r| 123456…")
        #expect(line.next("1") == "\r/ 1      ")
        #expect(line.end() == "\r   \r")
        #expect(line.end() == "\r\r")
    }
}
