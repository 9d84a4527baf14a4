import Foundation
import Subprocess
import SystemPackage
import Testing

/// The daemon against the real things: systemd as process 1, a real OAuth server, socat, processes of other users.
///
/// Each test is a script in `Scripts` that can be run by hand; it prints what it sees and fails at the first thing that is not so.
/// They need root and a few programs, so they run only when asked for: `PURSER_SYSTEM_TESTS=1 swift test --filter SystemTests`.
@Suite(
    "System tests",
    .serialized,
    .enabled(
        if: ProcessInfo.processInfo.environment["PURSER_SYSTEM_TESTS"] != nil,
        "they need root and real servers; PURSER_SYSTEM_TESTS=1 runs them")
)
struct SystemTests {
    struct Script: CustomTestStringConvertible, Sendable {
        let name: String
        let truth: String

        var testDescription: String { truth }
    }

    static let scripts = [
        Script(name: "keeps-tokens-alive", truth: "50 connections stay alive at a server with one-use refresh tokens"),
        Script(
            name: "one-refresh-at-expiry",
            truth: "200 callers at the moment of expiry cause one token request each connection"),
        Script(name: "provider-stops", truth: "a stopped provider delays no living token, and all recovers after it"),
        Script(name: "link-accounts", truth: "accounts are connected, paused and ended at a real OAuth server"),
        Script(
            name: "link-by-device",
            truth: "an account is connected by a code that its user types in elsewhere, and is as any other then"),
        Script(
            name: "wait-is-prompt", truth: "whoever waits for a connection is told within 50 ms of the browser's return"
        ),
        Script(
            name: "events-arrive",
            truth: "subscribers are told what happens to the accounts that they may see, and no others"),
        Script(
            name: "nothing-stays-in-memory",
            truth: "the daemon's memory, log and answers hold no code, verifier, state or dead token after use"),
        Script(name: "other-users", truth: "other users see nothing, and cannot tell what exists"),
        Script(name: "garbage", truth: "garbage on the socket disturbs nobody"),
        Script(
            name: "callback-page",
            truth: "the page after consent is right in a real browser, and leaves no code behind"),
        Script(
            name: "systemd-unit", truth: "the shipped units work under a real systemd, sandbox and watchdog included"),
        Script(
            name: "hangs-are-ended",
            truth: """
                whichever part hangs alone, there is another daemon within WatchdogSec, with every token; a journal that hangs \
                disturbs nobody
                """),
        Script(name: "writes-no-file", truth: "the daemon writes no file, from its start to its stop"),
        Script(
            name: "survives-crashes",
            truth: "kill -9 loses no account, and a restart fails no call"),
        Script(
            name: "answers-outlive-the-process",
            truth: """
                an answer that is on its way when the process ends is the next one's, and no token is presented twice
                """),
        Script(
            name: "ready-at-once",
            truth: "a thousand connections are there again within 100 ms of exec, after kill -9 and a restart"),
        Script(
            name: "reads-other-vaults",
            truth: """
                a vault of another version goes on, and those that cannot be read are set aside and told, as many as leave room
                """),
        Script(name: "survives-reboot", truth: "accounts that are exported at each stop go on at the next start"),
    ]

    @Test("With real programs", .timeLimit(.minutes(20)), arguments: scripts)
    func holds(_ script: Script) async throws {
        try #require(geteuid() == 0, "the system tests need root")
        let directory = URL(filePath: #filePath).deletingLastPathComponent()
        let result = try await run(
            .path("/bin/bash"),
            arguments: [directory.appending(path: "Scripts/\(script.name)").path],
            environment: .inherit.updating(["PURSERD": Self.daemon]),
            output: .currentStandardOutput, error: .currentStandardError)
        #expect(result.terminationStatus.isSuccess, "\(script.name) failed; what it printed says where")
    }

    /// The daemon under test: as given, else the release build, else the debug build.
    private static var daemon: String {
        if let given = ProcessInfo.processInfo.environment["PURSERD"] { return given }
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let builds = ["release", "debug"].map { root.appending(path: ".build/\($0)/purserd").path }
        return builds.first { FileManager.default.isExecutableFile(atPath: $0) } ?? builds[0]
    }
}
