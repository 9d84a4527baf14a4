import Foundation
import PurserClient
import Testing

@testable import PurserCommand

/// `purser export`: what is written, and that it is there whole or not at all.
@Suite(.timeLimit(.minutes(1)))
struct ExportCommandTests {
    private static func page(_ lines: [String], next: String?) -> String {
        let cursor = next.map { "\"\($0)\"" } ?? "null"
        let texts = lines.map { "\"\($0)\"" }.joined(separator: ",")
        return #"{"exportedAt":"2026-06-01T00:00:00Z","connections":2,"lines":[\#(texts)],"nextCursor":\#(cursor)}"#
    }

    private static func pagingDaemon() throws -> PlayedDaemon {
        try PlayedDaemon { method, before in
            guard method == "daemon.export" else { return nil }
            return before == 0
                ? page(["purser-export/1 c2FsdA==", "AAAA"], next: "x.2") : page(["BBBB"], next: nil)
        }
    }

    /// A directory that is gone with the test.
    private final class Folder {
        let path: String

        init() throws {
            let url = FileManager.default.temporaryDirectory.appending(path: "purser-export-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
            path = url.path
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] }
    }

    @Test func allPagesAreInTheFileWhichOnlyItsOwnerReads() async throws {
        let (daemon, folder) = (try Self.pagingDaemon(), try Folder())
        let file = "\(folder.path)/accounts.export"
        let run = await Run(["export", file, "--socket", daemon.path])
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.hasPrefix("2 connections are in \(file), sealed.\n"))
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "purser-export/1 c2FsdA==\nAAAA\nBBBB\n")
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(folder.names == ["accounts.export"])
        #expect(
            daemon.requests == [#"daemon.export {"timeoutMs":10000}"#, #"daemon.export {"cursor":"x.2"}"#])
    }

    @Test func anOlderFileIsReplaced() async throws {
        let (daemon, folder) = (try Self.pagingDaemon(), try Folder())
        let file = "\(folder.path)/accounts.export"
        try "of yesterday".write(toFile: file, atomically: false, encoding: .utf8)
        let run = await Run(["export", "--wait", "0", file, "--json", "--socket", daemon.path])
        #expect(run.status == 0 && run.output == "{\"connections\":2}\n")
        #expect(try String(contentsOfFile: file, encoding: .utf8).hasPrefix("purser-export/1 "))
        #expect(daemon.requests.first == #"daemon.export {"timeoutMs":0}"#)
    }

    @Test func standardOutputHasTheExportAndNothingElse() async throws {
        let daemon = try Self.pagingDaemon()
        let run = await Run(["export", "-", "--socket", daemon.path])
        #expect(run.status == 0 && run.output == "purser-export/1 c2FsdA==\nAAAA\nBBBB\n")
    }

    @Test func aRefusalLeavesTheOlderFileAndNoOther() async throws {
        let refusal =
            #"{"error":{"code":-32014,"message":"the configuration has no usable key","data":{"code":"NOT_CONFIGURED"}}}"#
        let (daemon, folder) = (try PlayedDaemon(["daemon.export": refusal]), try Folder())
        let file = "\(folder.path)/accounts.export"
        try "of yesterday".write(toFile: file, atomically: false, encoding: .utf8)
        let run = await Run(["export", file, "--socket", daemon.path])
        #expect(run.status == 1 && run.errors.contains("the configuration has no usable key"))
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "of yesterday")
        #expect(folder.names == ["accounts.export"])
    }

    @Test func whereNothingCanBeWrittenTheDaemonIsNotAsked() async throws {
        let (daemon, folder) = (try Self.pagingDaemon(), try Folder())
        let run = await Run(["export", "\(folder.path)/none/accounts.export", "--socket", daemon.path])
        #expect(run.status == 2 && run.errors.contains("cannot be written"))
        #expect(daemon.requests.isEmpty)
    }

    @Test(arguments: [["export"], ["export", ""], ["export", "f", "--wait", "61"], ["export", "f", "--wait", "-1"]])
    func aWrongCommandLineIsRefused(_ arguments: [String]) async {
        #expect(await Run(arguments).status == 2)
    }
}
